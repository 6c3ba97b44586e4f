-- The JSON of a task, in the one place where its form is decided: names, order, and how times are written.
-- One expression, so that it becomes part of the query that calls it.

create or replace function app.render_task(task app.tasks) returns text
language sql stable parallel safe
return row_to_json(row(
  task.id, task.user_id, task.title, task.description, task.completed, task.priority, task.tags,
  app.render_time(task.due_date), app.render_time(task.reminder_at), task.is_recurring, task.recurrence_rule,
  task.timezone,
  app.render_time(task.created_at), app.render_time(task.updated_at)
)::app.task_document)::text;

comment on function app.render_task is 'A task as the JSON that a client reads.';

grant execute on function app.render_task to task_api, task_worker, task_keeper;
