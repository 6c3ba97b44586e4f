-- Unknown fields are refused, with the field that was probably meant; Prefer: handling=lenient has them
-- ignored.

create or replace function app.refuse_unknown_fields(body jsonb, known text[], lenient boolean)
returns jsonb
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  v_rest jsonb;
  v_unknown text;
  v_meant text;
begin
  if jsonb_typeof(body) is distinct from 'object' then
    perform app.refuse('', 'object_type', 'must be a JSON object, for example {"title": "Buy milk"}');
  end if;
  v_rest := body - known;
  if v_rest = '{}' then
    return body;
  end if;
  -- Before any loop over them: more members than this are not read.
  if (select count(*) from jsonb_object_keys(body)) > 100 then
    perform app.refuse('', 'object_length', 'must have at most 100 members');
  end if;
  if lenient then
    return body;
  end if;
  v_unknown := (select min(field) from jsonb_object_keys(v_rest) as field);
  v_meant := app.suggest_name(v_unknown, known);
  perform app.refuse(
    left(v_unknown, 100), 'unknown_field',
    'is not a field here'
    || coalesce('; did you mean ' || v_meant || '?', '; the fields are ' || array_to_string(known, ', ')));
end $$;

comment on function app.refuse_unknown_fields is
  'The body; raises DT400 where it is no object, has more than 100 members or, unless lenient, has an '
  'unknown field; the message names the field that was probably meant.';

grant execute on function app.refuse_unknown_fields to task_api;
