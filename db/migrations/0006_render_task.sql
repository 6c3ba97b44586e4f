-- migrate:up

-- The JSON of a task, in the one place where its form is decided. A view rather than a function: it becomes part of the
-- query that reads it. Its reader's own rights and row-level security apply (security_invoker).

set local role task_owner;

create view app.task_documents with (security_invoker = true) as
select
  task.user_id,
  task.id,
  task.version,
  row_to_json(document)::text as document
from app.tasks as task
cross join lateral (
  select
    task.id,
    task.user_id,
    task.title,
    task.description,
    task.completed,
    task.priority,
    task.tags,
    -- RFC 3339 in UTC; a fraction of a second only where there is one.
    replace((task.due_date at time zone 'UTC')::text, ' ', 'T') || 'Z' as due_date,
    replace((task.reminder_at at time zone 'UTC')::text, ' ', 'T') || 'Z' as reminder_at,
    task.is_recurring,
    task.recurrence_rule,
    task.timezone,
    replace((task.created_at at time zone 'UTC')::text, ' ', 'T') || 'Z' as created_at,
    replace((task.updated_at at time zone 'UTC')::text, ' ', 'T') || 'Z' as updated_at
) as document;

comment on view app.task_documents is 'Each task as the JSON that a client reads.';

reset role;

-- migrate:down

set local role task_owner;
drop view app.task_documents;
reset role;
