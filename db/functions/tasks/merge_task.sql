-- RFC 7396: a field that is missing stays, null clears one that may be null, any other value replaces. The
-- same function makes a new task, out of the empty one, and changes an old one; the table's constraints judge
-- the outcome.

create or replace function app.merge_task(task app.tasks, patch jsonb) returns app.tasks
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

comment on function app.merge_task is
  'The task with the fields of the patch; raises DT400 where one has the wrong type. Other members of the '
  'patch are left alone.';

grant execute on function app.merge_task to task_api;
