-- migrate:up

-- All policies and grants: which role sees and writes which rows. Row-level security is forced, so that it
-- holds for the owner too; what no policy allows is refused. The user is read once per statement: (select
-- app.user_id()). A policy stands before the grant that it guards.

set local role task_owner;

alter table app.tasks enable row level security;
alter table app.tasks force row level security;
alter table app.task_counts enable row level security;
alter table app.task_counts force row level security;
alter table app.deleted_tasks enable row level security;
alter table app.deleted_tasks force row level security;
alter table app.search_entries enable row level security;
alter table app.search_entries force row level security;
alter table app.idempotency_keys enable row level security;
alter table app.idempotency_keys force row level security;
alter table app.token_buckets enable row level security;
alter table app.token_buckets force row level security;
alter table app.passes enable row level security;
alter table app.passes force row level security;
alter table app.webhooks enable row level security;
alter table app.webhooks force row level security;
alter table app.reminders enable row level security;
alter table app.reminders force row level security;
alter table app.deliveries enable row level security;
alter table app.deliveries force row level security;

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
-- user_id is not granted: its default is the only way to write it.
grant insert (
  id, title, description, completed, priority, tags, due_date, reminder_at, is_recurring, recurrence_rule,
  timezone,
  created_at, updated_at, version, predecessor_id, series_start, series_index
) on app.tasks to task_api;
-- Nor are user_id, id, created_at and predecessor_id granted here: they never change.
grant update (
  title, description, completed, priority, tags, due_date, reminder_at, is_recurring, recurrence_rule,
  timezone,
  updated_at, version, series_start, series_index
) on app.tasks to task_api;

-- Counts: read one's own. Insert, update and delete are not granted to task_api, so that the totals can be
-- believed.

create policy task_counts_select_own on app.task_counts for select to task_api
  using (user_id = (select app.user_id()));

grant select on app.task_counts to task_api;

create policy task_counts_select_to_count on app.task_counts for select to task_keeper
  using (true);
create policy task_counts_insert_to_count on app.task_counts for insert to task_keeper
  with check (true);
create policy task_counts_update_to_count on app.task_counts for update to task_keeper
  using (true)
  with check (true);

grant select on app.task_counts to task_keeper;
grant insert (user_id) on app.task_counts to task_keeper;
grant update (
  version, forgotten, open_high, open_medium, open_low, completed_high, completed_medium, completed_low,
  listening, remind_at
) on app.task_counts to task_keeper;

-- Deletions: read one's own. They are written by the keeper alone, which forgets those that are older than 30
-- days.

create policy deleted_tasks_select_own on app.deleted_tasks for select to task_api
  using (user_id = (select app.user_id()));

grant select on app.deleted_tasks to task_api;

create policy deleted_tasks_select_to_count on app.deleted_tasks for select to task_keeper
  using (true);
create policy deleted_tasks_insert_to_count on app.deleted_tasks for insert to task_keeper
  with check (true);
create policy deleted_tasks_delete_to_count on app.deleted_tasks for delete to task_keeper
  using (true);

grant select (user_id, version), insert, delete, truncate on app.deleted_tasks to task_keeper;

-- Search entries: nobody's but the finder's, and the keeper's. The finder proposes, the policies of app.tasks
-- dispose: what it returns is read as task_api. Nothing is granted to task_api.

create policy search_entries_select_to_find_or_keep on app.search_entries
  for select to task_finder, task_keeper
  using (true);
create policy search_entries_insert_to_keep on app.search_entries for insert to task_keeper
  with check (true);
create policy search_entries_update_to_keep on app.search_entries for update to task_keeper
  using (true)
  with check (true);
create policy search_entries_delete_to_keep on app.search_entries for delete to task_keeper
  using (true);

grant select on app.search_entries to task_finder;
grant select (user_id, id), insert, update (keys), delete, truncate on app.search_entries to task_keeper;

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

-- Those of users who never come back are removed too, when they have expired. What was answered is not
-- granted.

create policy idempotency_keys_select_expired on app.idempotency_keys for select to task_keeper
  using (created_at <= now() - interval '24 hours');
create policy idempotency_keys_delete_expired on app.idempotency_keys for delete to task_keeper
  using (created_at <= now() - interval '24 hours');

grant select (user_id, key, created_at), delete on app.idempotency_keys to task_keeper;

-- Token buckets: one's own.

create policy token_buckets_select_own on app.token_buckets for select to task_api
  using (user_id = (select app.user_id()));
create policy token_buckets_insert_own on app.token_buckets for insert to task_api
  with check (user_id = (select app.user_id()));
create policy token_buckets_update_own on app.token_buckets for update to task_api
  using (user_id = (select app.user_id()))
  with check (user_id = (select app.user_id()));

-- Delete is not granted: it would fill the bucket.
grant select on app.token_buckets to task_api;
grant insert (full_at) on app.token_buckets to task_api;
grant update (full_at) on app.token_buckets to task_api;

-- Passes: one's own.

create policy passes_select_own on app.passes for select to task_api
  using (user_id = (select app.user_id()));
create policy passes_insert_own on app.passes for insert to task_api
  with check (user_id = (select app.user_id()));
create policy passes_update_own on app.passes for update to task_api
  using (user_id = (select app.user_id()))
  with check (user_id = (select app.user_id()));
create policy passes_delete_own on app.passes for delete to task_api
  using (user_id = (select app.user_id()));

-- The digest is written, and never read: only the porter compares it.
grant select (user_id, id, label, scope, created_at, expires_at, last_used_on), delete
  on app.passes to task_api;
grant insert (label, scope, digest, expires_at) on app.passes to task_api;
-- A pass does not change, but for the day of its last use.
grant update (last_used_on) on app.passes to task_api;

-- The user of a pass must be found before a user is set. All else is read under that user's own policies.

create policy passes_select_to_open on app.passes for select to task_porter
  using (true);

grant select (user_id, id, scope, digest, expires_at, last_used_on) on app.passes to task_porter;

-- Webhooks: one's own. The service writes what a user may; the worker pauses one that fails.

create policy webhooks_select_own on app.webhooks for select to task_api, task_worker
  using (user_id = (select app.user_id()));
create policy webhooks_insert_own on app.webhooks for insert to task_api
  with check (user_id = (select app.user_id()));
create policy webhooks_update_own on app.webhooks for update to task_api, task_worker
  using (user_id = (select app.user_id()))
  with check (user_id = (select app.user_id()));
create policy webhooks_delete_own on app.webhooks for delete to task_api
  using (user_id = (select app.user_id()));

grant select, delete on app.webhooks to task_api;
grant insert (url, label, events, headers, body, timezone, paused) on app.webhooks to task_api;
grant update (
  url, label, events, headers, body, timezone, paused, generation, rotated_at, failing_since, updated_at,
  waiting, due_at
) on app.webhooks to task_api;
grant select on app.webhooks to task_worker;
grant update (paused, failing_since, updated_at, waiting, due_at) on app.webhooks to task_worker;

-- The keeper writes a delivery for each active webhook that waits for an event, and pauses one for which too
-- many wait. It reads no address and no header.

create policy webhooks_select_to_enqueue on app.webhooks for select to task_keeper
  using (true);
create policy webhooks_update_to_enqueue on app.webhooks for update to task_keeper
  using (true)
  with check (true);

grant select (user_id, id, events, paused, failing_since, updated_at, waiting, due_at)
  on app.webhooks to task_keeper;
grant update (paused, failing_since, updated_at, waiting, due_at) on app.webhooks to task_keeper;

-- Deliveries: one's own. The service makes tests, lists them, and has failed ones sent again; the worker
-- sends them.

create policy deliveries_select_own on app.deliveries for select to task_api, task_worker
  using (user_id = (select app.user_id()));
create policy deliveries_insert_own on app.deliveries for insert to task_api, task_worker
  with check (user_id = (select app.user_id()));
create policy deliveries_update_own on app.deliveries for update to task_api, task_worker
  using (user_id = (select app.user_id()))
  with check (user_id = (select app.user_id()));
create policy deliveries_delete_own on app.deliveries for delete to task_worker
  using (user_id = (select app.user_id()));
create policy deliveries_insert_to_enqueue on app.deliveries for insert to task_keeper
  with check (true);

grant select on app.deliveries to task_api;
grant insert (webhook_id, type, number, payload) on app.deliveries to task_api;
-- What is sent, and where, never changes.
grant update (state, due_at, claimed, attempts, finished_at) on app.deliveries to task_api;
grant select, delete on app.deliveries to task_worker;
grant insert (webhook_id, type, task_id, number, payload, state, due_at, error, finished_at)
  on app.deliveries to task_worker;
grant update (state, due_at, claimed, attempts, status, error, finished_at) on app.deliveries to task_worker;
grant insert (user_id, webhook_id, type, task_id, number, payload) on app.deliveries to task_keeper;

-- Reminders: the keeper writes them, following the tasks; the worker reads and deletes those of the present
-- user.

create policy reminders_select_own on app.reminders for select to task_worker
  using (user_id = (select app.user_id()));
create policy reminders_delete_own on app.reminders for delete to task_worker
  using (user_id = (select app.user_id()));
create policy reminders_select_to_keep on app.reminders for select to task_keeper
  using (true);
create policy reminders_insert_to_keep on app.reminders for insert to task_keeper
  with check (true);
create policy reminders_delete_to_keep on app.reminders for delete to task_keeper
  using (true);

grant select, delete on app.reminders to task_worker;
grant select, insert, delete, truncate on app.reminders to task_keeper;

-- The worker reads the task that it reminds of.

create policy tasks_select_own_to_remind on app.tasks for select to task_worker
  using (user_id = (select app.user_id()));

grant select on app.tasks to task_worker;

-- It notes when the user has the next turn, and reads and writes no total.

create policy task_counts_select_own_turn on app.task_counts for select to task_worker
  using (user_id = (select app.user_id()));
create policy task_counts_update_own_turn on app.task_counts for update to task_worker
  using (user_id = (select app.user_id()))
  with check (user_id = (select app.user_id()));

grant select (user_id, remind_at), update (remind_at) on app.task_counts to task_worker;

-- The users of due reminders and deliveries must be found before a user is set. Their content is read under
-- that user's own policies.

create policy task_counts_select_to_propose on app.task_counts for select to task_porter
  using (true);
create policy webhooks_select_to_propose on app.webhooks for select to task_porter
  using (true);
create policy reminders_select_to_propose on app.reminders for select to task_porter
  using (true);
create policy deliveries_select_to_propose on app.deliveries for select to task_porter
  using (true);

grant select (user_id, remind_at) on app.task_counts to task_porter;
grant select (user_id, id, failing_since, waiting, due_at) on app.webhooks to task_porter;
grant select on app.reminders to task_porter;
grant select (user_id, id, webhook_id, due_at) on app.deliveries to task_porter;

reset role;

-- migrate:down

set local role task_owner;

revoke all on
  app.deliveries, app.reminders, app.webhooks, app.passes, app.token_buckets, app.idempotency_keys,
  app.search_entries, app.deleted_tasks, app.task_counts, app.tasks
  from task_api, task_worker, task_keeper, task_finder, task_porter;

drop policy deliveries_select_to_propose on app.deliveries;
drop policy reminders_select_to_propose on app.reminders;
drop policy webhooks_select_to_propose on app.webhooks;
drop policy task_counts_select_to_propose on app.task_counts;
drop policy task_counts_update_own_turn on app.task_counts;
drop policy task_counts_select_own_turn on app.task_counts;
drop policy tasks_select_own_to_remind on app.tasks;
drop policy reminders_delete_to_keep on app.reminders;
drop policy reminders_insert_to_keep on app.reminders;
drop policy reminders_select_to_keep on app.reminders;
drop policy reminders_delete_own on app.reminders;
drop policy reminders_select_own on app.reminders;
drop policy deliveries_insert_to_enqueue on app.deliveries;
drop policy deliveries_delete_own on app.deliveries;
drop policy deliveries_update_own on app.deliveries;
drop policy deliveries_insert_own on app.deliveries;
drop policy deliveries_select_own on app.deliveries;
drop policy webhooks_update_to_enqueue on app.webhooks;
drop policy webhooks_select_to_enqueue on app.webhooks;
drop policy webhooks_delete_own on app.webhooks;
drop policy webhooks_update_own on app.webhooks;
drop policy webhooks_insert_own on app.webhooks;
drop policy webhooks_select_own on app.webhooks;
drop policy passes_select_to_open on app.passes;
drop policy passes_delete_own on app.passes;
drop policy passes_update_own on app.passes;
drop policy passes_insert_own on app.passes;
drop policy passes_select_own on app.passes;
drop policy token_buckets_update_own on app.token_buckets;
drop policy token_buckets_insert_own on app.token_buckets;
drop policy token_buckets_select_own on app.token_buckets;
drop policy idempotency_keys_delete_expired on app.idempotency_keys;
drop policy idempotency_keys_select_expired on app.idempotency_keys;
drop policy idempotency_keys_delete_own on app.idempotency_keys;
drop policy idempotency_keys_insert_own on app.idempotency_keys;
drop policy idempotency_keys_select_own on app.idempotency_keys;
drop policy search_entries_delete_to_keep on app.search_entries;
drop policy search_entries_update_to_keep on app.search_entries;
drop policy search_entries_insert_to_keep on app.search_entries;
drop policy search_entries_select_to_find_or_keep on app.search_entries;
drop policy deleted_tasks_delete_to_count on app.deleted_tasks;
drop policy deleted_tasks_insert_to_count on app.deleted_tasks;
drop policy deleted_tasks_select_to_count on app.deleted_tasks;
drop policy deleted_tasks_select_own on app.deleted_tasks;
drop policy task_counts_update_to_count on app.task_counts;
drop policy task_counts_insert_to_count on app.task_counts;
drop policy task_counts_select_to_count on app.task_counts;
drop policy task_counts_select_own on app.task_counts;
drop policy tasks_delete_own on app.tasks;
drop policy tasks_update_own on app.tasks;
drop policy tasks_insert_own on app.tasks;
drop policy tasks_select_own on app.tasks;

alter table app.deliveries no force row level security;
alter table app.deliveries disable row level security;
alter table app.reminders no force row level security;
alter table app.reminders disable row level security;
alter table app.webhooks no force row level security;
alter table app.webhooks disable row level security;
alter table app.passes no force row level security;
alter table app.passes disable row level security;
alter table app.token_buckets no force row level security;
alter table app.token_buckets disable row level security;
alter table app.idempotency_keys no force row level security;
alter table app.idempotency_keys disable row level security;
alter table app.search_entries no force row level security;
alter table app.search_entries disable row level security;
alter table app.deleted_tasks no force row level security;
alter table app.deleted_tasks disable row level security;
alter table app.task_counts no force row level security;
alter table app.task_counts disable row level security;
alter table app.tasks no force row level security;
alter table app.tasks disable row level security;

reset role;
