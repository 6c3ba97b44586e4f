-- A member of a body, read strictly: a number is not a string.

create or replace function app.read_text(body jsonb, field text) returns text
language sql stable parallel safe
return case
  when jsonb_typeof(body -> field) not in ('string', 'null')
    then app.refuse(field, 'string_type', 'must be a string')
  else body ->> field
end;

comment on function app.read_text is 'The string, or null; raises DT400 where it is anything else.';

grant execute on function app.read_text to task_api;
