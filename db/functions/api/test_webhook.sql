-- POST /webhooks/{id}/test. For a paused webhook the test waits with its other deliveries. One test waits at
-- most: asked again, it is that one, and is sent now.

create or replace function api.test_webhook(
  id uuid, out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_now constant timestamptz := now();
  v_webhook app.webhooks;
  v_task app.tasks := app.empty_task();
  v_delivery uuid;
  v_due timestamptz;
begin
  perform app.lock_user();
  perform app.read_webhook(id, null, null);
  select * into v_webhook from app.webhooks as webhook
  where webhook.user_id = v_user and webhook.id = test_webhook.id
  for no key update;
  select waiting.id into v_delivery from app.deliveries as waiting
  where waiting.user_id = v_user and waiting.webhook_id = v_webhook.id and waiting.state = 'waiting'
    and waiting.task_id is null;
  if found then
    update app.deliveries as waiting
    set due_at = v_now
    where waiting.user_id = v_user and waiting.id = v_delivery and not waiting.claimed;
    if v_webhook.paused is null then
      v_due := app.next_due(v_webhook.id);
    end if;
    update app.webhooks as webhook
    set due_at = v_due
    where webhook.user_id = v_user and webhook.id = v_webhook.id;
  else
    v_task.id := gen_random_uuid();
    v_task.user_id := v_user;
    v_task.title := 'A test of your webhook';
    v_task.created_at := date_trunc('second', v_now);
    v_task.updated_at := v_task.created_at;
    v_task.due_date := v_task.created_at + interval '1 hour';
    v_task.reminder_at := v_task.created_at;
    insert into app.deliveries (webhook_id, type, number, payload)
    values (v_webhook.id, 'test', 0, app.render_event('test', v_now, 0, app.render_task(v_task)))
    returning deliveries.id into v_delivery;
    perform app.add_waiting(v_user, v_webhook.id);
  end if;
  status := 202;
  headers := '{}';
  response := concat('{"id":"', v_delivery, '"}');
end $$;

comment on function api.test_webhook is
  'Sends an event of the type test to a webhook; if one waits, that one.';

grant execute on function api.test_webhook to task_api;
