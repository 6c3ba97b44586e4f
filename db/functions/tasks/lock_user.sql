-- All writes of a user through the service form one line, so that none can wait for another in a circle, and
-- what one has read stays as it was until it has written. Users never wait for each other, but where two ids
-- have one hash.

create or replace function app.lock_user() returns void
language sql volatile
return pg_advisory_xact_lock(hashtextextended(app.require_user_id(), 0));

comment on function app.lock_user is
  'Makes the other writes of the present user wait until this transaction ends.';

grant execute on function app.lock_user to task_api, task_worker;
