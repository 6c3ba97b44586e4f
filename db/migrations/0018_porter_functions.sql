-- migrate:up

-- A copy of db/functions/porter, written by make functions: change it there.

set local role task_porter;

-- begin db/functions/porter/find_due.sql
-- The worker must find the users of due reminders and deliveries before it can act as one of them. Definer:
-- owned by task_porter, which may read the columns here, and no text. At most five of a webhook, so that none
-- keeps the others waiting.

create or replace function porter.find_due(
  "limit" integer, out user_id text, out kind text, out id uuid, out webhook_id uuid, out due_at timestamptz)
returns setof record
language sql stable security definer
set search_path = ''
as $$
  select due.user_id, due.kind, due.id, due.webhook_id, due.due_at
  from (
    (select reminder.user_id, 'reminder' as kind, reminder.id, null::uuid as webhook_id,
      reminder.remind_at as due_at
    from app.reminders as reminder
    where reminder.remind_at <= now()
    order by reminder.remind_at
    limit find_due."limit")
    union all
    (select placed.user_id, 'delivery' as kind, placed.id, placed.webhook_id, placed.due_at
    from (
      select
        delivery.user_id, delivery.id, delivery.webhook_id, delivery.due_at,
        row_number() over (
          partition by delivery.user_id, delivery.webhook_id order by delivery.due_at) as place
      from app.deliveries as delivery
      where delivery.due_at <= now()) as placed
    where placed.place <= 5
    order by placed.due_at
    limit find_due."limit")
  ) as due
  order by due.due_at
  limit find_due."limit"
$$;

comment on function porter.find_due is
  'Definer, because no user is known yet: users and ids of the reminders and deliveries that are due, '
  'earliest first.';

grant execute on function porter.find_due to task_worker;
-- end db/functions/porter/find_due.sql

-- begin db/functions/porter/measure_queue.sql
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
-- end db/functions/porter/measure_queue.sql

-- begin db/functions/porter/open_pass.sql
-- Before a pass is opened there is no user, so no policy for one's own rows can hold. Definer: owned by
-- task_porter, which may read the digests of passes and what is returned here, and nothing else. The caller
-- must know the digest of a token of 256 random bits. The answer is the user of the pass; all else is read
-- under that user's own policies.

create or replace function porter.open_pass(
  digest bytea,
  out user_id text, out id uuid, out scope text, out expires_at timestamptz, out used_today boolean)
returns record
language sql stable security definer
set search_path = ''
as $$
  select
    pass.user_id, pass.id, pass.scope, pass.expires_at,
    coalesce(pass.last_used_on = (now() at time zone 'UTC')::date, false)
  from app.passes as pass
  where pass.digest = open_pass.digest and pass.expires_at > now()
  limit 1
$$;

comment on function porter.open_pass is
  'Definer, because no user is known yet: the user of the pass with this digest, and its scope; nulls for no '
  'valid pass.';

grant execute on function porter.open_pass to task_api;
-- end db/functions/porter/open_pass.sql

reset role;

-- migrate:down

set local role task_porter;

-- drop db/functions/porter/open_pass.sql
drop function porter.open_pass;

-- drop db/functions/porter/measure_queue.sql
drop function porter.measure_queue;

-- drop db/functions/porter/find_due.sql
drop function porter.find_due;

reset role;
