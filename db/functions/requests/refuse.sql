-- Errors have a code of class DT, whose digits are the HTTP status, and never only a text: DT400 bad input,
-- DT401 no user, DT404 not found, DT409 in progress, DT412 precondition failed, DT422 key reused; and DT4TM,
-- too many, which is a 409 as well.
--
-- Not immutable: if all arguments are constant, the planner would call it, and raise the error before
-- anything is wrong.
--
-- The detail says all of it once more, as the errors of the answer: where the rows are spread over machines
-- (db/citus), column and constraint do not come back from another machine.

create or replace function app.refuse(field text, type text, message text) returns text
language plpgsql stable parallel safe
set search_path = ''
as $$
begin
  raise exception using
    errcode = 'DT400', column = field, constraint = type, message = message,
    detail = jsonb_build_array(jsonb_build_object(
      'loc', array_remove(array['body', field], ''), 'msg', message, 'type', type))::text;
end $$;

comment on function app.refuse is
  'Raises DT400: the field (column), the stable type (constraint), what must be (message), and all three as '
  'JSON (detail). It never returns; text is for expressions.';

grant execute on function app.refuse to task_api;
