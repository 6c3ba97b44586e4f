-- Direct SQL writes no version. keeper.count_task, whose triggers come first, has taken a number for the
-- change.

create or replace function app.number_task() returns trigger
language plpgsql volatile
set search_path = ''
as $$
declare
  v_version constant bigint := (
    select counts.version from app.task_counts as counts where counts.user_id = new.user_id);
  v_updated_at constant timestamptz := app.time_of(v_version);
begin
  update app.tasks as task set version = v_version, updated_at = v_updated_at
  where task.user_id = new.user_id and task.id = new.id;
  return null;
end $$;

comment on function app.number_task is 'Gives a change by direct SQL its number, as version and updated_at.';
