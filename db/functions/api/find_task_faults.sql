-- The error path. A write stops at its first error. Then this function finds all of them: it tries each field
-- alone, and checks the outcome against each constraint of the table. The messages are the comments on the
-- constraints.

create or replace function api.find_task_faults(body jsonb, id uuid, lenient boolean, answer jsonb)
returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_task app.tasks := app.empty_task();
  v_member record;
  v_message text;
  v_rule text;
  v_bad text[] := '{}';
  v_fault jsonb;
  v_faults jsonb := '[]';
  -- Reported last, because only the first 20 errors are reported.
  v_unknown jsonb := '[]';
begin
  -- No object, or too many members: then this is the only error.
  perform app.refuse_unknown_fields(body, app.task_fields(), true);
  select * into v_task from app.tasks as task where task.user_id = v_user and task.id = find_task_faults.id;
  if not found and id is not null then
    raise exception 'no such task' using errcode = 'DT404';
  elsif not found then
    v_task := app.empty_task();
    body := '{"title": null}' || body;
  end if;

  for v_member in
    select field, value from jsonb_each(body) as member (field, value)
  loop
    begin
      perform app.refuse_unknown_fields(
        jsonb_build_object(v_member.field, v_member.value), app.task_fields(), lenient);
      v_task := app.merge_task(v_task, jsonb_build_object(v_member.field, v_member.value));
    exception when sqlstate 'DT400' or check_violation then
      get stacked diagnostics v_message = message_text, v_rule = constraint_name;
      v_bad := v_bad || v_member.field;
      if sqlstate = '23514' then
        v_message := (
          select obj_description(oid, 'pg_constraint') from pg_constraint
          where conname = v_rule and connamespace = 'app'::regnamespace);
        v_rule := split_part(v_message, ': ', 1);
        v_message := substring(v_message from ': (.*)');
      end if;
      v_fault := jsonb_build_object(
        'loc', array['body', left(v_member.field, 100)], 'msg', v_message, 'type', v_rule);
      if v_rule = 'unknown_field' then
        v_unknown := v_unknown || v_fault;
      else
        v_faults := v_faults || v_fault;
      end if;
    end;
  end loop;

  -- Times without an offset, in the zone; null, which is not judged, where the service has not said what they
  -- mean.
  if v_task.timezone is not null then
    if 'due_date' = any(app.local_times(body)) then
      v_task.due_date := case when answer ? 'due_date'
        then coalesce((answer ->> 'due_date')::timestamptz, v_task.due_date) end;
    end if;
    if 'reminder_at' = any(app.local_times(body)) then
      v_task.reminder_at := case when answer ? 'reminder_at'
        then coalesce((answer ->> 'reminder_at')::timestamptz, v_task.reminder_at) end;
    end if;
  end if;

  -- Null where a value must be.
  for v_member in
    select attribute.attname::text as field
    from pg_attribute as attribute
    where attribute.attrelid = 'app.tasks'::regclass and attribute.attnotnull
      and attribute.attname = any(array['title', 'completed', 'priority', 'is_recurring'])
      and attribute.attname <> all(v_bad)
      and to_jsonb(v_task) -> attribute.attname::text = 'null'
    order by attribute.attnum
  loop
    v_bad := v_bad || v_member.field;
    v_faults := v_faults || jsonb_build_object(
      'loc', array['body', v_member.field],
      'msg', case
        when v_member.field = 'title' then 'is required: a string of 1 to 200 characters'
        else 'must not be null'
      end,
      'type', case when v_member.field = 'title' then 'missing' else 'not_null' end);
  end loop;

  return v_faults || app.find_rule_faults(v_task, v_bad) || v_unknown;
end $$;

comment on function api.find_task_faults is
  'Every error of a body that was refused, as an array of {"loc", "msg", "type"}.';

grant execute on function api.find_task_faults to task_api;
