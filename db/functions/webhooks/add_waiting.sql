-- Called after a delivery was written: by task_keeper in the transaction of a change, by the service and the
-- worker as their user. Nothing else bounds what waits while no worker runs, or while a receiver is slower
-- than the changes come. The update locks the row to the commit: see next_due.

create or replace function app.add_waiting(user_id text, webhook_id uuid) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  v_now constant timestamptz := now();
  v_waiting integer;
  v_failing_since timestamptz;
  v_updated_at timestamptz;
begin
  update app.webhooks as webhook
  set waiting = webhook.waiting + 1,
    due_at = case when webhook.paused is null then least(webhook.due_at, v_now) end
  where webhook.user_id = $1 and webhook.id = $2
  returning
    case when webhook.paused is null then webhook.waiting end, webhook.failing_since, webhook.updated_at
  into v_waiting, v_failing_since, v_updated_at;
  if v_waiting >= (app.max_waiting() * case when v_failing_since is null then 2 else 1 end) then
    v_updated_at := greatest(v_now, v_updated_at + interval '1 microsecond');
    update app.webhooks as webhook
    set paused = 'failing', due_at = null, failing_since = coalesce(webhook.failing_since, v_now),
      updated_at = v_updated_at
    where webhook.user_id = $1 and webhook.id = $2;
  end if;
end $$;

comment on function app.add_waiting is
  'Counts a delivery that was written, and lets its webhook have a turn; pauses the webhook where too many '
  'wait.';

grant execute on function app.add_waiting to task_api, task_worker, task_keeper;
