-- A member of a body, read strictly: "yesterday" is not a time.

create or replace function app.read_time(body jsonb, field text) returns timestamptz
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  v_text constant text := app.read_text(body, field);
  v_time constant timestamptz := app.parse_time(v_text);
begin
  if v_time is null and v_text is not null then
    perform app.refuse(
      field, 'datetime_format', 'must be an ISO 8601 date-time, for example 2026-01-10T17:00:00Z');
  end if;
  return v_time;
end $$;

comment on function app.read_time is
  'The time, or null; raises DT400 where it is anything but an ISO 8601 string.';

grant execute on function app.read_time to task_api;
