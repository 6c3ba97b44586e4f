-- migrate:up

-- Who may see and write which rows: the whole of it. Row-level security is forced, so that it holds for the owner too;
-- what no policy allows is refused. The user is read once per statement: (select app.user_id()).
-- A policy stands before the grant that it guards.

set local role task_owner;

alter table app.tasks enable row level security;
alter table app.tasks force row level security;
alter table app.task_counts enable row level security;
alter table app.task_counts force row level security;
alter table app.idempotency_keys enable row level security;
alter table app.idempotency_keys force row level security;

-- Tasks: one's own.

create policy tasks_select_own on app.tasks for select to task_api
  using (user_id = (select app.user_id()));
create policy tasks_insert_own on app.tasks for insert to task_api
  with check (user_id = (select app.user_id()));
create policy tasks_update_own on app.tasks for update to task_api
  using (user_id = (select app.user_id()))
  with check (user_id = (select app.user_id()));
create policy tasks_delete_own on app.tasks for delete to task_api
  using (user_id = (select app.user_id()));

grant select, delete on app.tasks to task_api;
-- user_id is not granted: its default is the only way to write it. created_at and version are born with the row.
grant insert (
  id, title, description, completed, priority, tags, due_date, reminder_at, is_recurring, recurrence_rule, timezone,
  predecessor_id, series_start, series_index
) on app.tasks to task_api;
-- Nor are user_id, id, created_at and predecessor_id granted here: they never change.
grant update (
  title, description, completed, priority, tags, due_date, reminder_at, is_recurring, recurrence_rule, timezone,
  updated_at, version, series_start, series_index
) on app.tasks to task_api;
grant select on app.task_documents to task_api;

-- The finder proposes, these policies dispose: what it returns is read again as task_api. Columns that it neither filters nor
-- orders by, the title as it was written and the description among them, are not granted.

create policy tasks_select_to_find on app.tasks for select to task_finder
  using (true);

grant select (
  user_id, id, completed, priority_rank, title_key, due_or_infinity, due_or_minus_infinity, created_at, updated_at, search
) on app.tasks to task_finder;

-- Counts: read one's own. Insert, update and delete are not granted to task_api, so that the totals can be believed.

create policy task_counts_select_own on app.task_counts for select to task_api
  using (user_id = (select app.user_id()));

grant select on app.task_counts to task_api;

create policy task_counts_select_to_count on app.task_counts for select to task_counter
  using (true);
create policy task_counts_insert_to_count on app.task_counts for insert to task_counter
  with check (true);
create policy task_counts_update_to_count on app.task_counts for update to task_counter
  using (true)
  with check (true);

grant select on app.task_counts to task_counter;
grant insert (user_id, completed, priority_rank, tasks) on app.task_counts to task_counter;
grant update (tasks, revision) on app.task_counts to task_counter;

-- Idempotency keys: one's own.

create policy idempotency_keys_select_own on app.idempotency_keys for select to task_api
  using (user_id = (select app.user_id()));
create policy idempotency_keys_insert_own on app.idempotency_keys for insert to task_api
  with check (user_id = (select app.user_id()));
create policy idempotency_keys_delete_own on app.idempotency_keys for delete to task_api
  using (user_id = (select app.user_id()));

-- Update is not granted: an answer is never changed.
grant select, delete on app.idempotency_keys to task_api;
grant insert (key, request, status, headers, body) on app.idempotency_keys to task_api;

-- Those of users who never come back are removed too, when they have expired. What was answered is not granted.

create policy idempotency_keys_select_expired on app.idempotency_keys for select to task_counter
  using (created_at <= now() - interval '24 hours');
create policy idempotency_keys_delete_expired on app.idempotency_keys for delete to task_counter
  using (created_at <= now() - interval '24 hours');

grant select (user_id, key, created_at), delete on app.idempotency_keys to task_counter;

reset role;

-- migrate:down

set local role task_owner;

revoke all on app.idempotency_keys, app.task_counts, app.task_documents, app.tasks from task_api, task_counter, task_finder;

drop policy idempotency_keys_delete_expired on app.idempotency_keys;
drop policy idempotency_keys_select_expired on app.idempotency_keys;
drop policy idempotency_keys_delete_own on app.idempotency_keys;
drop policy idempotency_keys_insert_own on app.idempotency_keys;
drop policy idempotency_keys_select_own on app.idempotency_keys;
drop policy task_counts_update_to_count on app.task_counts;
drop policy task_counts_insert_to_count on app.task_counts;
drop policy task_counts_select_to_count on app.task_counts;
drop policy task_counts_select_own on app.task_counts;
drop policy tasks_select_to_find on app.tasks;
drop policy tasks_delete_own on app.tasks;
drop policy tasks_update_own on app.tasks;
drop policy tasks_insert_own on app.tasks;
drop policy tasks_select_own on app.tasks;

alter table app.idempotency_keys no force row level security;
alter table app.idempotency_keys disable row level security;
alter table app.task_counts no force row level security;
alter table app.task_counts disable row level security;
alter table app.tasks no force row level security;
alter table app.tasks disable row level security;

reset role;
