-- Every write of a task goes through this function. What a rule means is computed by the service (RFC 5545), and no transaction
-- may be open meanwhile. So save_task changes nothing where it lacks an answer, and returns the question instead; the service
-- calls again with the answer and the premises that it was computed from, and it counts only where they still hold.

create or replace function app.save_task(
  old app.tasks, new app.tasks, catch_up boolean, answer jsonb,
  out task app.tasks, out successor app.tasks, out question jsonb)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_rule constant text := new.recurrence_rule;
  v_timezone constant text := new.timezone;
  v_asked text[] := '{}';
  v_premises jsonb;
begin
  if v_rule = answer -> 'premises' ->> 'recurrence_rule' then
    -- As it is stored: in upper case, without "RRULE:".
    new.recurrence_rule := coalesce(answer ->> 'recurrence_rule', v_rule);
  end if;
  if v_timezone = answer -> 'premises' ->> 'timezone' then
    -- As the tz database spells it.
    new.timezone := coalesce(answer ->> 'timezone', v_timezone);
  end if;
  if (new.due_date, new.recurrence_rule, new.timezone) is distinct from (old.due_date, old.recurrence_rule, old.timezone) then
    new.series_start := null;
    new.series_index := 1;
  end if;

  if new.timezone is not null and new.timezone is distinct from old.timezone then
    v_asked := v_asked || 'timezone'::text;
  end if;
  if new.recurrence_rule is not null and new.recurrence_rule is distinct from old.recurrence_rule then
    v_asked := v_asked || 'recurrence_rule'::text;
  end if;
  if new.completed and not coalesce(old.completed, true) and new.is_recurring and new.recurrence_rule is not null then
    successor := app.find_successor(old.user_id, old.id);
    if successor.id is null then
      v_asked := v_asked || 'next'::text;
    end if;
  end if;
  if v_asked <> '{}' then
    v_premises := jsonb_build_object(
      'recurrence_rule', v_rule,
      'timezone', v_timezone,
      'due_date', new.due_date at time zone 'UTC',
      'reminder_at', new.reminder_at at time zone 'UTC',
      'series_start', coalesce(new.series_start, new.due_date) at time zone 'UTC',
      'series_index', new.series_index,
      'catch_up', catch_up);
    if not coalesce(answer ?& v_asked and v_premises @> (answer -> 'premises'), false) then
      question := jsonb_build_object('asked', v_asked, 'premises', v_premises);
      return;
    end if;
  end if;

  if old.id is null then
    task := app.insert_task(new);
  elsif new is not distinct from old then
    task := old;
  else
    task := app.update_task(old, new);
    if task.id is null then
      return;
    end if;
  end if;
  if 'next' = any(v_asked) and jsonb_typeof(answer -> 'next') = 'object' then
    successor := app.insert_successor(task, answer -> 'next');
  end if;
  if old.completed and not new.completed then
    -- Reopened: its successor goes, if nobody has touched it.
    delete from app.tasks as next
    where next.user_id = old.user_id and next.predecessor_id = old.id and next.updated_at = next.created_at;
  end if;
end $$;

comment on function app.save_task is
  'Writes a task, and with its completion the successor. Nothing is done where the answer lacks something: then the question, and '
  'nothing where the task has changed from the old state meanwhile: then all nulls.';

grant execute on function app.save_task to task_api;
