-- A rule that is only being tried, read as the same fields of a task are.

create or replace function api.read_series(body jsonb, lenient boolean) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_known constant text[] := array['due_date', 'recurrence_rule', 'timezone', 'limit'];
  v_limit integer;
  v_member record;
  v_task app.tasks := app.empty_task();
  v_bad text[] := '{}';
  v_fault jsonb;
  v_faults jsonb := '[]';
  -- Reported last, because only the first 20 errors are reported.
  v_unknown jsonb := '[]';
  v_type text;
  v_message text;
begin
  perform app.require_user_id();
  if jsonb_typeof(body) <> 'object' then
    perform app.refuse(
      '', 'object_type', 'must be a JSON object, for example {"recurrence_rule": "FREQ=DAILY"}');
  end if;
  perform app.refuse_unknown_fields(body, v_known, true);
  for v_member in select field, value from jsonb_each(body) as member (field, value) loop
    begin
      perform app.refuse_unknown_fields(jsonb_build_object(v_member.field, v_member.value), v_known, lenient);
      if v_member.field = 'limit' then
        v_limit := app.read_integer(body, 'limit', 1, 100);
      elsif v_member.field in ('due_date', 'recurrence_rule', 'timezone') then
        v_task := app.merge_task(v_task, jsonb_build_object(v_member.field, v_member.value));
      end if;
    exception when sqlstate 'DT400' then
      get stacked diagnostics v_message = message_text, v_type = constraint_name;
      v_bad := v_bad || v_member.field;
      v_fault := jsonb_build_object(
        'loc', array['body', left(v_member.field, 100)], 'msg', v_message, 'type', v_type);
      if v_type = 'unknown_field' then
        v_unknown := v_unknown || v_fault;
      else
        v_faults := v_faults || v_fault;
      end if;
    end;
  end loop;
  if body -> 'recurrence_rule' = 'null' or not body ? 'recurrence_rule' then
    v_faults := v_faults || jsonb_build_object(
      'loc', array['body', 'recurrence_rule'],
      'msg', 'is required, for example FREQ=WEEKLY;BYDAY=MO', 'type', 'missing');
  end if;

  v_faults := v_faults || app.find_rule_faults(v_task, v_bad) || v_unknown;

  return jsonb_build_object(
    'recurrence_rule', v_task.recurrence_rule,
    'timezone', v_task.timezone,
    'is_local', 'due_date' = any(app.local_times(body)),
    'due_date', case when v_faults = '[]' then v_task.due_date at time zone 'UTC' end,
    'limit', v_limit,
    'faults', v_faults);
end $$;

comment on function api.read_series is
  'The due_date, recurrence_rule, timezone and limit of a body, and its errors; is_local: the due_date has '
  'no offset. The service computes the meaning of the rule and the zone.';

grant execute on function api.read_series to task_api;
