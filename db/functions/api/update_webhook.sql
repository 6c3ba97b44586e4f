-- PATCH /webhooks/{id}. {"paused": null} lets what waited go on.

create or replace function api.update_webhook(
  id uuid, body jsonb, plain boolean, lenient boolean, if_match text, if_none_match text,
  out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_old app.webhooks;
  v_new app.webhooks;
begin
  perform app.lock_user();
  v_old := app.read_webhook(id, if_match, if_none_match);
  v_new := app.merge_webhook(v_old, body, plain, lenient);
  if v_new is distinct from v_old then
    if v_new.paused is null then
      v_new.failing_since := null;
    end if;
    v_new.updated_at := greatest(clock_timestamp(), v_old.updated_at + interval '1 microsecond');
    update app.webhooks as webhook
    set url = v_new.url, label = v_new.label, events = v_new.events, headers = v_new.headers,
      body = v_new.body, timezone = v_new.timezone, paused = v_new.paused,
      failing_since = v_new.failing_since, updated_at = v_new.updated_at,
      -- A paused webhook has no turns.
      due_at = case when v_new.paused is null then webhook.due_at end
    where webhook.user_id = v_user and webhook.id = v_old.id;
    if v_old.paused is not null and v_new.paused is null then
      perform app.resume_webhook(v_old.id);
    end if;
  end if;
  status := 200;
  headers := array['etag', format('"%s"', app.version_of(v_new.updated_at))];
  response := app.render_webhook(v_new);
end $$;

comment on function api.update_webhook is
  'Changes the fields of a webhook that the body has (RFC 7396); pauses it, or lets it go on.';

grant execute on function api.update_webhook to task_api;
