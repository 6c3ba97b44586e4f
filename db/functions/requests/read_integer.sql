-- A member of a body, read strictly: "5" is not a number. 5.0 and 5e0 are 5, as JSON has one kind of number.

create or replace function app.read_integer(body jsonb, field text, low integer, high integer) returns integer
language sql stable parallel safe
return case
  when jsonb_typeof(body -> field) = 'null' then null
  when jsonb_typeof(body -> field) = 'number' and (body -> field)::numeric between low and high
    and (body -> field)::numeric = trunc((body -> field)::numeric)
    then (body -> field)::numeric::integer
  else app.refuse(field, 'number_range', format('must be a whole number from %s to %s', low, high))::integer
end;

comment on function app.read_integer is
  'The whole number, or null; raises DT400 where it is anything else, or lies outside of the bounds.';

grant execute on function app.read_integer to task_api;
