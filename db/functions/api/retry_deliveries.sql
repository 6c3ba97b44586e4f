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
  v_webhook constant app.webhooks := app.read_webhook(id, null, null);
  v_due_at constant timestamptz := case when v_webhook.paused is null then now() end;
  v_since timestamptz := '-infinity';
  v_ids uuid[] := array[delivery];
  v_count integer;
begin
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
  update app.deliveries as failed
  set state = 'waiting', attempts = 0, claimed = false, finished_at = null,
    due_at = v_due_at
  where failed.user_id = v_user and failed.webhook_id = v_webhook.id and failed.id = any(v_ids)
    and failed.state = 'failed';
  get diagnostics v_count = row_count;
  if delivery is not null and v_count = 0 then
    raise exception 'no such failed delivery' using errcode = 'DT404';
  end if;
  status := 202;
  headers := '{}';
  response := concat('{"count":', v_count, '}');
end $$;

comment on function api.retry_deliveries is
  'Sends a failed delivery again, or those since a time, at most 1,000. Raises DT404 where the delivery has '
  'not failed.';

grant execute on function api.retry_deliveries to task_api;
