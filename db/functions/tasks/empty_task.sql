-- A new task is the empty one with the fields of the body: create and update share merge_task, and so their
-- rules.

create or replace function app.empty_task() returns app.tasks
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  v_task app.tasks;
begin
  v_task.completed := false;
  v_task.priority := 'Medium';
  v_task.tags := '{}';
  v_task.is_recurring := false;
  v_task.series_index := 1;
  return v_task;
end $$;

comment on function app.empty_task is 'A new task before it has any field: the table''s defaults.';

grant execute on function app.empty_task to task_api;
