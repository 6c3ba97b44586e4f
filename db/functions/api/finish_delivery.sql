-- Called by the worker, as the user of the delivery, only while the claim is its own: attempts is then
-- unchanged. The times between attempts are those of Standard Webhooks.

create or replace function api.finish_delivery(
  id uuid, attempts integer, http_status integer, error text, retry_after integer) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  -- 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h.
  c_waits constant integer[] := array[5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400];
  v_user constant text := app.require_user_id();
  v_now constant timestamptz := now();
  v_delivery app.deliveries;
  v_webhook app.webhooks;
  v_state text := 'waiting';
  v_due timestamptz;
begin
  perform app.lock_user();
  select * into v_delivery from app.deliveries as delivery
  where delivery.user_id = v_user and delivery.id = finish_delivery.id;
  select * into v_webhook from app.webhooks as webhook
  where webhook.user_id = v_user and webhook.id = v_delivery.webhook_id
  for no key update;
  -- Again, now that nobody else can take it.
  select * into v_delivery from app.deliveries as delivery
  where delivery.user_id = v_user and delivery.id = finish_delivery.id
    and delivery.attempts = finish_delivery.attempts and delivery.claimed;
  if not found then
    return 'null';
  end if;

  if http_status between 200 and 299 then
    v_state := 'delivered';
    if v_webhook.failing_since is not null then
      v_webhook.failing_since := null;
      v_webhook.updated_at := greatest(v_now, v_webhook.updated_at + interval '1 microsecond');
    end if;
  elsif error = 'too large' then
    -- Nothing was sent, so this tells nothing of the receiver; and it would be as large again.
    v_state := 'failed';
  else
    if http_status = 410 or attempts > cardinality(c_waits) then
      v_state := 'failed';
    end if;
    if http_status = 410 and v_webhook.paused is distinct from 'gone'
      or v_webhook.paused is null and (
        v_webhook.failing_since < v_now - interval '5 days' or v_webhook.waiting >= app.max_waiting())
    then
      v_webhook.paused := case when http_status = 410 then 'gone' else 'failing' end;
      v_webhook.updated_at := greatest(v_now, v_webhook.updated_at + interval '1 microsecond');
    end if;
    if v_webhook.failing_since is null then
      v_webhook.failing_since := v_now;
      v_webhook.updated_at := greatest(v_now, v_webhook.updated_at + interval '1 microsecond');
    end if;
  end if;

  if v_state = 'waiting' then
    v_due := v_now + greatest(
      c_waits[attempts] * (0.9 + 0.2 * random()),
      least(coalesce(retry_after, 0), 86400)) * interval '1 second';
  else
    v_webhook.waiting := greatest(v_webhook.waiting - 1, 0);
  end if;
  update app.deliveries as delivery
  set state = v_state, due_at = v_due, claimed = false, status = http_status, error = finish_delivery.error,
    finished_at = case when v_state <> 'waiting' then v_now end
  where delivery.user_id = v_user and delivery.id = v_delivery.id;

  if v_state <> 'waiting' then
    -- The next event of the task has waited for this one.
    update app.deliveries as delivery
    set due_at = v_now
    where delivery.user_id = v_user and not delivery.claimed and delivery.due_at is not null
      and delivery.id = (
      select next.id from app.deliveries as next
      where next.user_id = v_user and next.webhook_id = v_delivery.webhook_id
        and next.task_id = v_delivery.task_id
        and next.number > v_delivery.number and next.state = 'waiting' and next.attempts = 0
        and next.type <> 'task.reminder'
      order by next.number
      limit 1);
    if found then
      v_due := v_now;
    end if;
  end if;
  -- The place may be earlier than what is due next: then a turn sets it right. To leave it where it is saves
  -- an entry of its index, and the look for what is next.
  v_due := case when v_webhook.paused is null then least(v_webhook.due_at, v_due) end;
  update app.webhooks as webhook
  set failing_since = v_webhook.failing_since, paused = v_webhook.paused, waiting = v_webhook.waiting,
    due_at = v_due, updated_at = v_webhook.updated_at
  where webhook.user_id = v_user and webhook.id = v_webhook.id;

  delete from app.deliveries as delivery
  where delivery.user_id = v_user and delivery.id = any(array(
    select past.id from app.deliveries as past
    where past.user_id = v_user and past.webhook_id = v_delivery.webhook_id
      and past.created_at < now() - interval '7 days'
      and (past.state = 'delivered' or past.state = 'failed' and past.created_at < now() - interval '30 days')
    order by past.created_at
    limit 10));
  return to_jsonb(v_state);
end $$;

comment on function api.finish_delivery is
  'Records the result of an attempt and the time of the next one; pauses a webhook that is gone or has '
  'failed for long; deletes old deliveries. Null where the claim has ended. For the worker.';

grant execute on function api.finish_delivery to task_worker;
