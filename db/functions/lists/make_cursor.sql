-- A cursor holds the end of a page and the parameters of the list: base64url(JSON) "." base64url(signature).

create or replace function app.make_cursor(
  cursor_key text, parameters jsonb, typed text, "limit" integer, key text, id uuid, backwards boolean)
returns text
language plpgsql stable parallel safe
set search_path = ''
as $$
begin
  return app.sign_cursor(cursor_key, app.encode_base64url(convert_to(
    jsonb_build_object(
      'parameters', parameters - array['limit', 'offset', 'cursor'], 'typed', typed, 'limit', "limit",
      'key', key, 'id', id, 'backwards', backwards
    )::text, 'UTF8')));
end $$;

comment on function app.make_cursor is
  'The cursor of the page after (or, backwards, before) the task with this id and key. typed is the q of the '
  'client where parameters have a suggestion instead.';

grant execute on function app.make_cursor to task_api;
