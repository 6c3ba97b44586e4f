-- migrate:up

-- A copy of db/functions/keeper, written by make functions: change it there.

set local role task_keeper;

-- begin db/functions/keeper/add_to_task_count.sql
-- Part of count_task. Each user has rows of its own, so users never wait for each other.

create or replace function keeper.add_to_task_count(user_id text, priority text, open integer, completed integer) returns void
language plpgsql volatile
set search_path = ''
as $$
#variable_conflict use_column
begin
  update app.task_counts as counted
  set open = counted.open + $3, completed = counted.completed + $4, revision = counted.revision + 1
  where counted.user_id = $1 and counted.priority = $2;
  if not found then
    insert into app.task_counts as counted (user_id, priority, open, completed)
    values ($1, $2, $3, $4)
    on conflict (user_id, priority)
    do update set open = counted.open + excluded.open, completed = counted.completed + excluded.completed, revision = counted.revision + 1;
  end if;
end $$;

comment on function keeper.add_to_task_count is 'Changes the numbers of one row of app.task_counts.';
-- end db/functions/keeper/add_to_task_count.sql

-- begin db/functions/keeper/count_task.sql
-- Totals are kept in the transaction of every change, so that they cost the same for 100 tasks and for 50,000.
-- Definer, because totals must be right: the service may read its user's counts and not write them, and a change that a DBA
-- makes by direct SQL is counted as well. It takes the user from the row, which row-level security let through.

create or replace function keeper.count_task() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    perform keeper.add_to_task_count(new.user_id, new.priority, (not new.completed)::integer, new.completed::integer);
  elsif tg_op = 'DELETE' then
    perform keeper.add_to_task_count(old.user_id, old.priority, -(not old.completed)::integer, -old.completed::integer);
  elsif (old.user_id, old.priority) = (new.user_id, new.priority) then
    perform keeper.add_to_task_count(
      new.user_id, new.priority,
      (not new.completed)::integer - (not old.completed)::integer, new.completed::integer - old.completed::integer);
  -- Two rows change, always in the same order, so that two such changes can't wait for each other.
  elsif (old.user_id, old.priority) < (new.user_id, new.priority) then
    perform keeper.add_to_task_count(old.user_id, old.priority, -(not old.completed)::integer, -old.completed::integer);
    perform keeper.add_to_task_count(new.user_id, new.priority, (not new.completed)::integer, new.completed::integer);
  else
    perform keeper.add_to_task_count(new.user_id, new.priority, (not new.completed)::integer, new.completed::integer);
    perform keeper.add_to_task_count(old.user_id, old.priority, -(not old.completed)::integer, -old.completed::integer);
  end if;
  return null;
end $$;

comment on function keeper.count_task is
  'Definer, so that totals stay right whoever makes a change, and nobody else may write them: counts each change of a task.';

grant execute on function keeper.count_task to task_owner;
-- end db/functions/keeper/count_task.sql

-- begin db/functions/keeper/forget_tasks.sql
-- Definer, as the others: what is derived from no tasks is nothing.

create or replace function keeper.forget_tasks() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
begin
  truncate app.task_counts, app.search_entries;
  return null;
end $$;

comment on function keeper.forget_tasks is
  'Definer, as nobody else may write totals and keys: follows a DBA who truncates the tasks.';

grant execute on function keeper.forget_tasks to task_owner;
-- end db/functions/keeper/forget_tasks.sql

-- begin db/functions/keeper/keep_search_entry.sql
-- Keeps app.search_entries, whoever changes a task. Definer, as with the totals: the service has no right on that table at all,
-- and a change by direct SQL is followed as well.

create or replace function keeper.keep_search_entry() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
begin
  if tg_op = 'DELETE' or tg_op = 'UPDATE' and (new.user_id, new.id) is distinct from (old.user_id, old.id) then
    delete from app.search_entries as entry where entry.user_id = old.user_id and entry.id = old.id;
  end if;
  if tg_op = 'UPDATE' and (new.user_id, new.id) = (old.user_id, old.id) then
    update app.search_entries as entry
    set keys = app.search_vector(new.user_id, new.title, new.description, new.tags)
    where entry.user_id = new.user_id and entry.id = new.id;
  elsif tg_op <> 'DELETE' then
    insert into app.search_entries (user_id, id, keys)
    values (new.user_id, new.id, app.search_vector(new.user_id, new.title, new.description, new.tags));
  end if;
  return null;
end $$;

comment on function keeper.keep_search_entry is
  'Definer, so that a search finds what there is whoever made it, and nobody else may write the keys: follows each change of a task.';

grant execute on function keeper.keep_search_entry to task_owner;
-- end db/functions/keeper/keep_search_entry.sql

-- begin db/functions/keeper/list_migrations.sql
-- Definer: the list of migrations belongs to whoever migrates, and the service has no right on any table but its own.

create or replace function keeper.list_migrations() returns setof text
language sql stable security definer
set search_path = ''
as $$
  select applied.version::text from public.schema_migrations as applied
$$;

comment on function keeper.list_migrations is
  'Definer, to let the service, which may not read the list, compare: the versions of the migrations that were applied.';

grant execute on function keeper.list_migrations to task_api, task_auditor;
-- end db/functions/keeper/list_migrations.sql

-- begin db/functions/keeper/lock_counts.sql
-- A transaction that changes several tasks locks all totals of the user before, in the order of count_task:
-- else it could wait for one that waits for it. Definer, because the service may not write totals, and so may
-- not lock them.

create or replace function keeper.lock_counts() returns void
language plpgsql volatile security definer
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
begin
  -- One that is missing can't be locked.
  insert into app.task_counts (user_id, priority)
  values (v_user, 'High'), (v_user, 'Low'), (v_user, 'Medium')
  on conflict (user_id, priority) do nothing;
  perform from app.task_counts as counted
  where counted.user_id = v_user order by counted.priority for no key update;
end $$;

comment on function keeper.lock_counts is
  'Definer, because the service may not write them: locks the totals of the user until the end of the '
  'transaction.';

grant execute on function keeper.lock_counts to task_api;
-- end db/functions/keeper/lock_counts.sql

-- begin db/functions/keeper/remove_expired_answers.sql
-- Definer: the expired answers of users who never come back are nobody's own. Its owner sees and deletes expired ones only.

create or replace function keeper.remove_expired_answers() returns void
language plpgsql volatile security definer
set search_path = ''
as $$
begin
  -- One at a time, so that none waits for another; the rest is for the next request with a key.
  if pg_try_advisory_xact_lock(hashtextextended('keeper.remove_expired_answers', 0)) then
    delete from app.idempotency_keys as kept
    where (kept.user_id, kept.key) in (
      select expired.user_id, expired.key
      from app.idempotency_keys as expired
      where expired.created_at <= now() - interval '24 hours'
      order by expired.created_at
      limit 10);
  end if;
end $$;

comment on function keeper.remove_expired_answers is
  'Definer, because they may be anybody''s: removes some of the answers that are older than 24 hours.';

grant execute on function keeper.remove_expired_answers to task_api;
-- end db/functions/keeper/remove_expired_answers.sql

reset role;

-- migrate:down

set local role task_keeper;

-- drop db/functions/keeper/remove_expired_answers.sql
drop function keeper.remove_expired_answers;

-- drop db/functions/keeper/lock_counts.sql
drop function keeper.lock_counts;

-- drop db/functions/keeper/list_migrations.sql
drop function keeper.list_migrations;

-- drop db/functions/keeper/keep_search_entry.sql
drop function keeper.keep_search_entry;

-- drop db/functions/keeper/forget_tasks.sql
drop function keeper.forget_tasks;

-- drop db/functions/keeper/count_task.sql
drop function keeper.count_task;

-- drop db/functions/keeper/add_to_task_count.sql
drop function keeper.add_to_task_count;

reset role;
