-- GET /webhooks. At most 10, so there are no pages.

create or replace function api.list_webhooks(out status integer, out headers text[], out response text)
returns record
language plpgsql stable
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
begin
  status := 200;
  headers := '{}';
  response := '{"items":[' || coalesce((
    select string_agg(
      app.render_webhook(row(webhook.*)::app.webhooks), ',' order by webhook.created_at desc, webhook.id)
    from app.webhooks as webhook
    where webhook.user_id = v_user), '') || ']}';
end $$;

comment on function api.list_webhooks is 'The user''s webhooks, newest first, without their secrets.';

grant execute on function api.list_webhooks to task_api;
