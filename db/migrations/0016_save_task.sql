-- migrate:up

-- Every write of a task goes through these. What a rule means is computed by the service (RFC 5545), and no transaction may
-- be open meanwhile. So save_task changes nothing where it lacks an answer, and returns the question instead; the service
-- calls again with the answer and the premises that it was found from, and it counts only where they still hold.

set local role task_owner;

create function app.insert_task(task app.tasks) returns app.tasks
language plpgsql volatile
set search_path = ''
as $$
begin
  insert into app.tasks (
    id, title, description, completed, priority, tags, due_date, reminder_at, is_recurring, recurrence_rule, timezone,
    predecessor_id, series_start, series_index)
  values (
    coalesce(task.id, gen_random_uuid()), task.title, task.description, task.completed, task.priority, task.tags,
    task.due_date, task.reminder_at, task.is_recurring, task.recurrence_rule, task.timezone,
    task.predecessor_id, task.series_start, task.series_index)
  returning * into task;
  return task;
end $$;

comment on function app.insert_task(app.tasks) is 'Inserts a task for the user; raises 23505 where the user has one with its id.';

create function app.insert_successor(task app.tasks, next jsonb) returns app.tasks
language plpgsql volatile
set search_path = ''
as $$
begin
  task.predecessor_id := task.id;
  task.id := null;
  task.completed := false;
  task.due_date := (next ->> 'due_date')::timestamptz;
  task.reminder_at := (next ->> 'reminder_at')::timestamptz;
  task.series_start := (next ->> 'series_start')::timestamptz;
  task.series_index := (next ->> 'series_index')::integer;
  return app.insert_task(task);
end $$;

comment on function app.insert_successor(app.tasks, jsonb) is 'Inserts what comes after a recurring task that is completed.';

create function app.find_successor(user_id text, id uuid) returns app.tasks
language plpgsql stable
set search_path = ''
as $$
declare
  v_successor app.tasks;
begin
  select * into v_successor from app.tasks as task
  where task.user_id = find_successor.user_id and task.predecessor_id = find_successor.id;
  return v_successor;
end $$;

comment on function app.find_successor(text, uuid) is 'The task that the completion of this one made, or null.';

create function app.update_task(old app.tasks, new app.tasks) returns app.tasks
language plpgsql volatile
set search_path = ''
as $$
begin
  new.version := old.version + 1;
  new.updated_at := greatest(now(), old.updated_at + interval '1 microsecond');
  -- Title, description and tags are left out where they stay, or what is made of them would be made again.
  if (new.title, new.description, new.tags) is distinct from (old.title, old.description, old.tags) then
    update app.tasks as task
    set title = new.title, description = new.description, tags = new.tags,
      completed = new.completed, priority = new.priority, due_date = new.due_date, reminder_at = new.reminder_at,
      is_recurring = new.is_recurring, recurrence_rule = new.recurrence_rule, timezone = new.timezone,
      series_start = new.series_start, series_index = new.series_index, version = new.version, updated_at = new.updated_at
    where task.user_id = old.user_id and task.id = old.id and task.version = old.version;
  else
    update app.tasks as task
    set completed = new.completed, priority = new.priority, due_date = new.due_date, reminder_at = new.reminder_at,
      is_recurring = new.is_recurring, recurrence_rule = new.recurrence_rule, timezone = new.timezone,
      series_start = new.series_start, series_index = new.series_index, version = new.version, updated_at = new.updated_at
    where task.user_id = old.user_id and task.id = old.id and task.version = old.version;
  end if;
  return case when found then new end;
end $$;

comment on function app.update_task(app.tasks, app.tasks) is
  'Writes the new state of a task, and moves its version and updated_at; null where it has changed from the old state meanwhile.';

create function app.save_task(
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

comment on function app.save_task(app.tasks, app.tasks, boolean, jsonb) is
  'Writes a task, and with its completion the successor. Nothing is done where the answer lacks something: then the question, and '
  'nothing where the task has changed from the old state meanwhile: then all nulls.';

grant execute on function
  app.insert_task(app.tasks), app.insert_successor(app.tasks, jsonb), app.find_successor(text, uuid),
  app.update_task(app.tasks, app.tasks), app.save_task(app.tasks, app.tasks, boolean, jsonb)
  to task_api;

reset role;

-- migrate:down

set local role task_owner;
drop function app.save_task(app.tasks, app.tasks, boolean, jsonb);
drop function app.update_task(app.tasks, app.tasks);
drop function app.find_successor(text, uuid);
drop function app.insert_successor(app.tasks, jsonb);
drop function app.insert_task(app.tasks);
reset role;
