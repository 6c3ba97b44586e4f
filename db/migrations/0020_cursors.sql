-- migrate:up

-- A cursor is where a page ended, and what was asked for: base64url(JSON) "." base64url(signature). The signature is made with
-- the service's key over the user and the JSON, so that a forged or foreign one is told from a true one.

set local role task_owner;

create function app.encode_base64url(bytes bytea) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return translate(encode(bytes, 'base64'), E'+/=\n', '-_');
end $$;

comment on function app.encode_base64url(bytea) is 'RFC 4648, section 5, without padding.';

create function app.sign_cursor(cursor_key text, payload text) returns text
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  -- A digest, because a user's id may have line ends in it, and would then be taken for a shorter id and more of payload.
  v_user constant text := encode(sha256(convert_to(app.require_user_id(), 'UTF8')), 'hex');
begin
  -- Hashed twice, the key first both times, as in HMAC (RFC 2104): a signature can't be extended.
  return payload || '.' || app.encode_base64url(substr(
    sha256(convert_to(cursor_key, 'UTF8') || sha256(convert_to(cursor_key || E'\n' || v_user || E'\n' || payload, 'UTF8'))),
    1, 16));
end $$;

comment on function app.sign_cursor(text, text) is 'The payload with the signature for the present user.';

create function app.make_cursor(cursor_key text, parameters jsonb, "limit" integer, key text, id uuid, backwards boolean) returns text
language plpgsql stable parallel safe
set search_path = ''
as $$
begin
  return app.sign_cursor(cursor_key, app.encode_base64url(convert_to(
    jsonb_build_object(
      'parameters', parameters - array['limit', 'offset', 'cursor'], 'limit', "limit", 'key', key, 'id', id, 'backwards', backwards
    )::text, 'UTF8')));
end $$;

comment on function app.make_cursor(text, jsonb, integer, text, uuid, boolean) is
  'The cursor of the page after (or, backwards, before) the task with this id and key.';

create function app.read_cursor(cursor_key text, cursor text, parameters jsonb) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_payload constant text := split_part(cursor, '.', 1);
  v_cursor jsonb;
begin
  if cursor <> app.sign_cursor(cursor_key, v_payload) then
    raise exception 'bad cursor' using errcode = 'DT400',
      detail = '[{"loc": ["query", "cursor"], "msg": "is not a next_cursor of yours; begin again without it", "type": "cursor_invalid"}]';
  end if;
  v_cursor := convert_from(
    decode(rpad(translate(v_payload, '-_', '+/'), (char_length(v_payload) + 3) / 4 * 4, '='), 'base64'), 'UTF8');
  if not v_cursor -> 'parameters' @> (parameters - array['limit', 'cursor']) then
    raise exception 'bad cursor' using errcode = 'DT400',
      detail = '[{"loc": ["query", "cursor"], "msg": "carries its own filters and order; send it alone, or with limit", "type": "cursor_mismatch"}]';
  end if;
  return v_cursor;
end $$;

comment on function app.read_cursor(text, text, jsonb) is
  'What the cursor holds; raises DT400 where it was not made for this user, or comes with other filters than its own.';

grant execute on function
  app.encode_base64url(bytea), app.sign_cursor(text, text),
  app.make_cursor(text, jsonb, integer, text, uuid, boolean), app.read_cursor(text, text, jsonb)
  to task_api;

reset role;

-- migrate:down

set local role task_owner;
drop function app.read_cursor(text, text, jsonb);
drop function app.make_cursor(text, jsonb, integer, text, uuid, boolean);
drop function app.sign_cursor(text, text);
drop function app.encode_base64url(bytea);
reset role;
