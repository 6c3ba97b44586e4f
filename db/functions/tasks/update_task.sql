-- The service's own writes wait for each other (lock_user), so the task is as it was read, unless somebody
-- changes it by direct SQL at the same time.

create or replace function app.update_task(old app.tasks, new app.tasks) returns app.tasks
language plpgsql volatile
set search_path = ''
as $$
begin
  new.version := keeper.take_number(old, new);
  new.updated_at := app.time_of(new.version);
  update app.tasks as task
  set title = new.title, description = new.description, completed = new.completed, priority = new.priority,
    tags = new.tags, due_date = new.due_date, reminder_at = new.reminder_at, is_recurring = new.is_recurring,
    recurrence_rule = new.recurrence_rule, timezone = new.timezone, series_start = new.series_start,
    series_index = new.series_index, version = new.version, updated_at = new.updated_at
  where task.user_id = old.user_id and task.id = old.id and task.version = old.version;
  if not found then
    raise exception 'the task was changed by direct SQL meanwhile' using errcode = '40001';
  end if;
  return new;
end $$;

comment on function app.update_task is
  'Writes the new state of a task, with the next number as its version; raises 40001 where the old state is '
  'not there any more.';

grant execute on function app.update_task to task_api;
