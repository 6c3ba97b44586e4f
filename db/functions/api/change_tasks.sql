-- POST /tasks/batch. All or nothing costs no savepoint: whatever an operation raises undoes the statement,
-- and find_batch_faults finds the rest. Each by itself has a savepoint for each operation.
--
-- answers: by the place of the operation, see run_operation and try_operation. problems: the problem document
-- of each SQLSTATE that an operation may fail with.

create or replace function api.change_tasks(
  body jsonb, lenient boolean, separately boolean, careful boolean, minimal boolean, answers jsonb,
  problems jsonb, idempotency_key text,
  out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  -- A kept answer may not be longer.
  c_max_kept constant integer := 262144;
  v_operations constant jsonb := body -> 'operations';
  v_request text;
  v_operation jsonb;
  v_answer jsonb;
  v_done record;
  v_questions jsonb := '{}';
  v_results text[] := '{}';
  v_deleted uuid;
  v_all_deleted uuid[] := '{}';
  v_kept text;
begin
  perform app.require_user_id();
  if idempotency_key is not null then
    v_request := concat_ws(' ', 'change', app.hash_body(body));
    select * into status, headers, response from app.recall_answer(idempotency_key, v_request);
    if status is not null then
      return;
    end if;
  end if;

  perform app.check_batch(body, lenient);
  perform app.lock_user();
  for v_place in 0 .. jsonb_array_length(v_operations) - 1 loop
    v_operation := v_operations -> v_place;
    v_answer := answers -> v_place::text;
    -- After a question nothing is going to stay, and what fails may do so for want of its answer.
    if separately or v_questions <> '{}' then
      v_done := app.try_operation(v_operation, v_place, lenient, careful, v_answer);
    else
      if app.find_operation_faults(v_operation, lenient) <> '[]' then
        perform app.refuse('operations', 'operation', 'has errors');
      end if;
      v_done := app.run_operation(v_operation, lenient, careful, v_answer);
    end if;
    if v_done.status = 204 then
      v_all_deleted := v_all_deleted || (v_operation ->> 'id')::uuid;
    end if;
    if v_done.status is not null then
      v_results := v_results
        || app.render_result(v_done.status, v_done.headers, case when not minimal then v_done.response end);
    elsif v_done.response is not null then
      v_questions := v_questions || jsonb_build_object(v_place, v_done.response::jsonb);
    else
      v_results := v_results || app.render_refusal(v_done.code, v_done.faults, problems);
    end if;
  end loop;
  if v_questions <> '{}' then
    raise exception 'the batch has questions' using errcode = 'DT100', detail = v_questions::text;
  end if;

  status := 200;
  headers := case
    when minimal and separately then array['preference-applied', 'return=minimal, handling=lenient']
    when minimal then array['preference-applied', 'return=minimal']
    when separately then array['preference-applied', 'handling=lenient']
    else '{}' end;
  response := concat('{"results":[', array_to_string(v_results, ','), ']}');

  if idempotency_key is not null then
    if octet_length(response) > c_max_kept then
      raise exception 'the answer is too long to be kept' using errcode = 'DT400', detail = jsonb_build_array(
        jsonb_build_object(
          'loc', array['header', 'Idempotency-Key'], 'type', 'answer_too_long',
          'msg',
          'needs an answer of at most 256 KiB here; send Prefer: return=minimal, or fewer operations'))::text;
    end if;
    v_kept := response;
    foreach v_deleted in array v_all_deleted loop
      v_kept := app.redact_answer(v_kept, v_deleted);
    end loop;
    perform app.remember_answer(idempotency_key, v_request, status, headers, v_kept);
  end if;
end $$;

comment on function api.change_tasks is
  'Does the operations of a batch in order, all or none or, separately, each by itself; raises DT100 with '
  'the questions about rules, by the place of the operation.';

grant execute on function api.change_tasks to task_api;
