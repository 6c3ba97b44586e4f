-- DELETE /passes/{id}.

create or replace function api.delete_pass(id uuid, out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
begin
  delete from app.passes as pass where pass.user_id = v_user and pass.id = delete_pass.id;
  if not found then
    raise exception 'no such pass' using errcode = 'DT404';
  end if;
  status := 204;
  headers := '{}';
end $$;

comment on function api.delete_pass is 'Revokes a pass, for good.';

grant execute on function api.delete_pass to task_api;
