-- Totals are kept in the transaction of every change, so that they cost the same for 100 tasks and for 50,000.
-- Definer, because totals must be right: the service may read its user's counts and not write them, and a change that a DBA
-- makes by direct SQL is counted as well. It takes the user from the row, which row-level security let through.

create or replace function keeper.count_task() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    perform keeper.add_to_task_count(new.user_id, new.priority, (not new.completed)::integer, new.completed::integer);
  elsif tg_op = 'DELETE' then
    perform keeper.add_to_task_count(old.user_id, old.priority, -(not old.completed)::integer, -old.completed::integer);
  elsif (old.user_id, old.priority) = (new.user_id, new.priority) then
    perform keeper.add_to_task_count(
      new.user_id, new.priority,
      (not new.completed)::integer - (not old.completed)::integer, new.completed::integer - old.completed::integer);
  -- Two rows change, always in the same order, so that two such changes can't wait for each other.
  elsif (old.user_id, old.priority) < (new.user_id, new.priority) then
    perform keeper.add_to_task_count(old.user_id, old.priority, -(not old.completed)::integer, -old.completed::integer);
    perform keeper.add_to_task_count(new.user_id, new.priority, (not new.completed)::integer, new.completed::integer);
  else
    perform keeper.add_to_task_count(new.user_id, new.priority, (not new.completed)::integer, new.completed::integer);
    perform keeper.add_to_task_count(old.user_id, old.priority, -(not old.completed)::integer, -old.completed::integer);
  end if;
  return null;
end $$;

comment on function keeper.count_task is
  'Definer, so that totals stay right whoever makes a change, and nobody else may write them: counts each change of a task.';

grant execute on function keeper.count_task to task_owner;
