-- migrate:up

-- What follows a change of a task. The functions are in db/functions; the schemas keeper and finder are of roles that may do
-- what task_api may not.

set local role task_owner;

-- The api functions count and number a change before they write it, so that it is written once, with its number. A change by
-- direct SQL is caught here, after the fact, row by row: first it is counted, then it gets its number. Every deletion is
-- counted here.
create trigger tasks_count_inserted
after insert on app.tasks
for each row when (new.version = 0)
execute function keeper.count_task();

create trigger tasks_count_updated
after update on app.tasks
for each row when (new.version = old.version and new.* is distinct from old.*)
execute function keeper.count_task();

create trigger tasks_count_deleted
after delete on app.tasks
for each row execute function keeper.count_task();

create trigger tasks_number_inserted
after insert on app.tasks
for each row when (new.version = 0)
execute function app.number_task();

create trigger tasks_number_updated
after update on app.tasks
for each row when (new.version = old.version and new.* is distinct from old.*)
execute function app.number_task();

comment on trigger tasks_count_inserted on app.tasks is 'Totals and the user''s last number, after direct SQL.';
comment on trigger tasks_count_updated on app.tasks is 'Totals and the user''s last number, after direct SQL.';
comment on trigger tasks_count_deleted on app.tasks is 'Totals, the user''s last number, and the deletion itself.';
comment on trigger tasks_number_inserted on app.tasks is 'version and updated_at, after direct SQL.';
comment on trigger tasks_number_updated on app.tasks is 'version and updated_at, after direct SQL.';

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
drop trigger tasks_number_updated on app.tasks;
drop trigger tasks_number_inserted on app.tasks;
drop trigger tasks_count_deleted on app.tasks;
drop trigger tasks_count_updated on app.tasks;
drop trigger tasks_count_inserted on app.tasks;
reset role;
