-- The inverse of make_cursor.

create or replace function app.read_cursor(cursor_key text, cursor text, parameters jsonb) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_payload constant text := split_part(cursor, '.', 1);
  v_cursor jsonb;
begin
  if cursor <> app.sign_cursor(cursor_key, v_payload) then
    raise exception 'bad cursor' using errcode = 'DT400',
      detail = '[{"loc": ["query", "cursor"], '
        '"msg": "is not a next_cursor of yours; begin again without it", '
        '"type": "cursor_invalid"}]';
  end if;
  v_cursor := convert_from(
    decode(rpad(translate(v_payload, '-_', '+/'), (char_length(v_payload) + 3) / 4 * 4, '='), 'base64'),
    'UTF8');
  -- Most come alone, or with just the parameters that they carry.
  if jsonb_array_length(parameters -> 'cursor') > 1
    or not v_cursor -> 'parameters' @> (parameters - array['limit', 'cursor'])
  then
    perform app.check_cursor(v_cursor, parameters);
  end if;
  return v_cursor;
end $$;

comment on function app.read_cursor is
  'The content of the cursor; raises DT400 where it was not made for this user, or comes with other filters '
  'than its own.';

grant execute on function app.read_cursor to task_api;
