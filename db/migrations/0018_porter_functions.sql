-- migrate:up

-- A copy of db/functions/porter, written by make functions: change it there.

set local role task_porter;

-- begin db/functions/porter/find_due.sql
-- The worker must find the users of due reminders and deliveries before it can act as one of them. Definer:
-- owned by task_porter, which may read the columns here, and no text.
--
-- Users and webhooks stand in line, not their reminders and deliveries: app.task_counts.remind_at and
-- app.webhooks.due_at are their places, and each turn sends them to the end. So what one of them has waiting
-- costs nothing here and hides nobody. Webhooks that fail have a line of their own: however many there are,
-- the others come first in theirs.
--
-- A place is never later than what is due, but may be earlier, for example when a task with a reminder was
-- deleted, or a delivery arrived. Then id is null, and the worker's call sets the place right.

create or replace function porter.find_due(
  "limit" integer,
  out user_id text, out kind text, out id uuid, out webhook_id uuid, out due_at timestamptz,
  out failing boolean)
returns setof record
language plpgsql stable security definer
set search_path = ''
as $$
declare
  c_max_of_user constant integer := 10;
  c_max_of_webhook constant integer := 5;
  v_now constant timestamptz := now();
  v_users text[];
  v_webhooks uuid[];
  v_share integer;
begin
  kind := 'reminder';
  failing := false;
  v_users := array(
    select counts.user_id from app.task_counts as counts
    where counts.remind_at <= v_now
    order by counts.remind_at
    limit "limit");
  v_share := greatest(1, least(c_max_of_user, "limit" / greatest(1, cardinality(v_users))));
  foreach user_id in array v_users loop
    return query
    select reminder.user_id, find_due.kind, reminder.id, null::uuid, reminder.remind_at, find_due.failing
    from app.reminders as reminder
    where reminder.user_id = find_due.user_id and reminder.remind_at <= v_now
    order by reminder.remind_at
    limit v_share;
    if not found then
      due_at := v_now;
      return next;
    end if;
  end loop;

  kind := 'delivery';
  foreach failing in array array[false, true] loop
    if failing then
      select array_agg(place.user_id), array_agg(place.id) into v_users, v_webhooks
      from (
        select webhook.user_id, webhook.id from app.webhooks as webhook
        where webhook.failing_since is not null and webhook.due_at <= v_now
        order by webhook.due_at
        limit "limit") as place;
    else
      select array_agg(place.user_id), array_agg(place.id) into v_users, v_webhooks
      from (
        select webhook.user_id, webhook.id from app.webhooks as webhook
        where webhook.failing_since is null and webhook.due_at <= v_now
        order by webhook.due_at
        limit "limit") as place;
    end if;
    v_share := greatest(1, least(c_max_of_webhook, "limit" / greatest(1, cardinality(v_webhooks))));
    for place in 1 .. coalesce(cardinality(v_webhooks), 0) loop
      user_id := v_users[place];
      webhook_id := v_webhooks[place];
      return query
      select delivery.user_id, find_due.kind, delivery.id, delivery.webhook_id, delivery.due_at,
        find_due.failing
      from app.deliveries as delivery
      where delivery.user_id = find_due.user_id and delivery.webhook_id = find_due.webhook_id
        and delivery.due_at <= v_now
      order by delivery.due_at
      limit v_share;
      if not found then
        due_at := v_now;
        return next;
      end if;
    end loop;
  end loop;
end $$;

comment on function porter.find_due is
  'Definer, because no user is known yet: users and ids of the reminders and deliveries that are due, a few '
  'of each user or webhook, those first that have waited longest for their turn.';

grant execute on function porter.find_due to task_worker;
-- end db/functions/porter/find_due.sql

-- begin db/functions/porter/measure_queue.sql
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
