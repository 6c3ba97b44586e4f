-- The inverse of time_of, and immutable as that is: the difference of two times needs no time zone.

create or replace function app.version_of(moment timestamptz) returns bigint
language sql immutable parallel safe
return (extract(epoch from moment - '1970-01-01 00:00:00Z'::timestamptz) * 1000000)::bigint;

comment on function app.version_of is 'The version that an updated_at stands for: microseconds since 1970.';

grant execute on function app.version_of to task_api, task_worker;
