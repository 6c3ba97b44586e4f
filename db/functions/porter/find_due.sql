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
