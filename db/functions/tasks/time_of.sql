-- A version is a time, exact to the microsecond.

create or replace function app.time_of(version bigint) returns timestamptz
language sql immutable parallel safe
-- Double precision tells microseconds apart until the year 2242.
return to_timestamp(version / 1000000::double precision);

comment on function app.time_of is 'The time that a version stands for: updated_at.';

grant execute on function app.time_of to task_api, task_worker, task_keeper;
