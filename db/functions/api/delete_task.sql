-- DELETE /tasks/{id}.

create or replace function api.delete_task(
  id uuid, if_match text, if_none_match text, out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
begin
  perform app.lock_user();
  perform app.read_task(id, if_match, if_none_match);
  delete from app.tasks as task where task.user_id = v_user and task.id = delete_task.id;
  perform app.forget_answers(id);
  status := 204;
  headers := '{}';
end $$;

comment on function api.delete_task is 'Deletes a task, for good.';

grant execute on function api.delete_task to task_api;
