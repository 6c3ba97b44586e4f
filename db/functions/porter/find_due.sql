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
