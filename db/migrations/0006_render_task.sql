-- migrate:up

-- The JSON of a task, in the one place where its form is decided: names, order, and how times are written. One expression,
-- so that it becomes part of the query that calls it.

set local role task_owner;

create type app.task_document as (
  id uuid,
  user_id text,
  title text,
  description text,
  completed boolean,
  priority text,
  tags text[],
  due_date text,
  reminder_at text,
  is_recurring boolean,
  recurrence_rule text,
  timezone text,
  created_at text,
  updated_at text
);

comment on type app.task_document is 'A task as a client reads it; times are text.';

create function app.render_time(moment timestamptz) returns text
language sql stable parallel safe
-- A fraction of a second only where there is one.
return replace((moment at time zone 'UTC')::text, ' ', 'T') || 'Z';

comment on function app.render_time(timestamptz) is 'A time of RFC 3339 in UTC.';

create function app.render_task(task app.tasks) returns text
language sql stable parallel safe
return row_to_json(row(
  task.id, task.user_id, task.title, task.description, task.completed, task.priority, task.tags,
  app.render_time(task.due_date), app.render_time(task.reminder_at), task.is_recurring, task.recurrence_rule, task.timezone,
  app.render_time(task.created_at), app.render_time(task.updated_at)
)::app.task_document)::text;

comment on function app.render_task(app.tasks) is 'A task as the JSON that a client reads.';

grant execute on function app.render_time(timestamptz), app.render_task(app.tasks) to task_api;

reset role;

-- migrate:down

set local role task_owner;
drop function app.render_task(app.tasks);
drop function app.render_time(timestamptz);
drop type app.task_document;
reset role;
