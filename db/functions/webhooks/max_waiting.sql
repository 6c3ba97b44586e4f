-- A webhook that is resumed while so many wait has room for as many again: otherwise the next change would
-- pause it before the worker has sent any of them.

create or replace function app.max_waiting() returns integer
language sql immutable parallel safe
return 10000;

comment on function app.max_waiting is
  'How many deliveries may wait for a webhook that is failing; twice as many for any other.';

grant execute on function app.max_waiting to task_api, task_worker, task_keeper;
