-- Definer, because totals must be right: the service may read its user's counts and not write them, and a
-- change that a DBA makes by direct SQL is counted as well. It takes the user from the row, which row-level
-- security let through. A task that moves to another user is a deletion here and a creation there; the rows
-- are locked in the order of the users.

create or replace function keeper.count_task() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
declare
  -- Where the rows are spread over machines (db/citus), the rows of a trigger have a type of their own.
  v_old constant app.tasks := old;
  v_new constant app.tasks := new;
begin
  if tg_op = 'INSERT' then
    perform keeper.count_change(new.user_id, null, v_new);
  elsif tg_op = 'DELETE' then
    perform keeper.count_change(old.user_id, v_old, null);
  elsif old.user_id = new.user_id then
    perform keeper.count_change(new.user_id, v_old, v_new);
  elsif old.user_id < new.user_id then
    perform keeper.count_change(old.user_id, v_old, null);
    perform keeper.count_change(new.user_id, null, v_new);
  else
    perform keeper.count_change(new.user_id, null, v_new);
    perform keeper.count_change(old.user_id, v_old, null);
  end if;
  return null;
end $$;

comment on function keeper.count_task is
  'Definer, because nobody else may write totals: counts a change by direct SQL.';

grant execute on function keeper.count_task to task_owner;
