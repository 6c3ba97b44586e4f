-- A member of a body, read strictly: "true" is not true.

create or replace function app.read_boolean(body jsonb, field text) returns boolean
language sql stable parallel safe
return case
  when jsonb_typeof(body -> field) <> 'boolean'
    then app.refuse(field, 'boolean_type', 'must be true or false')
  else body ->> field
end::boolean;

comment on function app.read_boolean is
  'True or false, or null where it is missing; raises DT400 where it is anything else.';

grant execute on function app.read_boolean to task_api;
