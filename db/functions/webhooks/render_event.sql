-- The form of Standard Webhooks: type, timestamp and data. version orders the events of a task: greater is
-- later.

create or replace function app.render_event(type text, moment timestamptz, number bigint, data text)
returns text
language sql stable parallel safe
return concat(
  '{"type":"', type, '","timestamp":"', app.render_time(moment), '","version":', number,
  ',"data":', data, '}');

comment on function app.render_event is 'An event as the JSON that a receiver reads; data is JSON.';

grant execute on function app.render_event to task_api, task_worker, task_keeper;
