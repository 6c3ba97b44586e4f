-- POST /webhooks/{id}/test. For a paused webhook the test waits with its other deliveries.

create or replace function api.test_webhook(
  id uuid, out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_webhook constant app.webhooks := app.read_webhook(id, null, null);
  v_task app.tasks := app.empty_task();
  v_delivery uuid;
begin
  v_task.id := gen_random_uuid();
  v_task.user_id := v_webhook.user_id;
  v_task.title := 'A test of your webhook';
  v_task.created_at := date_trunc('second', now());
  v_task.updated_at := v_task.created_at;
  v_task.due_date := v_task.created_at + interval '1 hour';
  v_task.reminder_at := v_task.created_at;
  insert into app.deliveries (webhook_id, type, number, payload)
  values (v_webhook.id, 'test', 0, app.render_event('test', now(), 0, app.render_task(v_task)))
  returning deliveries.id into v_delivery;
  if v_webhook.paused is not null then
    perform app.hold_deliveries(v_webhook.id, true);
  end if;
  status := 202;
  headers := '{}';
  response := concat('{"id":"', v_delivery, '"}');
end $$;

comment on function api.test_webhook is 'Sends an event of the type test to a webhook.';

grant execute on function api.test_webhook to task_api;
