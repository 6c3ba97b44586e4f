-- Part of the cursors: see make_cursor.

create or replace function app.encode_base64url(bytes bytea) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return translate(encode(bytes, 'base64'), E'+/=\n', '-_');
end $$;

comment on function app.encode_base64url is 'RFC 4648, section 5, without padding.';

grant execute on function app.encode_base64url to task_api;
