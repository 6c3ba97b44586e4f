-- GET /webhooks/{id}/deliveries, newest first. The cursor is the last delivery of the page before: its time
-- and its id.

create or replace function api.list_deliveries(
  id uuid, state text, "limit" integer, cursor text,
  out status integer, out headers text[], out response text)
returns record
language plpgsql stable
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_before constant text[] := regexp_match(cursor,
    '^([0-9]{1,18})-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$');
  v_webhook constant app.webhooks := app.read_webhook(id, null, null);
  v_delivery record;
  v_items text[] := '{}';
  v_last text;
  v_next text;
begin
  if cursor is not null and v_before is null then
    raise exception 'bad cursor' using errcode = 'DT400', detail = jsonb_build_array(jsonb_build_object(
      'loc', array['query', 'cursor'], 'type', 'cursor_invalid',
      'msg', 'must be next_cursor of the page before'));
  end if;
  for v_delivery in
    select * from app.deliveries as delivery
    where delivery.user_id = v_user and delivery.webhook_id = list_deliveries.id
      and (list_deliveries.state is null or delivery.state = list_deliveries.state)
      and (v_before is null
        or (delivery.created_at, delivery.id) < (app.time_of(v_before[1]::bigint), v_before[2]::uuid))
    order by delivery.created_at desc, delivery.id desc
    limit "limit" + 1
  loop
    if cardinality(v_items) = "limit" then
      -- There is one more than is shown.
      v_next := v_last;
      exit;
    end if;
    v_last := concat(app.version_of(v_delivery.created_at), '-', v_delivery.id);
    v_items := v_items || row_to_json(row(
      v_delivery.id, v_delivery.type, v_delivery.task_id, v_delivery.state, v_delivery.attempts,
      v_delivery.status,
      v_delivery.error, app.render_time(v_delivery.created_at),
      case when v_webhook.paused is null then app.render_time(v_delivery.due_at) end,
      app.render_time(v_delivery.finished_at), v_delivery.payload::json)::app.delivery_document)::text;
  end loop;
  status := 200;
  headers := '{}';
  response := concat(
    '{"items":[', array_to_string(v_items, ','), '],"next_cursor":', coalesce('"' || v_next || '"', 'null'),
    '}');
end $$;

comment on function api.list_deliveries is
  'A page of the deliveries of a webhook, of one state or of all. Raises DT400 for a malformed cursor.';

grant execute on function api.list_deliveries to task_api;
