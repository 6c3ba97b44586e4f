-- The fields of a body; any other is unknown (refuse_unknown_fields). Those that only the server writes are
-- ignored, so that a task can be sent back as it was read.

create or replace function app.task_fields() returns text[]
language sql immutable parallel safe
return app.writable_fields() || array['id', 'user_id', 'created_at', 'updated_at'];

comment on function app.task_fields is 'The fields that the body of a task may have.';

grant execute on function app.task_fields to task_api;
