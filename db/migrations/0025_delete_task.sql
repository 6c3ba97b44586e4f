-- migrate:up

set local role task_owner;

create function api.delete_task(id uuid, if_match text, out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_task constant app.tasks := app.lock_task(id, if_match);
begin
  delete from app.tasks as task where task.user_id = v_user and task.id = v_task.id;
  status := 204;
  headers := '{}';
end $$;

comment on function api.delete_task(uuid, text) is 'Deletes a task, for good.';

grant execute on function api.delete_task(uuid, text) to task_api;

reset role;

-- migrate:down

set local role task_owner;
drop function api.delete_task(uuid, text);
reset role;
