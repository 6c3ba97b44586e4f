-- The next task of a series, made in the transaction that completes the one before it. save_task calls it.

create or replace function app.insert_successor(task app.tasks, next jsonb) returns app.tasks
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

comment on function app.insert_successor is
  'Inserts the next task of a series, after a recurring task is completed.';

grant execute on function app.insert_successor to task_api;
