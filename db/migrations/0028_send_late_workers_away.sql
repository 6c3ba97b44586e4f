-- migrate:up

set local role task_owner;

-- begin db/functions/api/fire_reminder.sql
-- Called by the worker, as the user of the reminder. It is taken in the transaction that writes its
-- deliveries; of several workers one finds it, and one that comes too late waits for no lock. The user goes
-- to the end of the line of porter.find_due, or waits there for the next reminder.

create or replace function api.fire_reminder(id uuid, at bigint) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_fired boolean;
  v_late boolean;
  v_task app.tasks;
  v_payload text;
  v_webhook uuid;
  v_count integer := 0;
  v_next timestamptz;
begin
  if id is not null and not exists (
    select from app.reminders as reminder
    where reminder.user_id = v_user and reminder.id = fire_reminder.id
      and reminder.remind_at = app.time_of(at))
  then
    return 'null';
  end if;
  perform app.lock_user();
  delete from app.reminders as reminder
  where reminder.user_id = v_user and reminder.id = fire_reminder.id and reminder.remind_at = app.time_of(at)
  returning reminder.remind_at < now() - interval '24 hours' into v_late;
  v_fired := found;
  if v_fired then
    select * into v_task from app.tasks as task where task.user_id = v_user and task.id = fire_reminder.id;
    v_payload := app.render_event('task.reminder', now(), v_task.version, app.render_task(v_task));
    for v_webhook in
      select webhook.id from app.webhooks as webhook
      where webhook.user_id = v_user and webhook.paused is null and 'task.reminder' = any(webhook.events)
      order by webhook.id
    loop
      v_count := v_count + 1;
      if v_late then
        insert into app.deliveries (webhook_id, type, task_id, number, payload, state, due_at, error,
          finished_at)
        values (v_webhook, 'task.reminder', v_task.id, v_task.version, v_payload, 'failed', null, 'too late',
          now());
      else
        insert into app.deliveries (webhook_id, type, task_id, number, payload)
        values (v_webhook, 'task.reminder', v_task.id, v_task.version, v_payload);
        perform app.add_waiting(v_user, v_webhook);
      end if;
    end loop;
  end if;
  select reminder.remind_at into v_next from app.reminders as reminder
  where reminder.user_id = v_user
  order by reminder.remind_at
  limit 1;
  if v_next is not null then
    v_next := greatest(v_next, now());
  end if;
  update app.task_counts as counts set remind_at = v_next where counts.user_id = v_user;
  return case when v_fired then to_jsonb(v_count) else 'null' end;
end $$;

comment on function api.fire_reminder is
  'Writes the deliveries of a reminder that is due; returns their number, or null where it is no longer due. '
  'For the worker.';

grant execute on function api.fire_reminder to task_worker;
-- end db/functions/api/fire_reminder.sql

-- begin db/functions/api/take_delivery.sql
-- Called by the worker, as the user of the delivery. The claim is by compare-and-set on due_at and ends after
-- 60 seconds, so no lock is held while the request runs, and a worker that dies loses nothing. A worker that
-- comes too late for it waits for no lock. An event waits for the earlier ones of its task and webhook;
-- finish_delivery wakes it. The webhook has had its turn, and goes to the end of the line of porter.find_due.

create or replace function api.take_delivery(id uuid, at bigint, webhook_id uuid) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  -- Bytes of a body of the user's own, when it is filled in. An event is smaller.
  c_max_body constant integer := 65536;
  v_user constant text := app.require_user_id();
  v_at constant timestamptz := app.time_of(at);
  v_claim constant timestamptz := now() + interval '60 seconds';
  v_delivery app.deliveries;
  v_earlier timestamptz;
  v_webhook app.webhooks;
  v_next timestamptz;
  v_body text;
begin
  if id is not null and not exists (
    select from app.deliveries as delivery
    where delivery.user_id = v_user and delivery.id = take_delivery.id and delivery.due_at = v_at)
  then
    return 'null';
  end if;
  select * into v_webhook from app.webhooks as webhook
  where webhook.user_id = v_user and webhook.id = take_delivery.webhook_id
  for no key update;
  if not found or v_webhook.paused is not null then
    return 'null';
  end if;
  select * into v_delivery from app.deliveries as delivery
  where delivery.user_id = v_user and delivery.id = take_delivery.id and delivery.due_at = v_at
    and delivery.webhook_id = v_webhook.id;
  if not found and id is not null then
    return 'null';
  end if;
  if v_delivery.type not in ('task.reminder', 'test') then
    select min(earlier.due_at) into v_earlier from app.deliveries as earlier
    where earlier.user_id = v_user and earlier.webhook_id = v_delivery.webhook_id
      and earlier.task_id = v_delivery.task_id
      and earlier.number < v_delivery.number and earlier.state = 'waiting'
      and earlier.type <> 'task.reminder';
  end if;
  if v_earlier is not null then
    v_earlier := greatest(v_earlier, now()) + interval '1 second';
    update app.deliveries as delivery
    set due_at = v_earlier
    where delivery.user_id = v_user and delivery.id = v_delivery.id;
  else
    update app.deliveries as delivery
    set due_at = v_claim, claimed = true, attempts = delivery.attempts + 1
    where delivery.user_id = v_user and delivery.id = v_delivery.id
    returning * into v_delivery;
  end if;
  v_next := app.next_due(v_webhook.id);
  update app.webhooks as webhook
  set due_at = v_next
  where webhook.user_id = v_user and webhook.id = v_webhook.id;
  if v_delivery.id is null or v_earlier is not null then
    return 'null';
  end if;
  v_body := v_delivery.payload;
  if v_webhook.body is not null then
    v_body := app.fill_template(v_webhook.body,
      app.template_values(v_delivery.payload::jsonb, v_webhook.timezone))::text;
    if octet_length(v_body) > c_max_body then
      v_body := null;
    end if;
  end if;
  return jsonb_build_object(
    'url', v_webhook.url,
    'webhook_id', v_webhook.id,
    'headers', v_webhook.headers,
    'generations', case when v_webhook.rotated_at > now() - interval '24 hours'
      then array[v_webhook.generation, v_webhook.generation - 1] else array[v_webhook.generation] end,
    'type', v_delivery.type,
    'attempts', v_delivery.attempts,
    'body', v_body);
end $$;

comment on function api.take_delivery is
  'Claims a delivery for 60 seconds and returns the request to send; its body is null where it would be too '
  'large. Null where the delivery is no longer due. For the worker.';

grant execute on function api.take_delivery to task_worker;
-- end db/functions/api/take_delivery.sql

reset role;

-- migrate:down

set local role task_owner;

-- begin db/functions/api/fire_reminder.sql
-- Called by the worker, as the user of the reminder. It is taken in the transaction that writes its
-- deliveries; of several workers one finds it. In any case the user goes to the end of the line of
-- porter.find_due, or waits there for the next reminder.

create or replace function api.fire_reminder(id uuid, at bigint) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_fired boolean;
  v_late boolean;
  v_task app.tasks;
  v_payload text;
  v_webhook uuid;
  v_count integer := 0;
  v_next timestamptz;
begin
  perform app.lock_user();
  delete from app.reminders as reminder
  where reminder.user_id = v_user and reminder.id = fire_reminder.id and reminder.remind_at = app.time_of(at)
  returning reminder.remind_at < now() - interval '24 hours' into v_late;
  v_fired := found;
  if v_fired then
    select * into v_task from app.tasks as task where task.user_id = v_user and task.id = fire_reminder.id;
    v_payload := app.render_event('task.reminder', now(), v_task.version, app.render_task(v_task));
    for v_webhook in
      select webhook.id from app.webhooks as webhook
      where webhook.user_id = v_user and webhook.paused is null and 'task.reminder' = any(webhook.events)
      order by webhook.id
    loop
      v_count := v_count + 1;
      if v_late then
        insert into app.deliveries (webhook_id, type, task_id, number, payload, state, due_at, error,
          finished_at)
        values (v_webhook, 'task.reminder', v_task.id, v_task.version, v_payload, 'failed', null, 'too late',
          now());
      else
        insert into app.deliveries (webhook_id, type, task_id, number, payload)
        values (v_webhook, 'task.reminder', v_task.id, v_task.version, v_payload);
        perform app.add_waiting(v_user, v_webhook);
      end if;
    end loop;
  end if;
  select reminder.remind_at into v_next from app.reminders as reminder
  where reminder.user_id = v_user
  order by reminder.remind_at
  limit 1;
  if v_next is not null then
    v_next := greatest(v_next, now());
  end if;
  update app.task_counts as counts set remind_at = v_next where counts.user_id = v_user;
  return case when v_fired then to_jsonb(v_count) else 'null' end;
end $$;

comment on function api.fire_reminder is
  'Writes the deliveries of a reminder that is due; returns their number, or null where it is no longer due. '
  'For the worker.';

grant execute on function api.fire_reminder to task_worker;
-- end db/functions/api/fire_reminder.sql

-- begin db/functions/api/take_delivery.sql
-- Called by the worker, as the user of the delivery. The claim is by compare-and-set on due_at and ends after
-- 60 seconds, so no lock is held while the request runs, and a worker that dies loses nothing. An event waits
-- for the earlier ones of its task and webhook; finish_delivery wakes it. The webhook has had its turn, and
-- goes to the end of the line of porter.find_due.

create or replace function api.take_delivery(id uuid, at bigint, webhook_id uuid) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  -- Bytes of a body of the user's own, when it is filled in. An event is smaller.
  c_max_body constant integer := 65536;
  v_user constant text := app.require_user_id();
  v_at constant timestamptz := app.time_of(at);
  v_claim constant timestamptz := now() + interval '60 seconds';
  v_delivery app.deliveries;
  v_earlier timestamptz;
  v_webhook app.webhooks;
  v_next timestamptz;
  v_body text;
begin
  select * into v_webhook from app.webhooks as webhook
  where webhook.user_id = v_user and webhook.id = take_delivery.webhook_id
  for no key update;
  if not found or v_webhook.paused is not null then
    return 'null';
  end if;
  select * into v_delivery from app.deliveries as delivery
  where delivery.user_id = v_user and delivery.id = take_delivery.id and delivery.due_at = v_at
    and delivery.webhook_id = v_webhook.id;
  if not found and id is not null then
    return 'null';
  end if;
  if v_delivery.type not in ('task.reminder', 'test') then
    select min(earlier.due_at) into v_earlier from app.deliveries as earlier
    where earlier.user_id = v_user and earlier.webhook_id = v_delivery.webhook_id
      and earlier.task_id = v_delivery.task_id
      and earlier.number < v_delivery.number and earlier.state = 'waiting'
      and earlier.type <> 'task.reminder';
  end if;
  if v_earlier is not null then
    v_earlier := greatest(v_earlier, now()) + interval '1 second';
    update app.deliveries as delivery
    set due_at = v_earlier
    where delivery.user_id = v_user and delivery.id = v_delivery.id;
  else
    update app.deliveries as delivery
    set due_at = v_claim, claimed = true, attempts = delivery.attempts + 1
    where delivery.user_id = v_user and delivery.id = v_delivery.id
    returning * into v_delivery;
  end if;
  v_next := app.next_due(v_webhook.id);
  update app.webhooks as webhook
  set due_at = v_next
  where webhook.user_id = v_user and webhook.id = v_webhook.id;
  if v_delivery.id is null or v_earlier is not null then
    return 'null';
  end if;
  v_body := v_delivery.payload;
  if v_webhook.body is not null then
    v_body := app.fill_template(v_webhook.body,
      app.template_values(v_delivery.payload::jsonb, v_webhook.timezone))::text;
    if octet_length(v_body) > c_max_body then
      v_body := null;
    end if;
  end if;
  return jsonb_build_object(
    'url', v_webhook.url,
    'webhook_id', v_webhook.id,
    'headers', v_webhook.headers,
    'generations', case when v_webhook.rotated_at > now() - interval '24 hours'
      then array[v_webhook.generation, v_webhook.generation - 1] else array[v_webhook.generation] end,
    'type', v_delivery.type,
    'attempts', v_delivery.attempts,
    'body', v_body);
end $$;

comment on function api.take_delivery is
  'Claims a delivery for 60 seconds and returns the request to send; its body is null where it would be too '
  'large. Null where the delivery is no longer due. For the worker.';

grant execute on function api.take_delivery to task_worker;
-- end db/functions/api/take_delivery.sql

reset role;
