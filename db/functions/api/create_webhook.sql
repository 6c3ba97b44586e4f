-- POST /webhooks. The service derives the secret from the id and the generation, and adds it to the answer.

create or replace function api.create_webhook(
  body jsonb, plain boolean, lenient boolean, out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  c_max_webhooks constant integer := 10;
  v_user constant text := app.require_user_id();
  v_webhook app.webhooks;
begin
  v_webhook.events := array[
    'task.completed', 'task.created', 'task.deleted', 'task.reminder', 'task.reopened', 'task.updated'];
  v_webhook.headers := '{}';
  v_webhook := app.merge_webhook(v_webhook, body, plain, lenient);
  perform app.lock_user();
  if (select count(*) from app.webhooks as webhook where webhook.user_id = v_user) >= c_max_webhooks then
    raise exception 'too many webhooks' using errcode = 'DT4TM';
  end if;
  insert into app.webhooks (url, label, events, headers, body, timezone, paused)
  values (
    v_webhook.url, v_webhook.label, v_webhook.events, v_webhook.headers, v_webhook.body, v_webhook.timezone,
    v_webhook.paused)
  returning * into v_webhook;
  status := 201;
  headers := array['etag', format('"%s"', app.version_of(v_webhook.updated_at))];
  response := app.render_webhook(v_webhook);
end $$;

comment on function api.create_webhook is 'Creates a webhook. Raises DT4TM where the user has 10 already.';

grant execute on function api.create_webhook to task_api;
