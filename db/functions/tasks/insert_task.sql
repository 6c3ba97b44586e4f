-- The one insert of tasks. user_id is written by its default. Nothing is returned by the insert, which would
-- read the row under its policies: the task is what was inserted, but for title_key.

create or replace function app.insert_task(task app.tasks) returns app.tasks
language plpgsql volatile
set search_path = ''
as $$
begin
  -- The number is taken for the task as it is going to be: a webhook may be sent it.
  task.user_id := app.user_id();
  task.id := coalesce(task.id, gen_random_uuid());
  task.created_at := null;
  task.version := keeper.take_number(null, task);
  task.created_at := app.time_of(task.version);
  task.updated_at := task.created_at;
  insert into app.tasks (
    id, title, description, completed, priority, tags, due_date, reminder_at, is_recurring, recurrence_rule,
    timezone, created_at, updated_at, version, predecessor_id, series_start, series_index)
  values (
    task.id, task.title, task.description, task.completed, task.priority, task.tags,
    task.due_date, task.reminder_at, task.is_recurring, task.recurrence_rule, task.timezone, task.created_at,
    task.updated_at, task.version, task.predecessor_id, task.series_start, task.series_index);
  return task;
end $$;

comment on function app.insert_task is
  'Inserts a task for the user; raises 23505 where the user has one with its id.';

grant execute on function app.insert_task to task_api;
