-- All writes of a user through the service form one line, so that none can wait for another in a circle, and
-- what one has read stays as it was until it has written. Users never wait for each other, but where two ids
-- have one hash.
--
-- It returns something, so that it can be assigned: "perform" is a query of its own.

create or replace function app.lock_user() returns text
language sql volatile
return case
  when pg_advisory_xact_lock(hashtextextended(app.require_user_id(), 0)) is not null then app.user_id()
end;

comment on function app.lock_user is
  'Makes the other writes of the present user wait until this transaction ends; returns the user.';

grant execute on function app.lock_user to task_api, task_worker;
