-- Of a webhook that is paused nothing is due. What is being sent is settled by finish_delivery.

create or replace function app.hold_deliveries(webhook_id uuid, hold boolean) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_due_at constant timestamptz := case when not hold then now() end;
begin
  update app.deliveries as delivery
  set due_at = v_due_at
  where delivery.user_id = v_user and delivery.webhook_id = hold_deliveries.webhook_id
    and delivery.state = 'waiting' and (delivery.due_at is null) <> hold and not (hold and delivery.claimed);
end $$;

comment on function app.hold_deliveries is 'Holds what waits for a webhook, or lets it go on.';

grant execute on function app.hold_deliveries to task_api, task_worker;
