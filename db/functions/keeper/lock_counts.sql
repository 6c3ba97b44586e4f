-- A transaction that changes several tasks locks all totals of the user before, in the order of count_task:
-- else it could wait for one that waits for it. Definer, because the service may not write totals, and so may
-- not lock them.

create or replace function keeper.lock_counts() returns void
language plpgsql volatile security definer
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
begin
  -- One that is missing can't be locked.
  insert into app.task_counts (user_id, priority)
  values (v_user, 'High'), (v_user, 'Low'), (v_user, 'Medium')
  on conflict (user_id, priority) do nothing;
  perform from app.task_counts as counted
  where counted.user_id = v_user order by counted.priority for no key update;
end $$;

comment on function keeper.lock_counts is
  'Definer, because the service may not write them: locks the totals of the user until the end of the '
  'transaction.';

grant execute on function keeper.lock_counts to task_api;
