-- For a database whose rows are spread over machines (db/citus). Citus checks no policy where an insert …
-- select writes a row that stays on its machine, and needs the right to write user_id: a trigger guards it,
-- for every role that policies apply to but task_keeper.

create or replace function app.refuse_other_users() returns trigger
language plpgsql volatile
set search_path = ''
as $$
begin
  if row_security_active(tg_relid) and new.user_id is distinct from app.present_user() then
    raise exception 'a row of another user' using errcode = '42501';
  end if;
  return new;
end $$;

comment on function app.refuse_other_users is 'Raises 42501 where the new row is not the present user''s.';
