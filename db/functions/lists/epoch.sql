-- Numbers mean something in one history of the database only. A restore from a backup or a promoted standby
-- begins another. Where the rows are spread over machines (db/citus), these have one history in common, or a
-- user whose rows are moved would have to begin anew.

create or replace function app.epoch() returns text
language plpgsql stable
set search_path = ''
as $$
begin
  if to_regproc('spread.epoch') is not null then
    return spread.epoch();
  end if;
  return left(md5(format(
    '%s/%s', (pg_control_system()).system_identifier, (pg_control_checkpoint()).timeline_id)), 8);
exception when insufficient_privilege then
  -- Some providers keep these functions to themselves.
  return '00000000';
end $$;

comment on function app.epoch is
  'The history of the database that numbers belong to, as 8 hexadecimal digits.';

grant execute on function app.epoch to task_api;
