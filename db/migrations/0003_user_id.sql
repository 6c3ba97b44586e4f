-- migrate:up

-- The user of a request. The service sets app.user_id for one statement from the verified token; the
-- policies, the column defaults and the functions read it here and nowhere else. A body without quotes is
-- bound to its names when it is made, so that no search_path can change what they mean, and it becomes part
-- of the query that calls it: here and below, whatever can be said in one expression is written so.

set local role task_owner;

create function app.user_id() returns text
language sql stable parallel safe
-- The setting is '' on a connection where an earlier transaction has set a user, and null on a new one.
return nullif(current_setting('app.user_id', true), '');

comment on function app.user_id is
  'The user of the present statement, or null when none is set: then no policy lets anything through.';

create function app.require_user_id() returns text
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  v_user constant text := app.user_id();
begin
  if v_user is null then
    raise exception 'no user is set' using errcode = 'DT401',
      hint = 'set app.user_id for the transaction first';
  end if;
  return v_user;
end $$;

comment on function app.require_user_id is
  'The user of the present statement; raises DT401 when none is set.';

grant execute on function app.user_id, app.require_user_id to task_api, task_worker, task_finder, task_keeper;

reset role;

-- migrate:down

set local role task_owner;
drop function app.require_user_id;
drop function app.user_id;
reset role;
