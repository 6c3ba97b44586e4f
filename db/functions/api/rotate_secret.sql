-- POST /webhooks/{id}/secret. For a day the previous secret signs as well.

create or replace function api.rotate_secret(
  id uuid, out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_generation integer;
begin
  perform app.lock_user();
  perform app.read_webhook(id, null, null);
  update app.webhooks as webhook
  set generation = webhook.generation + 1, rotated_at = now(),
    updated_at = greatest(now(), app.time_of(app.version_of(webhook.updated_at) + 1))
  where webhook.user_id = v_user and webhook.id = rotate_secret.id
  returning webhook.generation into v_generation;
  status := 200;
  headers := '{}';
  response := concat('{"id":"', id, '","generation":', v_generation, '}');
end $$;

comment on function api.rotate_secret is
  'Begins a new signing secret; the service derives it from the generation in the response.';

grant execute on function api.rotate_secret to task_api;
