-- migrate:up

-- A copy of db/functions/requests, written by make functions: change it there.

set local role task_owner;

-- begin db/functions/requests/describe_fault.sql
-- An error in the form that a client reads. The caller puts the place before it.

create or replace function app.describe_fault(field text, type text, message text) returns jsonb
language sql immutable parallel safe
return jsonb_build_object(
  'loc', case when field is null then '[]' else jsonb_build_array(field) end, 'msg', message, 'type', type);

comment on function app.describe_fault is
  'An error as {"loc", "msg", "type"}; without a field it is about the whole.';

grant execute on function app.describe_fault to task_api;
-- end db/functions/requests/describe_fault.sql

-- begin db/functions/requests/etag_matches.sql
-- RFC 9110, 8.8.3 and 13: entity tags, and the conditions that a request puts on them.

create or replace function app.etag_matches(condition text, etag text) returns boolean
language sql immutable parallel safe
-- The strong comparison; our tags have no commas in them.
return array['*', etag] && regexp_split_to_array(btrim(condition, E' \t'), '[ \t]*,[ \t]*');

comment on function app.etag_matches is 'Whether If-Match names the tag; null where there is no condition.';

grant execute on function app.etag_matches to task_api;
-- end db/functions/requests/etag_matches.sql

-- begin db/functions/requests/etag_matches_weakly.sql
-- A proxy that compresses makes strong tags weak (RFC 9110, 8.8.3.2).

create or replace function app.etag_matches_weakly(condition text, etag text) returns boolean
language sql immutable parallel safe
return app.etag_matches(replace(condition, 'W/"', '"'), replace(etag, 'W/"', '"'));

comment on function app.etag_matches_weakly is
  'As etag_matches, by the weak comparison that If-None-Match asks for: a proxy that compresses makes '
  'strong tags weak.';

grant execute on function app.etag_matches_weakly to task_api;
-- end db/functions/requests/etag_matches_weakly.sql

-- begin db/functions/requests/forget_answers.sql
-- A deleted task leaves nothing behind, in the answers that are kept for retries either. Their keys stay, for
-- 24 hours more: a retry must not do again what was done.

create or replace function app.forget_answers(id uuid) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_kept app.idempotency_keys;
  v_body text;
begin
  for v_kept in
    select * from app.idempotency_keys as kept
    where kept.user_id = v_user and position(forget_answers.id::text in kept.body) > 0
  loop
    v_body := app.redact_answer(v_kept.body, id);
    continue when v_body = v_kept.body;
    delete from app.idempotency_keys as kept where kept.user_id = v_user and kept.key = v_kept.key;
    insert into app.idempotency_keys (key, request, status, headers, body)
    values (v_kept.key, v_kept.request, v_kept.status, v_kept.headers, v_body);
  end loop;
end $$;

comment on function app.forget_answers is 'Takes a task out of the kept answers of the user.';

grant execute on function app.forget_answers to task_api;
-- end db/functions/requests/forget_answers.sql

-- begin db/functions/requests/hash_body.sql
-- A body's text can be a thousand times longer than what was sent: 1e131071 is written with all of its zeros.
-- So its values are hashed as they are stored. The two numbers tell a user's own requests apart; they protect
-- nothing.

create or replace function app.hash_body(body jsonb) returns text
language sql immutable parallel safe
return jsonb_hash_extended(body, 0) || ' ' || jsonb_hash_extended(body, 1);

comment on function app.hash_body is
  'The same for bodies that mean the same, and with near certainty another for others.';

grant execute on function app.hash_body to task_api;
-- end db/functions/requests/hash_body.sql

-- begin db/functions/requests/local_times.sql
-- A time without an offset is read on the clock of the task's time zone. The service converts it, because its
-- tz database may be newer than PostgreSQL's.

create or replace function app.local_times(body jsonb) returns text[]
language sql immutable parallel safe
return array_remove(
  array[
    -- The last letter alone tells most times.
    case
      when right(body ->> 'due_date', 1) not in ('Z', 'z')
        and body ->> 'due_date' !~ '[Tt ].*[+-]\d{2}(:?\d{2})?$' then 'due_date'
    end,
    case
      when right(body ->> 'reminder_at', 1) not in ('Z', 'z')
        and body ->> 'reminder_at' !~ '[Tt ].*[+-]\d{2}(:?\d{2})?$' then 'reminder_at'
    end],
  null);

comment on function app.local_times is 'The fields of a body with a time that has no offset.';

grant execute on function app.local_times to task_api;
-- end db/functions/requests/local_times.sql

-- begin db/functions/requests/parse_any_time.sql
-- ISO 8601: calendar, ordinal and week dates, extended or basic. Without an offset UTC is meant, without a
-- time midnight. Of a fraction microseconds are kept, and the rest is cut off: rounding could lead into the
-- next day. The second 60 is the first of the next minute.

create or replace function app.parse_any_time("text" text) returns timestamptz
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  v_parts text[];
  v_date text;
begin
  v_parts := regexp_match(
    "text",
    '^(?:(\d{4})-?W(\d{2})-?([1-7])|(\d{4}-\d{2}-\d{2}|\d{8}|\d{4}-?(?!000)\d{3}))'
    '(?:[Tt ](\d{2})(?::?(\d{2})(?::?(\d{2})(?:[.,](\d+))?)?)?'
    '(?:[Zz]|([+-])([01]\d|2[0-3])(?::?([0-5]\d))?)?)?$');
  if v_parts is null then
    return null;
  end if;
  v_date := v_parts[4];
  if v_date is null then
    v_date := to_char(to_date(v_parts[1] || v_parts[2] || v_parts[3], 'IYYYIWID'), 'YYYY-MM-DD');
    if to_char(v_date::timestamp, 'IYYYIWID') <> v_parts[1] || v_parts[2] || v_parts[3] then
      return null;
    end if;
  elsif v_date ~ '^\d{4}-?\d{3}$' then
    v_date := to_char(to_date(replace(v_date, '-', ''), 'YYYYDDD'), 'YYYY-MM-DD');
  end if;
  -- PostgreSQL itself reads offsets of less than 16 hours only.
  return format(
    '%s %s:%s:%sZ',
    v_date, coalesce(v_parts[5], '00'), coalesce(v_parts[6], '00'),
    concat_ws(
      '.', case v_parts[7] when '60' then '59' else coalesce(v_parts[7], '00') end, left(v_parts[8], 6))
    )::timestamptz
    + case v_parts[7] when '60' then interval '1 second' else '0' end
    - coalesce((v_parts[9] || v_parts[10] || ':' || coalesce(v_parts[11], '00'))::interval, '0');
exception when datetime_field_overflow or invalid_datetime_format or invalid_time_zone_displacement_value then
  return null;
end $$;

comment on function app.parse_any_time is
  'The time that an ISO 8601 text means, or null where it means none.';

grant execute on function app.parse_any_time to task_api;
-- end db/functions/requests/parse_any_time.sql

-- begin db/functions/requests/parse_time.sql
-- The form that nearly all clients send (RFC 3339), with a day that every month has, can't fail. So it needs
-- neither the general pattern nor the subtransaction that catches its errors.

create or replace function app.parse_time(value text) returns timestamptz
language sql stable parallel safe
return case
  when value
    ~ '^(?!0000)\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?'
      '([Zz]|[+-](0\d|1[0-4]):[0-5]\d)$'
    then value::timestamptz
  else app.parse_any_time(value)
end;

comment on function app.parse_time is 'As app.parse_any_time, and faster for the usual form.';

grant execute on function app.parse_time to task_api;
-- end db/functions/requests/parse_time.sql

-- begin db/functions/requests/preconditions_hold.sql
-- What If-Match and If-None-Match ask of a task before it is changed (RFC 9110, section 13.2.2).
--
-- All in it is immutable (format, and text || bigint, are not), so it becomes part of what calls it.

create or replace function app.preconditions_hold(if_match text, if_none_match text, version bigint)
returns boolean
language sql immutable parallel safe
return coalesce(app.etag_matches(if_match, '"' || version::text || '"'), true)
  and not coalesce(app.etag_matches_weakly(if_none_match, '"' || version::text || '"'), false);

comment on function app.preconditions_hold is
  'Whether a task of this version may be changed; null is a condition that the request does not have.';

grant execute on function app.preconditions_hold to task_api;
-- end db/functions/requests/preconditions_hold.sql

-- begin db/functions/requests/present_user.sql
-- For the policies of a database whose rows are spread over machines (db/citus). A machine where no user is
-- set was asked about rows that are not its own: the call was not passed on, or the rows are being moved.
-- That must be an error to be tried again (503), and never an empty list or a 404.

create or replace function app.present_user() returns text
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  v_user constant text := app.user_id();
begin
  if v_user is null then
    raise exception 'no user is set on this machine' using errcode = '40001';
  end if;
  return v_user;
end $$;

comment on function app.present_user is
  'The user of the present statement; raises 40001 where none is set.';

grant execute on function app.present_user to task_api, task_worker;
-- end db/functions/requests/present_user.sql

-- begin db/functions/requests/read_tags.sql
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
-- end db/functions/requests/read_tags.sql

-- begin db/functions/requests/read_time.sql
-- A member of a body, read strictly: "yesterday" is not a time.

create or replace function app.read_time(body jsonb, field text) returns timestamptz
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  v_text constant text := app.read_text(body, field);
  v_time constant timestamptz := app.parse_time(v_text);
begin
  if v_time is null and v_text is not null then
    perform app.refuse(
      field, 'datetime_format', 'must be an ISO 8601 date-time, for example 2026-01-10T17:00:00Z');
  end if;
  return v_time;
end $$;

comment on function app.read_time is
  'The time, or null; raises DT400 where it is anything but an ISO 8601 string.';

grant execute on function app.read_time to task_api;
-- end db/functions/requests/read_time.sql

-- begin db/functions/requests/recall_answer.sql
-- Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): the answer is kept in the transaction of the
-- effect, so that either both are there after a crash, or neither.

create or replace function app.recall_answer(
  key text, request text, out status integer, out headers text[], out body text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_kept app.idempotency_keys;
begin
  -- Held to the end of the transaction. Meanwhile another request with the same key is refused, and does not
  -- wait.
  if not pg_try_advisory_xact_lock(hashtextextended(v_user || E'\n' || key, 0)) then
    raise exception 'the first request with this Idempotency-Key is still running' using errcode = 'DT409';
  end if;
  select * into v_kept
  from app.idempotency_keys as kept
  where kept.user_id = v_user and kept.key = recall_answer.key
    and kept.created_at > now() - interval '24 hours';
  if v_kept.request <> recall_answer.request then
    raise exception 'this Idempotency-Key was used for another request' using errcode = 'DT422';
  end if;
  if v_kept.body = '' then
    raise exception 'the task of the first answer has been deleted' using errcode = 'DT404';
  end if;
  status := v_kept.status;
  headers := v_kept.headers || array['idempotency-replayed', 'true'];
  body := v_kept.body;
end $$;

comment on function app.recall_answer is
  'The answer to the first request with this key; nulls where this is the first. Raises DT409 while the '
  'first runs, DT422 where it was another, DT404 where its task has been deleted.';

grant execute on function app.recall_answer to task_api;
-- end db/functions/requests/recall_answer.sql

-- begin db/functions/requests/redact_answer.sql
-- A kept answer without a task that has been deleted. Of a batch the result of its operation stays, without
-- the body, as Prefer: return=minimal has it; of a toggle, the task that was completed; else nothing.

create or replace function app.redact_answer(body text, id uuid) returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  v_id constant text := id::text;
  v_answer constant json := body;
  v_results text;
begin
  if v_answer -> 'results' is not null then
    select string_agg(
      case
        when result.value #>> '{body,id}' = v_id or result.value #>> '{body,task,id}' = v_id
          or result.value #>> '{body,new_task,id}' = v_id
          then concat(
            '{"status":', result.value -> 'status', ',"etag":' || (result.value -> 'etag')::text,
            ',"location":' || (result.value -> 'location')::text, '}')
        else result.value::text
      end, ',' order by result.place) into v_results
    from json_array_elements(v_answer -> 'results') with ordinality as result (value, place);
    return concat('{"results":[', v_results, ']}');
  elsif v_answer #>> '{new_task,id}' = v_id then
    return concat('{"task":', v_answer -> 'task', ',"new_task":null}');
  elsif v_answer ->> 'id' = v_id or v_answer #>> '{task,id}' = v_id then
    return '';
  end if;
  return body;
end $$;

comment on function app.redact_answer is 'A kept answer without a deleted task; empty where nothing is left.';

grant execute on function app.redact_answer to task_api;
-- end db/functions/requests/redact_answer.sql

-- begin db/functions/requests/refuse.sql
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
-- end db/functions/requests/refuse.sql

-- begin db/functions/requests/read_boolean.sql
-- A member of a body, read strictly: "true" is not true.

create or replace function app.read_boolean(body jsonb, field text) returns boolean
language sql stable parallel safe
return case
  when jsonb_typeof(body -> field) <> 'boolean'
    then app.refuse(field, 'boolean_type', 'must be true or false')
  else body ->> field
end::boolean;

comment on function app.read_boolean is
  'True or false, or null where it is missing; raises DT400 where it is anything else.';

grant execute on function app.read_boolean to task_api;
-- end db/functions/requests/read_boolean.sql

-- begin db/functions/requests/read_integer.sql
-- A member of a body, read strictly: "5" is not a number. 5.0 and 5e0 are 5, as JSON has one kind of number.

create or replace function app.read_integer(body jsonb, field text, low integer, high integer) returns integer
language sql stable parallel safe
return case
  when jsonb_typeof(body -> field) = 'null' then null
  when jsonb_typeof(body -> field) = 'number' and (body -> field)::numeric between low and high
    and (body -> field)::numeric = trunc((body -> field)::numeric)
    then (body -> field)::numeric::integer
  else app.refuse(field, 'number_range', format('must be a whole number from %s to %s', low, high))::integer
end;

comment on function app.read_integer is
  'The whole number, or null; raises DT400 where it is anything else, or lies outside of the bounds.';

grant execute on function app.read_integer to task_api;
-- end db/functions/requests/read_integer.sql

-- begin db/functions/requests/read_text.sql
-- A member of a body, read strictly: a number is not a string.

create or replace function app.read_text(body jsonb, field text) returns text
language sql stable parallel safe
return case
  when jsonb_typeof(body -> field) not in ('string', 'null')
    then app.refuse(field, 'string_type', 'must be a string')
  else body ->> field
end;

comment on function app.read_text is 'The string, or null; raises DT400 where it is anything else.';

grant execute on function app.read_text to task_api;
-- end db/functions/requests/read_text.sql

-- begin db/functions/requests/refuse_other_users.sql
-- For a database whose rows are spread over machines (db/citus). Citus checks no policy where an insert …
-- select writes a row that stays on its machine, and needs the right to write user_id: a trigger guards it.

create or replace function app.refuse_other_users() returns trigger
language plpgsql volatile
set search_path = ''
as $$
begin
  if new.user_id is distinct from app.present_user() then
    raise exception 'a row of another user' using errcode = '42501';
  end if;
  return new;
end $$;

comment on function app.refuse_other_users is 'Raises 42501 where the new row is not the present user''s.';
-- end db/functions/requests/refuse_other_users.sql

-- begin db/functions/requests/refuse_unknown_fields.sql
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
-- end db/functions/requests/refuse_unknown_fields.sql

-- begin db/functions/requests/remember_answer.sql
-- The other half of recall_answer: the answer is kept in the transaction of the effect.

create or replace function app.remember_answer(
  key text, request text, status integer, headers text[], body text)
returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
begin
  -- An expired answer under this very key.
  delete from app.idempotency_keys as kept where kept.user_id = v_user and kept.key = remember_answer.key;
  insert into app.idempotency_keys (key, request, status, headers, body)
  values (key, request, status, headers, body);
end $$;

comment on function app.remember_answer is
  'Keeps an answer for 24 hours; each time, some that are older are removed, so that there are never many.';

grant execute on function app.remember_answer to task_api;
-- end db/functions/requests/remember_answer.sql

-- begin db/functions/requests/render_json.sql
-- The text of jsonb has a blank behind each colon and each comma; in an answer JSON is compact. A string is
-- matched as a whole, so that its own blanks stay.

create or replace function app.render_json(value jsonb) returns text
language sql immutable parallel safe
return regexp_replace(value::text, '("(?:[^"\\]|\\.)*")|([,:]) ', '\1\2', 'g');

comment on function app.render_json is 'A value as compact JSON.';

grant execute on function app.render_json to task_api, task_worker;
-- end db/functions/requests/render_json.sql

-- begin db/functions/requests/suggest_name.sql
-- For the errors about unknown fields and parameters. Trigrams ignore signs, so tags[] and tag both find
-- tags.

create or replace function app.suggest_name(name text, known text[]) returns text
language sql stable parallel safe
return (
  select candidate
  from unnest(known) as candidate
  where public.similarity(candidate, left(name, 100)) >= 0.3
  order by public.similarity(candidate, left(name, 100)) desc, candidate
  limit 1);

comment on function app.suggest_name is 'The known name nearest to this one; null where none is near.';

grant execute on function app.suggest_name to task_api;
-- end db/functions/requests/suggest_name.sql

-- begin db/functions/requests/trim_text.sql
-- Unicode's White_Space, which btrim alone does not know.

create or replace function app.trim_text(value text) returns text
language sql immutable parallel safe
-- Unicode's White_Space.
return btrim(
  value,
  E' \t\n\u000B\f\r\u0085\u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A'
  '\u2028\u2029\u202F\u205F\u3000');

comment on function app.trim_text is 'The text without the white space at both ends.';

grant execute on function app.trim_text to task_api;
-- end db/functions/requests/trim_text.sql

reset role;

-- migrate:down

set local role task_owner;

-- drop db/functions/requests/trim_text.sql
drop function app.trim_text;

-- drop db/functions/requests/suggest_name.sql
drop function app.suggest_name;

-- drop db/functions/requests/render_json.sql
drop function app.render_json;

-- drop db/functions/requests/remember_answer.sql
drop function app.remember_answer;

-- drop db/functions/requests/refuse_unknown_fields.sql
drop function app.refuse_unknown_fields;

-- drop db/functions/requests/refuse_other_users.sql
drop function app.refuse_other_users;

-- drop db/functions/requests/read_text.sql
drop function app.read_text;

-- drop db/functions/requests/read_integer.sql
drop function app.read_integer;

-- drop db/functions/requests/read_boolean.sql
drop function app.read_boolean;

-- drop db/functions/requests/refuse.sql
drop function app.refuse;

-- drop db/functions/requests/redact_answer.sql
drop function app.redact_answer;

-- drop db/functions/requests/recall_answer.sql
drop function app.recall_answer;

-- drop db/functions/requests/read_time.sql
drop function app.read_time;

-- drop db/functions/requests/read_tags.sql
drop function app.read_tags;

-- drop db/functions/requests/present_user.sql
drop function app.present_user;

-- drop db/functions/requests/preconditions_hold.sql
drop function app.preconditions_hold;

-- drop db/functions/requests/parse_time.sql
drop function app.parse_time;

-- drop db/functions/requests/parse_any_time.sql
drop function app.parse_any_time;

-- drop db/functions/requests/local_times.sql
drop function app.local_times;

-- drop db/functions/requests/hash_body.sql
drop function app.hash_body;

-- drop db/functions/requests/forget_answers.sql
drop function app.forget_answers;

-- drop db/functions/requests/etag_matches_weakly.sql
drop function app.etag_matches_weakly;

-- drop db/functions/requests/etag_matches.sql
drop function app.etag_matches;

-- drop db/functions/requests/describe_fault.sql
drop function app.describe_fault;

reset role;
