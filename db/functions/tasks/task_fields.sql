-- The fields of a body; any other is unknown (refuse_unknown_fields).

create or replace function app.task_fields() returns text[]
language sql immutable parallel safe
-- The last four are ignored, so that what was read can be sent back.
return array[
  'title', 'description', 'completed', 'priority', 'tags', 'due_date', 'reminder_at', 'is_recurring', 'recurrence_rule',
  'timezone', 'id', 'user_id', 'created_at', 'updated_at'];

comment on function app.task_fields is 'The fields that the body of a task may have.';

grant execute on function app.task_fields to task_api;
