-- migrate:up

-- RFC 9110, 8.8.3 and 13: entity tags, and the conditions that a request puts on them.

set local role task_owner;

create function app.etag_matches(condition text, etag text) returns boolean
language sql immutable parallel safe
-- The strong comparison; our tags have no commas in them.
return condition = '*' or etag = any(regexp_split_to_array(btrim(condition, E' \t'), '[ \t]*,[ \t]*'));

comment on function app.etag_matches(text, text) is 'Whether If-Match names the tag; null where there is no condition.';

create function app.etag_matches_weakly(condition text, etag text) returns boolean
language sql immutable parallel safe
return app.etag_matches(replace(condition, 'W/"', '"'), replace(etag, 'W/"', '"'));

comment on function app.etag_matches_weakly(text, text) is
  'As etag_matches, by the weak comparison that If-None-Match asks for: a proxy that compresses makes strong tags weak.';

-- It is not locked: a change is written on condition that its version is still the one that was read, and made again from
-- the new one where it is not. So a task is visited once, and nobody waits for a lock but in the moment of writing.
create function app.read_task(id uuid, if_match text) returns app.tasks
language plpgsql stable
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_task app.tasks;
begin
  select * into v_task from app.tasks as task where task.user_id = v_user and task.id = read_task.id;
  if not found then
    raise exception 'no such task' using errcode = 'DT404';
  end if;
  if not app.etag_matches(if_match, format('"%s"', v_task.version)) then
    raise exception 'the task has changed' using errcode = 'DT412';
  end if;
  return v_task;
end $$;

comment on function app.read_task(uuid, text) is
  'The user''s task; raises DT404 where there is none, and DT412 where it is not what If-Match names.';

grant execute on function app.etag_matches(text, text), app.etag_matches_weakly(text, text), app.read_task(uuid, text) to task_api;

reset role;

-- migrate:down

set local role task_owner;
drop function app.read_task(uuid, text);
drop function app.etag_matches_weakly(text, text);
drop function app.etag_matches(text, text);
reset role;
