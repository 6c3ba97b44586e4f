-- migrate:up

-- RFC 7396: a field that is missing stays, null clears one that may be null, any other value replaces. The same function
-- makes a new task, out of the empty one, and changes an old one; the table's constraints judge the outcome.

set local role task_owner;

create function app.merge_task(task app.tasks, patch jsonb) returns app.tasks
language plpgsql stable parallel safe
set search_path = ''
as $$
begin
  if patch ? 'title' then
    task.title := app.trim_text(app.read_text(patch, 'title'));
  end if;
  if patch ? 'description' then
    task.description := app.read_text(patch, 'description');
  end if;
  if patch ? 'completed' then
    task.completed := app.read_boolean(patch, 'completed');
  end if;
  if patch ? 'priority' then
    task.priority := initcap(app.read_text(patch, 'priority'));
  end if;
  if patch ? 'tags' then
    task.tags := app.read_tags(patch, 'tags');
  end if;
  if patch ? 'due_date' then
    task.due_date := app.read_time(patch, 'due_date');
  end if;
  if patch ? 'reminder_at' then
    task.reminder_at := app.read_time(patch, 'reminder_at');
  end if;
  if patch ? 'is_recurring' then
    task.is_recurring := app.read_boolean(patch, 'is_recurring');
  end if;
  if patch ? 'recurrence_rule' then
    task.recurrence_rule := app.read_text(patch, 'recurrence_rule');
  end if;
  if patch ? 'timezone' then
    task.timezone := app.read_text(patch, 'timezone');
  end if;
  return task;
end $$;

comment on function app.merge_task(app.tasks, jsonb) is
  'The task with the fields of the patch; raises DT400 where one has the wrong type. Other members of the patch are left alone.';

create function app.empty_task() returns app.tasks
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  v_task app.tasks;
begin
  v_task.completed := false;
  v_task.priority := 'Medium';
  v_task.tags := '{}';
  v_task.is_recurring := false;
  v_task.series_index := 1;
  return v_task;
end $$;

comment on function app.empty_task() is 'What a new task is before anything is said of it: the table''s defaults.';

create function app.task_fields() returns text[]
language sql immutable parallel safe
-- The last four are ignored, so that what was read can be sent back.
return array[
  'title', 'description', 'completed', 'priority', 'tags', 'due_date', 'reminder_at', 'is_recurring', 'recurrence_rule',
  'timezone', 'id', 'user_id', 'created_at', 'updated_at'];

comment on function app.task_fields() is 'The fields that the body of a task may have.';

grant execute on function app.merge_task(app.tasks, jsonb), app.empty_task(), app.task_fields() to task_api;

reset role;

-- migrate:down

set local role task_owner;
drop function app.task_fields();
drop function app.empty_task();
drop function app.merge_task(app.tasks, jsonb);
reset role;
