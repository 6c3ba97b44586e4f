-- ISO 8601: calendar, ordinal and week dates, extended or basic. Without an offset UTC is meant, without a
-- time midnight. Of a fraction microseconds are kept, and the rest is cut off: rounding could lead into the
-- next day. The second 60 is the first of the next minute.

create or replace function app.parse_any_time("text" text) returns timestamptz
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  v_parts text[];
  v_date text;
begin
  v_parts := regexp_match(
    "text",
    '^(?:(\d{4})-?W(\d{2})-?([1-7])|(\d{4}-\d{2}-\d{2}|\d{8}|\d{4}-?(?!000)\d{3}))'
    '(?:[Tt ](\d{2})(?::?(\d{2})(?::?(\d{2})(?:[.,](\d+))?)?)?'
    '(?:[Zz]|([+-])([01]\d|2[0-3])(?::?([0-5]\d))?)?)?$');
  if v_parts is null then
    return null;
  end if;
  v_date := v_parts[4];
  if v_date is null then
    v_date := to_char(to_date(v_parts[1] || v_parts[2] || v_parts[3], 'IYYYIWID'), 'YYYY-MM-DD');
    if to_char(v_date::timestamp, 'IYYYIWID') <> v_parts[1] || v_parts[2] || v_parts[3] then
      return null;
    end if;
  elsif v_date ~ '^\d{4}-?\d{3}$' then
    v_date := to_char(to_date(replace(v_date, '-', ''), 'YYYYDDD'), 'YYYY-MM-DD');
  end if;
  -- PostgreSQL itself reads offsets of less than 16 hours only.
  return format(
    '%s %s:%s:%sZ',
    v_date, coalesce(v_parts[5], '00'), coalesce(v_parts[6], '00'),
    concat_ws(
      '.', case v_parts[7] when '60' then '59' else coalesce(v_parts[7], '00') end, left(v_parts[8], 6))
    )::timestamptz
    + case v_parts[7] when '60' then interval '1 second' else '0' end
    - coalesce((v_parts[9] || v_parts[10] || ':' || coalesce(v_parts[11], '00'))::interval, '0');
exception when datetime_field_overflow or invalid_datetime_format or invalid_time_zone_displacement_value then
  return null;
end $$;

comment on function app.parse_any_time is
  'The time that an ISO 8601 text means, or null where it means none.';

grant execute on function app.parse_any_time to task_api;
