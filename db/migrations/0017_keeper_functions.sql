-- migrate:up

-- A copy of db/functions/keeper, written by make functions: change it there.

set local role task_keeper;

-- begin db/functions/keeper/count_change.sql
-- Every change of a task comes through here, before the task is written or, after direct SQL and deletions,
-- behind it. The update of the one row holds its lock to the end of the transaction: so numbers are committed
-- in their order.
--
-- Whether a webhook waits for the change comes back with that update: without webhooks it costs nothing. The
-- same update notes a reminder that comes before the user's others, for the line of porter.find_due.
--
-- A deletion leaves its id behind for 30 days. Each deletion forgets at most 10 that are older, and notes the
-- last of them.

create or replace function keeper.count_change(user_id text, old app.tasks, new app.tasks) returns bigint
language plpgsql volatile
set search_path = ''
as $$
declare
  v_now constant bigint := (extract(epoch from clock_timestamp()) * 1000000)::bigint;
  v_version bigint;
  v_listening integer;
  v_forgotten bigint;
  -- As in keep_reminder.
  v_remind_at constant timestamptz := case
    when not new.completed and new.reminder_at > now() - interval '1 minute' then new.reminder_at end;
  -- The total that the task leaves, and the one that it joins.
  v_left constant text :=
    coalesce(case when old.completed then 'completed ' else 'open ' end || old.priority, '');
  v_joined constant text :=
    coalesce(case when new.completed then 'completed ' else 'open ' end || new.priority, '');
begin
  if v_left = v_joined then
    update app.task_counts as counts
    set version = greatest(counts.version + 1, v_now), remind_at = least(counts.remind_at, v_remind_at)
    where counts.user_id = $1
    returning counts.version, counts.listening into v_version, v_listening;
  else
    update app.task_counts as counts
    set version = greatest(counts.version + 1, v_now), remind_at = least(counts.remind_at, v_remind_at),
      open_high = counts.open_high
        + case 'open High' when v_joined then 1 when v_left then -1 else 0 end,
      open_medium = counts.open_medium
        + case 'open Medium' when v_joined then 1 when v_left then -1 else 0 end,
      open_low = counts.open_low
        + case 'open Low' when v_joined then 1 when v_left then -1 else 0 end,
      completed_high = counts.completed_high
        + case 'completed High' when v_joined then 1 when v_left then -1 else 0 end,
      completed_medium = counts.completed_medium
        + case 'completed Medium' when v_joined then 1 when v_left then -1 else 0 end,
      completed_low = counts.completed_low
        + case 'completed Low' when v_joined then 1 when v_left then -1 else 0 end
    where counts.user_id = $1
    returning counts.version, counts.listening into v_version, v_listening;
  end if;
  if v_version is null then
    -- The user's first change.
    insert into app.task_counts (user_id) values ($1) on conflict on constraint task_counts_pkey do nothing;
    return keeper.count_change($1, old, new);
  end if;

  if old.id is not null and old.id is distinct from new.id then
    insert into app.deleted_tasks (user_id, version, id) values ($1, v_version, old.id);
    with forgotten as (
      delete from app.deleted_tasks as deleted
      where deleted.user_id = $1 and deleted.version = any(array(
        select past.version from app.deleted_tasks as past
        where past.user_id = $1 and past.version < v_now - 2592000000000
        order by past.version
        limit 10))
      returning deleted.version
    )
    select max(forgotten.version) into v_forgotten from forgotten;
    if v_forgotten is not null then
      update app.task_counts as counts set forgotten = v_forgotten where counts.user_id = $1;
    end if;
  end if;
  if v_listening <> 0 then
    perform keeper.enqueue_event($1, v_version, v_listening, old, new);
  end if;
  return v_version;
end $$;

comment on function keeper.count_change is
  'Counts a change of the user''s tasks, from old (null: it is made) to new (null: it is deleted), and '
  'returns its number.';
-- end db/functions/keeper/count_change.sql

-- begin db/functions/keeper/count_task.sql
-- Definer, because totals must be right: the service may read its user's counts and not write them, and a
-- change that a DBA makes by direct SQL is counted as well. It takes the user from the row, which row-level
-- security let through. A task that moves to another user is a deletion here and a creation there; the rows
-- are locked in the order of the users.

create or replace function keeper.count_task() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
declare
  -- Where the rows are spread over machines (db/citus), the rows of a trigger have a type of their own.
  v_old constant app.tasks := old;
  v_new constant app.tasks := new;
begin
  if tg_op = 'INSERT' then
    perform keeper.count_change(new.user_id, null, v_new);
  elsif tg_op = 'DELETE' then
    perform keeper.count_change(old.user_id, v_old, null);
  elsif old.user_id = new.user_id then
    perform keeper.count_change(new.user_id, v_old, v_new);
  elsif old.user_id < new.user_id then
    perform keeper.count_change(old.user_id, v_old, null);
    perform keeper.count_change(new.user_id, null, v_new);
  else
    perform keeper.count_change(new.user_id, null, v_new);
    perform keeper.count_change(old.user_id, v_old, null);
  end if;
  return null;
end $$;

comment on function keeper.count_task is
  'Definer, because nobody else may write totals: counts a change by direct SQL.';

grant execute on function keeper.count_task to task_owner;
-- end db/functions/keeper/count_task.sql

-- begin db/functions/keeper/enqueue_event.sql
-- Part of count_change: runs where the user listens to anything at all, in the transaction of the change. Of
-- the webhooks it reads what they wait for, and no address.

create or replace function keeper.enqueue_event(
  user_id text, version bigint, listening integer, old app.tasks, new app.tasks) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  v_type constant text := case
    when old.id is null then 'task.created'
    when new.id is null then 'task.deleted'
    when new.completed and not old.completed then 'task.completed'
    when old.completed and not new.completed then 'task.reopened'
    else 'task.updated' end;
  v_webhook uuid;
  v_payload text;
begin
  if listening & app.event_bit(v_type) = 0 then
    return;
  end if;
  if new.id is null then
    v_payload := concat('{"id":"', old.id, '"}');
  else
    -- As the task is going to be stored.
    new.user_id := user_id;
    new.version := version;
    new.updated_at := app.time_of(version);
    new.created_at := coalesce(new.created_at, new.updated_at);
    v_payload := app.render_task(new);
  end if;
  v_payload := app.render_event(v_type, app.time_of(version), version, v_payload);
  for v_webhook in
    select webhook.id from app.webhooks as webhook
    where webhook.user_id = $1 and webhook.paused is null and v_type = any(webhook.events)
    order by webhook.id
  loop
    insert into app.deliveries (user_id, webhook_id, type, task_id, number, payload)
    values ($1, v_webhook, v_type, coalesce(new.id, old.id), version, v_payload);
    perform app.add_waiting($1, v_webhook);
  end loop;
end $$;

comment on function keeper.enqueue_event is
  'Writes a delivery of a change for each active webhook that waits for it.';
-- end db/functions/keeper/enqueue_event.sql

-- begin db/functions/keeper/forget_tasks.sql
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
-- end db/functions/keeper/forget_tasks.sql

-- begin db/functions/keeper/keep_listening.sql
-- Definer, as nobody else may write app.task_counts. A user's webhooks are changed one at a time (lock_user),
-- so none is missed.

create or replace function keeper.keep_listening() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
declare
  v_user constant text := coalesce(new.user_id, old.user_id);
  v_bits integer;
begin
  -- Of a user who is forgotten (api.forget_user) nothing is made again.
  if tg_op <> 'DELETE' then
    insert into app.task_counts (user_id) values (v_user)
    on conflict on constraint task_counts_pkey do nothing;
  end if;
  select coalesce(bit_or(app.event_bit(event)), 0) into v_bits
  from app.webhooks as webhook, unnest(webhook.events) as event
  where webhook.user_id = v_user and webhook.paused is null;
  update app.task_counts as counts set listening = v_bits
  where counts.user_id = v_user and counts.listening <> v_bits;
  return null;
end $$;

comment on function keeper.keep_listening is
  'Definer, because nobody else may write app.task_counts: keeps its listening equal to the events of the '
  'user''s active webhooks.';

grant execute on function keeper.keep_listening to task_owner;
-- end db/functions/keeper/keep_listening.sql

-- begin db/functions/keeper/keep_reminder.sql
-- Definer, as the others: the service has no right on app.reminders. A reminder that is set in the past is
-- not sent.

create or replace function keeper.keep_reminder() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
begin
  if tg_op <> 'INSERT' then
    delete from app.reminders as reminder where reminder.user_id = old.user_id and reminder.id = old.id;
  end if;
  if tg_op <> 'DELETE' and not new.completed and new.reminder_at > now() - interval '1 minute' then
    insert into app.reminders (user_id, id, remind_at) values (new.user_id, new.id, new.reminder_at);
  end if;
  return null;
end $$;

comment on function keeper.keep_reminder is
  'Definer, because nobody else may write reminders: keeps the reminder of a task equal to its reminder_at.';

grant execute on function keeper.keep_reminder to task_owner;
-- end db/functions/keeper/keep_reminder.sql

-- begin db/functions/keeper/keep_search_entry.sql
-- Keeps app.search_entries, after each change of a task, by direct SQL as well. Definer, as with the totals:
-- the service has no right on that table.

create or replace function keeper.keep_search_entry() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
begin
  if tg_op = 'UPDATE' and (new.user_id, new.id) = (old.user_id, old.id) then
    update app.search_entries as entry
    set keys = app.search_vector(new.user_id, new.title, new.description, new.tags)
    where entry.user_id = new.user_id and entry.id = new.id;
    return null;
  end if;
  if tg_op <> 'INSERT' then
    delete from app.search_entries as entry where entry.user_id = old.user_id and entry.id = old.id;
  end if;
  if tg_op <> 'DELETE' then
    insert into app.search_entries (user_id, id, keys)
    values (new.user_id, new.id, app.search_vector(new.user_id, new.title, new.description, new.tags));
  end if;
  return null;
end $$;

comment on function keeper.keep_search_entry is
  'Definer, because nobody else may write the keys: keeps the search entry of a task equal to the task.';

grant execute on function keeper.keep_search_entry to task_owner;
-- end db/functions/keeper/keep_search_entry.sql

-- begin db/functions/keeper/list_migrations.sql
-- Definer: the list of migrations belongs to the role that migrates, and the service has no right on it.

create or replace function keeper.list_migrations() returns setof text
language sql stable security definer
set search_path = ''
as $$
  select applied.version::text from public.schema_migrations as applied
$$;

comment on function keeper.list_migrations is
  'Definer, because the service may not read the list itself: the versions of the migrations that were '
  'applied.';

grant execute on function keeper.list_migrations to task_api, task_auditor;
-- end db/functions/keeper/list_migrations.sql

-- begin db/functions/keeper/remove_expired_answers.sql
-- Definer: the expired answers of users who never come back are nobody's own. Its owner sees and deletes
-- expired ones only. It works on the table that it fires for: where the rows are spread over machines
-- (db/citus), that is a part of app.idempotency_keys, on the machine of the answer that is being kept.

create or replace function keeper.remove_expired_answers() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $function$
begin
  -- One at a time, so that none waits for another; the rest is for the next request with a key.
  if pg_try_advisory_xact_lock(hashtextextended('keeper.remove_expired_answers', 0)) then
    execute format(
      $$
        delete from %1$s as kept
        where (kept.user_id, kept.key) in (
          select expired.user_id, expired.key
          from %1$s as expired
          where expired.created_at <= now() - interval '24 hours'
          order by expired.created_at
          limit 10)
      $$, tg_relid::regclass);
  end if;
  return null;
end $function$;

comment on function keeper.remove_expired_answers is
  'Definer, because they belong to any user: removes some of the answers that are older than 24 hours.';

grant execute on function keeper.remove_expired_answers to task_owner;
-- end db/functions/keeper/remove_expired_answers.sql

-- begin db/functions/keeper/take_number.sql
-- Definer, as with the other keepers: the service may not write its user's totals. It acts for the present
-- user only.

create or replace function keeper.take_number(old app.tasks, new app.tasks) returns bigint
language plpgsql volatile security definer
set search_path = ''
as $$
begin
  return keeper.count_change(app.require_user_id(), old, new);
end $$;

comment on function keeper.take_number is
  'Definer, because nobody else may write totals: counts a change of the present user''s task and returns '
  'its number.';

grant execute on function keeper.take_number to task_api;
-- end db/functions/keeper/take_number.sql

reset role;

-- migrate:down

set local role task_keeper;

-- drop db/functions/keeper/take_number.sql
drop function keeper.take_number;

-- drop db/functions/keeper/remove_expired_answers.sql
drop function keeper.remove_expired_answers;

-- drop db/functions/keeper/list_migrations.sql
drop function keeper.list_migrations;

-- drop db/functions/keeper/keep_search_entry.sql
drop function keeper.keep_search_entry;

-- drop db/functions/keeper/keep_reminder.sql
drop function keeper.keep_reminder;

-- drop db/functions/keeper/keep_listening.sql
drop function keeper.keep_listening;

-- drop db/functions/keeper/forget_tasks.sql
drop function keeper.forget_tasks;

-- drop db/functions/keeper/enqueue_event.sql
drop function keeper.enqueue_event;

-- drop db/functions/keeper/count_task.sql
drop function keeper.count_task;

-- drop db/functions/keeper/count_change.sql
drop function keeper.count_change;

reset role;
