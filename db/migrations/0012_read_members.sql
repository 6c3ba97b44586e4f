-- migrate:up

-- Members of a JSON object, read strictly: a number is not a string, and "yesterday" is not a time.

set local role task_owner;

create function app.trim_text(value text) returns text
language sql immutable parallel safe
-- Unicode's White_Space.
return btrim(
  value,
  E' \t\n\u000B\f\r\u0085\u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u2028\u2029\u202F\u205F\u3000');

comment on function app.trim_text(text) is 'The text without the white space at both ends.';

create function app.read_text(body jsonb, field text) returns text
language sql stable parallel safe
return case
  when jsonb_typeof(body -> field) not in ('string', 'null') then app.refuse(field, 'string_type', 'must be a string')
  else body ->> field
end;

comment on function app.read_text(jsonb, text) is 'The string, or null; raises DT400 where it is anything else.';

create function app.read_boolean(body jsonb, field text) returns boolean
language sql stable parallel safe
return case
  when jsonb_typeof(body -> field) <> 'boolean' then app.refuse(field, 'boolean_type', 'must be true or false')
  else body ->> field
end::boolean;

comment on function app.read_boolean(jsonb, text) is 'True or false, or null where it is missing; raises DT400 where it is anything else.';

-- Trimmed, without duplicates, in the order of their first appearance; null means none.
create function app.read_tags(body jsonb, field text) returns app.tag[]
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

comment on function app.read_tags(jsonb, text) is 'The tags; raises DT400 where they are not an array of strings, and 23514 where one is not a tag.';

-- ISO 8601: calendar, ordinal and week dates, extended or basic. Without an offset UTC is meant, without a time midnight.
create function app.parse_any_time("text" text) returns timestamptz
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  v_parts text[];
  v_date text;
begin
  v_parts := regexp_match(
    "text",
    '^(?:(\d{4})-?W(\d{2})-?([1-7])|(\d{4}-\d{2}-\d{2}|\d{8}|\d{4}-?\d{3}))'
    '(?:[Tt ](\d{2})(?::?(\d{2})(?::?(\d{2}(?:[.,]\d{1,9})?))?)?(?:[Zz]|([+-])([01]\d|2[0-3])(?::?([0-5]\d))?)?)?$');
  if v_parts is null then
    return null;
  end if;
  v_date := v_parts[4];
  if v_date is null then
    v_date := to_char(to_date(v_parts[1] || v_parts[2] || v_parts[3], 'IYYYIWID'), 'YYYY-MM-DD');
    if to_char(v_date::date, 'IYYYIWID') <> v_parts[1] || v_parts[2] || v_parts[3] then
      return null;
    end if;
  elsif v_date ~ '^\d{4}-?\d{3}$' then
    v_date := to_char(to_date(replace(v_date, '-', ''), 'YYYYDDD'), 'YYYY-MM-DD');
  end if;
  -- PostgreSQL itself reads offsets of less than 16 hours only.
  return format(
    '%s %s:%s:%sZ',
    v_date, coalesce(v_parts[5], '00'), coalesce(v_parts[6], '00'), replace(coalesce(v_parts[7], '00'), ',', '.'))::timestamptz
    - coalesce((v_parts[8] || v_parts[9] || ':' || coalesce(v_parts[10], '00'))::interval, '0');
exception when datetime_field_overflow or invalid_datetime_format or invalid_time_zone_displacement_value then
  return null;
end $$;

comment on function app.parse_any_time(text) is 'The time that an ISO 8601 text means, or null where it means none.';

-- What nearly all clients send (RFC 3339), in a month that has such a day, can't fail: it is spared the general pattern,
-- and the subtransaction that catches what that lets through.
create function app.parse_time(value text) returns timestamptz
language sql stable parallel safe
return case
  when value ~ '^(?!0000)\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-](0\d|1[0-4]):[0-5]\d)$'
    then value::timestamptz
  else app.parse_any_time(value)
end;

comment on function app.parse_time(text) is 'As app.parse_any_time, sooner for what is usual.';

create function app.read_time(body jsonb, field text) returns timestamptz
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  v_text constant text := app.read_text(body, field);
  v_time constant timestamptz := app.parse_time(v_text);
begin
  if v_time is null and v_text is not null then
    perform app.refuse(field, 'datetime_format', 'must be an ISO 8601 date-time, for example 2026-01-10T17:00:00Z');
  end if;
  return v_time;
end $$;

comment on function app.read_time(jsonb, text) is 'The time, or null; raises DT400 where it is anything but an ISO 8601 string.';

grant execute on function
  app.trim_text(text), app.read_text(jsonb, text), app.read_boolean(jsonb, text), app.read_tags(jsonb, text),
  app.parse_any_time(text), app.parse_time(text), app.read_time(jsonb, text)
  to task_api;
grant usage on type app.tag to task_api;

reset role;

-- migrate:down

set local role task_owner;
revoke usage on type app.tag from task_api;
drop function app.read_time(jsonb, text);
drop function app.parse_time(text);
drop function app.parse_any_time(text);
drop function app.read_tags(jsonb, text);
drop function app.read_boolean(jsonb, text);
drop function app.read_text(jsonb, text);
drop function app.trim_text(text);
reset role;
