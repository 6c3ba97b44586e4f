-- Called for a request with a pass, before its user is known.

create or replace function api.open_pass(digest bytea) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_pass record;
begin
  select * into v_pass from porter.open_pass(digest);
  if v_pass.user_id is null then
    return 'null';
  end if;
  return jsonb_build_object(
    'user_id', v_pass.user_id, 'id', v_pass.id, 'scope', v_pass.scope,
    'expires_at', extract(epoch from v_pass.expires_at), 'used_today', v_pass.used_today);
end $$;

comment on function api.open_pass is
  'The pass with this digest; expires_at is in seconds since 1970. Null for no valid pass.';

grant execute on function api.open_pass to task_api;
