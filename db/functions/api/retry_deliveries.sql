-- POST /webhooks/{id}/deliveries/{delivery}/retry, and POST /webhooks/{id}/replay {"since": time}: the failed
-- deliveries are sent again, under their old ids.

create or replace function api.retry_deliveries(
  id uuid, delivery uuid, body jsonb, out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  c_max_deliveries constant integer := 1000;
  v_user constant text := app.require_user_id();
  v_webhook app.webhooks;
  v_now constant timestamptz := now();
  v_due timestamptz;
  v_since timestamptz := '-infinity';
  v_ids uuid[] := array[delivery];
  v_count integer;
begin
  perform app.lock_user();
  perform app.read_webhook(id, null, null);
  select * into v_webhook from app.webhooks as webhook
  where webhook.user_id = v_user and webhook.id = retry_deliveries.id
  for no key update;
  if delivery is null then
    perform app.refuse_unknown_fields(body, array['since'], false);
    v_since := app.read_time(body, 'since');
    if v_since is null then
      perform app.refuse('since', 'missing', 'is required: a time, for example 2026-01-10T17:00:00Z');
    end if;
    v_ids := array(
      select failed.id from app.deliveries as failed
      where failed.user_id = v_user and failed.webhook_id = v_webhook.id and failed.state = 'failed'
        and failed.created_at >= v_since
      order by failed.created_at
      limit c_max_deliveries);
  end if;
  if v_webhook.waiting >= 2 * app.max_waiting() then
    raise exception 'too many deliveries wait' using errcode = 'DT4TM';
  end if;
  update app.deliveries as failed
  set state = 'waiting', attempts = 0, claimed = false, finished_at = null,
    due_at = v_now
  where failed.user_id = v_user and failed.webhook_id = v_webhook.id and failed.id = any(v_ids)
    and failed.state = 'failed';
  get diagnostics v_count = row_count;
  if delivery is not null and v_count = 0 then
    raise exception 'no such failed delivery' using errcode = 'DT404';
  end if;
  if v_webhook.paused is null then
    v_due := app.next_due(v_webhook.id);
  end if;
  update app.webhooks as webhook
  set due_at = v_due, waiting = webhook.waiting + v_count
  where webhook.user_id = v_user and webhook.id = v_webhook.id;
  status := 202;
  headers := '{}';
  response := concat('{"count":', v_count, '}');
end $$;

comment on function api.retry_deliveries is
  'Sends a failed delivery again, or those since a time, at most 1,000. Raises DT404 where the delivery has '
  'not failed.';

grant execute on function api.retry_deliveries to task_api;
