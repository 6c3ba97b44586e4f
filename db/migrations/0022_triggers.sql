-- migrate:up

-- What follows a change of a task. The functions are in db/functions; the schemas keeper and finder are of roles that may do
-- what task_api may not.

set local role task_owner;

create trigger tasks_count
after insert or update or delete on app.tasks
for each row execute function keeper.count_task();

comment on trigger tasks_count on app.tasks is 'Totals, and the revision of the lists.';

-- The api functions move updated_at and version themselves. Direct SQL by a DBA is caught here, after the fact: so a change
-- by the service is written once.
create trigger tasks_touch
after update on app.tasks
for each row when (new.version = old.version)
execute function app.touch_task();

comment on trigger tasks_touch on app.tasks is 'updated_at and version after direct SQL.';

create trigger tasks_keep_search_entry
after insert or delete on app.tasks
for each row execute function keeper.keep_search_entry();

comment on trigger tasks_keep_search_entry on app.tasks is 'What is searched.';

-- Most changes leave the words and the tags alone; then nothing of the search index is written.
create trigger tasks_change_search_entry
after update on app.tasks
for each row when (
  new.user_id is distinct from old.user_id or new.id is distinct from old.id or new.title is distinct from old.title
  or new.description is distinct from old.description or new.tags is distinct from old.tags)
execute function keeper.keep_search_entry();

comment on trigger tasks_change_search_entry on app.tasks is 'What is searched, where it has changed.';

create trigger tasks_forget
after truncate on app.tasks
for each statement execute function keeper.forget_tasks();

comment on trigger tasks_forget on app.tasks is 'Totals, and what is searched, where there are no tasks any more.';

reset role;

-- migrate:down

set local role task_owner;
drop trigger tasks_forget on app.tasks;
drop trigger tasks_change_search_entry on app.tasks;
drop trigger tasks_keep_search_entry on app.tasks;
drop trigger tasks_touch on app.tasks;
drop trigger tasks_count on app.tasks;
reset role;
