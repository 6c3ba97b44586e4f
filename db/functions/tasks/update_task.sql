-- A change is written on condition that the version is still the one that was read: see read_task.

create or replace function app.update_task(old app.tasks, new app.tasks) returns app.tasks
language plpgsql volatile
set search_path = ''
as $$
begin
  new.version := old.version + 1;
  new.updated_at := greatest(now(), old.updated_at + interval '1 microsecond');
  update app.tasks as task
  set title = new.title, description = new.description, completed = new.completed, priority = new.priority,
    tags = new.tags, due_date = new.due_date, reminder_at = new.reminder_at, is_recurring = new.is_recurring,
    recurrence_rule = new.recurrence_rule, timezone = new.timezone, series_start = new.series_start,
    series_index = new.series_index, version = new.version, updated_at = new.updated_at
  where task.user_id = old.user_id and task.id = old.id and task.version = old.version;
  return case when found then new end;
end $$;

comment on function app.update_task is
  'Writes the new state of a task, and moves its version and updated_at; null where it has changed from the old state meanwhile.';

grant execute on function app.update_task to task_api;
