-- What waits is tried at once, but for what is being sent. The number of what waits is counted anew.

create or replace function app.resume_webhook(id uuid) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_now constant timestamptz := now();
  v_waiting integer;
  v_due timestamptz;
begin
  update app.deliveries as delivery
  set due_at = v_now
  where delivery.user_id = v_user and delivery.webhook_id = resume_webhook.id
    and delivery.state = 'waiting' and delivery.due_at > v_now and not delivery.claimed;
  select count(*) into v_waiting from app.deliveries as delivery
  where delivery.user_id = v_user and delivery.webhook_id = resume_webhook.id and delivery.state = 'waiting';
  v_due := app.next_due(id);
  update app.webhooks as webhook
  set due_at = v_due, waiting = v_waiting
  where webhook.user_id = v_user and webhook.id = resume_webhook.id;
end $$;

comment on function app.resume_webhook is 'Lets what waits for a webhook go on.';

grant execute on function app.resume_webhook to task_api;
