-- What app.merge_task reads from a body. Each is a column of app.tasks.

create or replace function app.writable_fields() returns text[]
language sql immutable parallel safe
return array[
  'title', 'description', 'completed', 'priority', 'tags', 'due_date', 'reminder_at', 'is_recurring',
  'recurrence_rule', 'timezone'];

comment on function app.writable_fields is 'The fields of a task that a client may write.';

grant execute on function app.writable_fields to task_api;
