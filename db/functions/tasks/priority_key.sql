-- Order by priority: High first, then by created_at. One number, so that a cursor has one key; the priorities
-- lie 300 years apart.

create or replace function app.priority_key(priority text, created_at timestamptz) returns bigint
language sql stable parallel safe
return array_position('{High,Medium,Low}', priority) * 10000000000000000 + app.version_of(created_at);

comment on function app.priority_key is 'The place of a task in the order by priority.';

grant execute on function app.priority_key to task_api;
