-- A task has at most one successor (the index tasks_one_successor): completing it again returns that one.

create or replace function app.find_successor(user_id text, id uuid) returns app.tasks
language plpgsql stable
set search_path = ''
as $$
declare
  v_successor app.tasks;
begin
  select * into v_successor from app.tasks as task
  where task.user_id = find_successor.user_id and task.predecessor_id = find_successor.id;
  return v_successor;
end $$;

comment on function app.find_successor is 'The task that the completion of this one made, or null.';

grant execute on function app.find_successor to task_api;
