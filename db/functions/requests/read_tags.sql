-- Trimmed, without duplicates, in the order of their first appearance; null means none.

create or replace function app.read_tags(body jsonb, field text) returns app.tag[]
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  v_elements constant jsonb := body -> field;
  v_tags text[] := '{}';
  v_tag text;
begin
  if jsonb_typeof(v_elements) = 'null' then
    return v_tags;
  end if;
  if jsonb_typeof(v_elements) <> 'array' then
    perform app.refuse(field, 'array_type', 'must be an array of strings');
  end if;
  if jsonb_array_length(v_elements) > 200 then
    perform app.refuse(
      field, 'array_length', 'must have at most 200 elements, and at most 50 different tags');
  end if;
  for v_place in 0 .. jsonb_array_length(v_elements) - 1 loop
    if jsonb_typeof(v_elements -> v_place) <> 'string' then
      perform app.refuse(field, 'string_type', 'must be an array of strings');
    end if;
    v_tag := app.trim_text(v_elements ->> v_place);
    if not v_tag = any(v_tags) then
      v_tags := v_tags || v_tag;
    end if;
  end loop;
  return v_tags;
end $$;

comment on function app.read_tags is
  'The tags; raises DT400 where they are not an array of at most 200 strings, and 23514 where one is not a '
  'tag.';

grant execute on function app.read_tags to task_api;
