-- Definer, as the others. The numbers are kept and the deletions count as forgotten: a client that
-- synchronises begins again.

create or replace function keeper.forget_tasks() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
begin
  truncate app.deleted_tasks, app.search_entries, app.reminders;
  update app.task_counts as counts
  set version = counts.version + 1, forgotten = counts.version + 1, remind_at = null,
    open_high = 0, open_medium = 0, open_low = 0,
    completed_high = 0, completed_medium = 0, completed_low = 0;
  return null;
end $$;

comment on function keeper.forget_tasks is
  'Definer, because nobody else may write totals and keys: empties them when the tasks are truncated.';

grant execute on function keeper.forget_tasks to task_owner;
