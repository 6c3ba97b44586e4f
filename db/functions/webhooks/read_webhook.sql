-- Part of what changes a webhook or writes a delivery.

create or replace function app.read_webhook(id uuid, if_match text, if_none_match text) returns app.webhooks
language plpgsql stable
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_webhook app.webhooks;
begin
  select * into v_webhook from app.webhooks as webhook
  where webhook.user_id = v_user and webhook.id = read_webhook.id;
  if not found then
    raise exception 'no such webhook' using errcode = 'DT404';
  end if;
  if not app.preconditions_hold(if_match, if_none_match, app.version_of(v_webhook.updated_at)) then
    raise exception 'a precondition of the request does not hold' using errcode = 'DT412';
  end if;
  return v_webhook;
end $$;

comment on function app.read_webhook is
  'The user''s webhook; raises DT404 where there is none, and DT412 where a precondition does not hold.';

grant execute on function app.read_webhook to task_api;
