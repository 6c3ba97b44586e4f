-- GET /webhooks/{id}.

create or replace function api.get_webhook(
  id uuid, if_none_match text, out status integer, out headers text[], out response text)
returns record
language plpgsql stable
set search_path = ''
as $$
declare
  v_webhook constant app.webhooks := app.read_webhook(id, null, null);
begin
  status := 200;
  headers := array['etag', format('"%s"', app.version_of(v_webhook.updated_at))];
  if app.etag_matches_weakly(if_none_match, headers[2]) then
    status := 304;
  else
    response := app.render_webhook(v_webhook);
  end if;
end $$;

comment on function api.get_webhook is 'One webhook; 304 where If-None-Match names its ETag.';

grant execute on function api.get_webhook to task_api;
