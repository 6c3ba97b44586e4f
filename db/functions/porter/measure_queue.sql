-- Definer, as find_due: the numbers of the worker's metrics, of all users together. How late the work is, the
-- places in line tell; webhooks that fail wait for their receivers, so they do not count.

create or replace function porter.measure_queue(out waiting bigint, out oldest double precision)
returns record
language sql stable security definer
set search_path = ''
as $$
  select coalesce(webhooks.waiting, 0)::bigint,
    coalesce(extract(epoch from now() - least(webhooks.due_at, reminders.remind_at)), 0)
  from (
    select sum(webhook.waiting) as waiting,
      min(webhook.due_at) filter (where webhook.failing_since is null) as due_at
    from app.webhooks as webhook
    where webhook.due_at is not null) as webhooks
  cross join (select min(counts.remind_at) as remind_at from app.task_counts as counts) as reminders
$$;

comment on function porter.measure_queue is
  'Definer, because it counts for all users: deliveries that wait for active webhooks, and by how many '
  'seconds the user or webhook that has waited longest for its turn is late.';

grant execute on function porter.measure_queue to task_worker;
