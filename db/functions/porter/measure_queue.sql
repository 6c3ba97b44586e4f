-- Definer, as find_due: the numbers of the worker's metrics, of all users together.

create or replace function porter.measure_queue(out waiting bigint, out oldest double precision)
returns record
language sql stable security definer
set search_path = ''
as $$
  select
    count(*),
    coalesce(extract(epoch from now() - least(
      min(delivery.due_at),
      (select min(reminder.remind_at) from app.reminders as reminder))), 0)
  from app.deliveries as delivery
  where delivery.due_at is not null
$$;

comment on function porter.measure_queue is
  'Definer, because it counts for all users: deliveries that wait, and by how many seconds the oldest work '
  'is late.';

grant execute on function porter.measure_queue to task_worker;
