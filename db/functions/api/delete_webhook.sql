-- DELETE /webhooks/{id}. Its deliveries go with it.

create or replace function api.delete_webhook(
  id uuid, if_match text, if_none_match text, out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
begin
  perform app.lock_user();
  perform app.read_webhook(id, if_match, if_none_match);
  delete from app.webhooks as webhook where webhook.user_id = v_user and webhook.id = delete_webhook.id;
  status := 204;
  headers := '{}';
end $$;

comment on function api.delete_webhook is 'Deletes a webhook and its deliveries, for good.';

grant execute on function api.delete_webhook to task_api;
