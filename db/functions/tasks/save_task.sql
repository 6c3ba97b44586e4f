-- Every write of a task goes through this function. What a rule means is computed by the service (RFC 5545),
-- and no transaction may be open meanwhile. So where save_task lacks an answer that depends on what is
-- stored, it saves nothing and returns the question; the service calls again with the answer, which counts
-- while the task has the version that the answer was computed from.
--
-- body has the fields that a client wrote. A time without an offset is read as UTC at first; the answer has
-- what it means in the zone.
--
-- Most tasks have neither rule nor zone: for them nothing is asked.
--
-- The answer: due_date and reminder_at, in UTC, where they have no offset; timezone and recurrence_rule, in
-- normal form, where the body has them; checked, where the rule was checked against a due date and a zone
-- that are the body's; next, the successor; version, that of the task in the question.

create or replace function app.save_task(
  old app.tasks, new app.tasks, catch_up boolean, body jsonb, answer jsonb,
  out task app.tasks, out successor app.tasks, out question jsonb)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_current boolean;
  v_completes boolean := false;
  v_local_times text[];
  v_asked text[];
  -- The next occurrence is asked for when they are.
  v_times_known boolean;
begin
  if coalesce(new.recurrence_rule, new.timezone, old.recurrence_rule, old.timezone) is not null then
    v_current := coalesce(
      answer ? 'version' and (answer ->> 'version')::bigint is not distinct from old.version, false);
    v_completes := new.completed and not coalesce(old.completed, true)
      and new.is_recurring and new.recurrence_rule is not null;
    v_asked := '{}';
    -- As they are stored: a rule in upper case, without "RRULE:"; a zone as the tz database spells it.
    new.recurrence_rule := coalesce(answer ->> 'recurrence_rule', new.recurrence_rule);
    new.timezone := coalesce(answer ->> 'timezone', new.timezone);
    if new.timezone is not null then
      v_local_times := app.local_times(body);
      if 'due_date' = any(v_local_times) then
        if (answer ? 'due_date' and (v_current or answer ? 'timezone')) is true then
          new.due_date := coalesce((answer ->> 'due_date')::timestamptz, new.due_date);
        else
          v_asked := v_asked || 'due_date'::text;
        end if;
      end if;
      if 'reminder_at' = any(v_local_times) then
        if (answer ? 'reminder_at' and (v_current or answer ? 'timezone')) is true then
          new.reminder_at := coalesce((answer ->> 'reminder_at')::timestamptz, new.reminder_at);
        else
          v_asked := v_asked || 'reminder_at'::text;
        end if;
      end if;
    end if;
    v_times_known := v_asked = '{}';
    if (new.due_date, new.recurrence_rule, new.timezone)
      is distinct from (old.due_date, old.recurrence_rule, old.timezone)
    then
      new.series_start := null;
      new.series_index := 1;
    end if;

    if new.timezone is distinct from old.timezone and new.timezone is not null
      and (answer ? 'timezone') is not true
    then
      v_asked := v_asked || 'timezone'::text;
    end if;
    if new.recurrence_rule is distinct from old.recurrence_rule and new.recurrence_rule is not null
      and (answer ? 'recurrence_rule' and (v_current or answer @> '{"checked": true}')) is not true
    then
      v_asked := v_asked || 'recurrence_rule'::text;
    end if;
    if v_completes and v_times_known then
      successor := app.find_successor(old.user_id, old.id);
      if successor.id is null and (answer ? 'next' and v_current) is not true then
        v_asked := v_asked || 'next'::text;
      end if;
    end if;
    if v_asked <> '{}' then
      question := jsonb_build_object(
        'asked', v_asked,
        'version', old.version,
        'recurrence_rule', new.recurrence_rule,
        'timezone', new.timezone,
        'due_date', new.due_date at time zone 'UTC',
        'reminder_at', new.reminder_at at time zone 'UTC',
        'series_start', coalesce(new.series_start, new.due_date) at time zone 'UTC',
        'series_index', new.series_index,
        'catch_up', catch_up);
      return;
    end if;
  end if;

  if old.id is null then
    task := app.insert_task(new);
  elsif new is not distinct from old then
    task := old;
  else
    task := app.update_task(old, new);
  end if;
  if v_completes and successor.id is null and jsonb_typeof(answer -> 'next') = 'object' then
    successor := app.insert_successor(task, answer -> 'next');
  end if;
  if old.completed and not new.completed then
    -- Reopened: its successor goes, if nobody has touched it.
    delete from app.tasks as next
    where next.user_id = old.user_id and next.predecessor_id = old.id and next.updated_at = next.created_at;
  end if;
end $$;

comment on function app.save_task is
  'Writes a task, and with its completion the successor. Where the answer lacks something, it writes nothing '
  'and returns the question.';

grant execute on function app.save_task to task_api;
