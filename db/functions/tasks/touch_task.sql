-- The api functions move updated_at and version themselves. Direct SQL by a DBA is caught here, after the fact: so a change
-- by the service is written once.

create or replace function app.touch_task() returns trigger
language plpgsql volatile
set search_path = ''
as $$
begin
  if new is distinct from old then
    update app.tasks as task
    set version = task.version + 1, updated_at = greatest(now(), task.updated_at + interval '1 microsecond')
    where task.user_id = new.user_id and task.id = new.id;
  end if;
  return null;
end $$;

comment on function app.touch_task is 'Moves updated_at and version after an update that did not.';
