-- A task as a write begins from it: see lock_user.

create or replace function app.read_task(id uuid, if_match text, if_none_match text) returns app.tasks
language plpgsql stable
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_task app.tasks;
begin
  select * into v_task from app.tasks as task where task.user_id = v_user and task.id = read_task.id;
  if not found then
    raise exception 'no such task' using errcode = 'DT404';
  end if;
  if not app.preconditions_hold(if_match, if_none_match, v_task.version) then
    raise exception 'a precondition of the request does not hold' using errcode = 'DT412';
  end if;
  return v_task;
end $$;

comment on function app.read_task is
  'The user''s task; raises DT404 where there is none, and DT412 where If-Match or If-None-Match does not '
  'hold.';

grant execute on function app.read_task to task_api;
