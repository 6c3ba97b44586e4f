-- GET /passes. At most 20, so there are no pages.

create or replace function api.list_passes(out status integer, out headers text[], out response text)
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
      app.render_pass(pass.id, pass.label, pass.scope, pass.created_at, pass.expires_at, pass.last_used_on),
      ',' order by pass.created_at desc, pass.id)
    from app.passes as pass
    where pass.user_id = v_user), '') || ']}';
end $$;

comment on function api.list_passes is 'The user''s passes, newest first, without their tokens.';

grant execute on function api.list_passes to task_api;
