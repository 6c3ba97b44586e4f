-- The signature is made with the service's key over the user and the payload, so that a forged cursor, or
-- another user's, is told from a true one.

create or replace function app.sign_cursor(cursor_key text, payload text) returns text
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  -- A digest, because a user's id may have line ends in it, and would then be taken for a shorter id and more
  -- of payload.
  v_user constant text := encode(sha256(convert_to(app.require_user_id(), 'UTF8')), 'hex');
begin
  -- Hashed twice, the key first both times, as in HMAC (RFC 2104): a signature can't be extended.
  return payload || '.' || app.encode_base64url(substr(
    sha256(convert_to(cursor_key, 'UTF8')
      || sha256(convert_to(cursor_key || E'\n' || v_user || E'\n' || payload, 'UTF8'))),
    1, 16));
end $$;

comment on function app.sign_cursor is 'The payload with the signature for the present user.';

grant execute on function app.sign_cursor to task_api;
