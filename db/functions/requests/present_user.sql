-- For the policies of a database whose rows are spread over machines (db/citus). A machine where no user is
-- set was asked about rows that are not its own: the call was not passed on, or the rows are being moved.
-- That must be an error to be tried again (503), and never an empty list or a 404.

create or replace function app.present_user() returns text
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  v_user constant text := app.user_id();
begin
  if v_user is null then
    raise exception 'no user is set on this machine' using errcode = '40001';
  end if;
  return v_user;
end $$;

comment on function app.present_user is
  'The user of the present statement; raises 40001 where none is set.';

grant execute on function app.present_user to task_api, task_worker;
