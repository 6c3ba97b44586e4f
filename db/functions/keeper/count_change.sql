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
