-- Of the header fields the names alone are shown: the values are secrets of the receiver.

create or replace function app.render_webhook(webhook app.webhooks) returns text
language plpgsql stable parallel safe
set search_path = ''
as $$
begin
  return row_to_json(row(
    webhook.id, webhook.url, webhook.label, webhook.events,
    array(select jsonb_object_keys(webhook.headers)), app.render_json(webhook.body)::json,
    webhook.timezone, webhook.paused, app.render_time(webhook.failing_since),
    app.render_time(webhook.created_at), app.render_time(webhook.updated_at)
  )::app.webhook_document)::text;
end $$;

comment on function app.render_webhook is 'A webhook as JSON.';

grant execute on function app.render_webhook to task_api;
