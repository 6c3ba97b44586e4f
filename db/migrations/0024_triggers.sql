-- migrate:up

-- The triggers that follow a change of a task, of a webhook and of the kept answers. Their functions are in
-- db/functions/keeper and tasks.

set local role task_owner;

-- The api functions count and number a change before they write it, so that it is written once, with its
-- number. A change by direct SQL is caught here, after the fact, row by row: first it is counted, then it
-- gets its number. Every deletion is counted here.
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

comment on trigger tasks_count_inserted on app.tasks is
  'Totals and the user''s last number, after direct SQL.';
comment on trigger tasks_count_updated on app.tasks is
  'Totals and the user''s last number, after direct SQL.';
comment on trigger tasks_count_deleted on app.tasks is
  'Totals, the user''s last number, and the deletion itself.';
comment on trigger tasks_number_inserted on app.tasks is 'version and updated_at, after direct SQL.';
comment on trigger tasks_number_updated on app.tasks is 'version and updated_at, after direct SQL.';

create trigger tasks_keep_search_entry
after insert or delete on app.tasks
for each row execute function keeper.keep_search_entry();

comment on trigger tasks_keep_search_entry on app.tasks is 'Keeps the search entry.';

-- Most changes leave the words and the tags alone; then nothing of the search index is written.
create trigger tasks_change_search_entry
after update on app.tasks
for each row when (
  new.user_id is distinct from old.user_id or new.id is distinct from old.id
    or new.title is distinct from old.title
  or new.description is distinct from old.description or new.tags is distinct from old.tags)
execute function keeper.keep_search_entry();

comment on trigger tasks_change_search_entry on app.tasks is
  'Keeps the search entry, where words or tags have changed.';

create trigger tasks_forget
after truncate on app.tasks
for each statement execute function keeper.forget_tasks();

comment on trigger tasks_forget on app.tasks is
  'Empties totals, search entries and reminders after a truncate.';

-- A task without a reminder costs nothing here.
create trigger tasks_keep_reminder_inserted
after insert on app.tasks
for each row when (new.reminder_at is not null)
execute function keeper.keep_reminder();

create trigger tasks_keep_reminder_updated
after update on app.tasks
for each row when (
  (old.reminder_at is not null or new.reminder_at is not null)
  and (
    new.user_id is distinct from old.user_id or new.id is distinct from old.id
    or new.completed is distinct from old.completed or new.reminder_at is distinct from old.reminder_at))
execute function keeper.keep_reminder();

create trigger tasks_keep_reminder_deleted
after delete on app.tasks
for each row when (old.reminder_at is not null)
execute function keeper.keep_reminder();

comment on trigger tasks_keep_reminder_inserted on app.tasks is 'Keeps the reminder that is to come.';
comment on trigger tasks_keep_reminder_updated on app.tasks is 'Keeps the reminder that is to come.';
comment on trigger tasks_keep_reminder_deleted on app.tasks is 'Keeps the reminder that is to come.';

create trigger idempotency_keys_remove_expired
after insert on app.idempotency_keys
for each statement execute function keeper.remove_expired_answers();

comment on trigger idempotency_keys_remove_expired on app.idempotency_keys is
  'Removes some answers that are older than 24 hours.';

create trigger webhooks_keep_listening_inserted
after insert or delete on app.webhooks
for each row execute function keeper.keep_listening();

create trigger webhooks_keep_listening_updated
after update on app.webhooks
for each row when (new.events is distinct from old.events or new.paused is distinct from old.paused)
execute function keeper.keep_listening();

comment on trigger webhooks_keep_listening_inserted on app.webhooks is
  'Keeps the events that the user''s webhooks wait for.';
comment on trigger webhooks_keep_listening_updated on app.webhooks is
  'Keeps the events that the user''s webhooks wait for.';

reset role;

-- migrate:down

set local role task_owner;
drop trigger webhooks_keep_listening_updated on app.webhooks;
drop trigger webhooks_keep_listening_inserted on app.webhooks;
drop trigger idempotency_keys_remove_expired on app.idempotency_keys;
drop trigger tasks_keep_reminder_deleted on app.tasks;
drop trigger tasks_keep_reminder_updated on app.tasks;
drop trigger tasks_keep_reminder_inserted on app.tasks;
drop trigger tasks_forget on app.tasks;
drop trigger tasks_change_search_entry on app.tasks;
drop trigger tasks_keep_search_entry on app.tasks;
drop trigger tasks_number_updated on app.tasks;
drop trigger tasks_number_inserted on app.tasks;
drop trigger tasks_count_deleted on app.tasks;
drop trigger tasks_count_updated on app.tasks;
drop trigger tasks_count_inserted on app.tasks;
reset role;
