-- Definer, as find_due: the numbers of the worker's metrics, of all users together. How late the work is, the
-- places in line tell; webhooks that fail wait for their receivers, so they do not count.

create or replace function porter.measure_queue(out waiting bigint, out oldest double precision)
returns record
language sql stable security definer
set search_path = ''
as $$
  select
    coalesce((
      select sum(webhook.waiting) from app.webhooks as webhook where webhook.due_at is not null), 0)::bigint,
    coalesce(extract(epoch from now() - least(
      (select min(webhook.due_at) from app.webhooks as webhook
      where webhook.due_at is not null and webhook.failing_since is null),
      (select min(counts.remind_at) from app.task_counts as counts))), 0)
$$;

comment on function porter.measure_queue is
  'Definer, because it counts for all users: deliveries that wait for active webhooks, and by how many '
  'seconds the user or webhook that has waited longest for its turn is late.';

grant execute on function porter.measure_queue to task_worker;
