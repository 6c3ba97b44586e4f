-- Part of render_task.

create or replace function app.render_time(moment timestamptz) returns text
language sql stable parallel safe
-- A fraction of a second only where there is one.
return replace((moment at time zone 'UTC')::text, ' ', 'T') || 'Z';

comment on function app.render_time is 'A time of RFC 3339 in UTC.';

grant execute on function app.render_time to task_api, task_worker, task_keeper;
