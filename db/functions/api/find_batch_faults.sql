-- The error path of change_tasks, as find_task_faults is that of one task: each operation is tried in a
-- savepoint, so that all errors of all operations are found, and then everything is undone.

create or replace function api.find_batch_faults(
  body jsonb, lenient boolean, careful boolean, answers jsonb, problems jsonb)
returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  c_max_errors constant integer := 20;
  v_operations constant jsonb := body -> 'operations';
  v_operation jsonb;
  v_id text;
  v_done record;
  v_code text;
  v_faults jsonb := '[]';
  v_questions jsonb := '{}';
  -- Tasks that are not as they would be: what else fails with them says nothing new.
  v_doubtful text[] := '{}';
begin
  perform app.require_user_id();
  perform app.check_batch(body, lenient);
  perform app.lock_user();
  begin
    for v_place in 0 .. jsonb_array_length(v_operations) - 1 loop
      v_operation := v_operations -> v_place;
      v_done := app.try_operation(v_operation, v_place, lenient, careful, answers -> v_place::text);
      continue when v_done.status is not null;
      v_id := case when v_done.code is null or v_done.code <> 'DT400'
        or jsonb_typeof(v_operation -> 'id') = 'string'
        then lower(replace(left(v_operation ->> 'id', 40), '-', '')) end;
      if v_done.code is null then
        v_questions := v_questions || jsonb_build_object(v_place, v_done.response::jsonb);
      elsif v_done.code = 'DT400' or (v_id = any(v_doubtful)) is not true then
        v_code := coalesce(v_code, v_done.code);
        v_faults := v_faults || case
          when v_done.code = 'DT400' then v_done.faults
          else jsonb_set(
            v_done.faults, '{0}', v_done.faults -> 0 || jsonb_build_object(
              'msg', problems -> v_done.code -> 'detail',
              'type', replace(split_part(problems -> v_done.code ->> 'type', '/', 3), '-', '_')))
          end;
      end if;
      v_doubtful := array_append(v_doubtful, v_id);
      exit when jsonb_array_length(v_faults) >= c_max_errors;
    end loop;
    raise exception 'only errors were looked for' using errcode = 'DT100';
  exception when sqlstate 'DT100' then
    null;
  end;
  return jsonb_build_object('code', v_code, 'faults', v_faults, 'questions', v_questions);
end $$;

comment on function api.find_batch_faults is
  'All errors of a batch that was refused, {"code": SQLSTATE of the first, "faults": […], "questions": {…}}. '
  'It changes nothing.';

grant execute on function api.find_batch_faults to task_api;
