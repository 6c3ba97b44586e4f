-- migrate:up

-- Errors have a code of class DT, whose digits are the HTTP status, and never only a text:
-- DT400 bad input, DT401 no user, DT404 not found, DT409 in progress, DT412 precondition failed, DT422 key reused.

set local role task_owner;

-- Not immutable: where all that it says is constant, the planner would call it, and refuse before anything is wrong.
create function app.refuse(field text, type text, message text) returns text
language plpgsql stable parallel safe
set search_path = ''
as $$
begin
  raise exception using errcode = 'DT400', column = field, constraint = type, message = message;
end $$;

comment on function app.refuse(text, text, text) is 
  'Raises DT400: the field (column), the stable type (constraint), what must be (message). It never returns; text is for expressions.';

create function app.refuse_unknown_fields(body jsonb, known text[], lenient boolean) returns void
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  v_unknown text;
  v_meant text;
begin
  if jsonb_typeof(body) is distinct from 'object' then
    perform app.refuse('', 'object_type', 'must be a JSON object, for example {"title": "Buy milk"}');
  end if;
  if lenient or body - known = '{}' then
    return;
  end if;
  v_unknown := (select min(field) from jsonb_object_keys(body - known) as field);
  v_meant := (
    select field from unnest(known) as field
    where public.similarity(field, left(v_unknown, 100)) >= 0.3
    order by public.similarity(field, left(v_unknown, 100)) desc, field
    limit 1);
  perform app.refuse(
    left(v_unknown, 100), 'unknown_field',
    'is not a field here' || coalesce('; did you mean ' || v_meant || '?', '; the fields are ' || array_to_string(known, ', ')));
end $$;

comment on function app.refuse_unknown_fields(jsonb, text[], boolean) is
  'Raises DT400 where the body is no object or, unless lenient, has a field that is not known, and says which was probably meant.';

grant execute on function app.refuse(text, text, text), app.refuse_unknown_fields(jsonb, text[], boolean) to task_api;

reset role;

-- migrate:down

set local role task_owner;
drop function app.refuse_unknown_fields(jsonb, text[], boolean);
drop function app.refuse(text, text, text);
reset role;
