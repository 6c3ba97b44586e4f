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
