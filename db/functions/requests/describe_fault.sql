-- An error in the form that a client reads. The caller puts the place before it.

create or replace function app.describe_fault(field text, type text, message text) returns jsonb
language sql immutable parallel safe
return jsonb_build_object(
  'loc', case when field is null then '[]' else jsonb_build_array(field) end, 'msg', message, 'type', type);

comment on function app.describe_fault is
  'An error as {"loc", "msg", "type"}; without a field it is about the whole.';

grant execute on function app.describe_fault to task_api;
