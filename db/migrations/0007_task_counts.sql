-- migrate:up

-- How many tasks each user has, by priority and status, kept in the transaction of every change: a total costs the same for
-- 100 tasks and for 50,000. The revision grows with every change of a task: lists have their ETag from it.
-- Each user has rows of its own, so users never wait for each other.

set local role task_owner;

create table app.task_counts (
  user_id text not null,
  priority text not null,
  open integer not null default 0,
  completed integer not null default 0,
  revision bigint not null default 1,

  constraint task_counts_pkey primary key (user_id, priority),
  constraint task_counts_not_negative check (open >= 0 and completed >= 0)
) with (fillfactor = 50);

comment on table app.task_counts is 'The number of each user''s tasks by priority and status; written by app.count_task alone.';
comment on column app.task_counts.user_id is 'The owner of the tasks.';
comment on column app.task_counts.priority is 'The priority that is counted.';
comment on column app.task_counts.open is 'How many tasks are not completed.';
comment on column app.task_counts.completed is 'How many tasks are completed.';
comment on column app.task_counts.revision is 'Grows whenever one of these tasks changes, comes or goes.';
comment on constraint task_counts_not_negative on app.task_counts is 'A negative number would mean that a change was not counted.';

create function app.add_to_task_count(user_id text, priority text, open integer, completed integer) returns void
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

comment on function app.add_to_task_count(text, text, integer, integer) is 'Changes the numbers of one row of app.task_counts.';

-- Definer, because totals must be right: the service may read its user's counts and not write them, and a change that a DBA
-- makes by direct SQL is counted as whoever it is made. It takes the user from the row, which row-level security let through.
create function app.count_task() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    perform app.add_to_task_count(new.user_id, new.priority, (not new.completed)::integer, new.completed::integer);
  elsif tg_op = 'DELETE' then
    perform app.add_to_task_count(old.user_id, old.priority, -(not old.completed)::integer, -old.completed::integer);
  elsif (old.user_id, old.priority) = (new.user_id, new.priority) then
    perform app.add_to_task_count(
      new.user_id, new.priority,
      (not new.completed)::integer - (not old.completed)::integer, new.completed::integer - old.completed::integer);
  -- Two rows change, always in the same order, so that two such changes can't wait for each other.
  elsif (old.user_id, old.priority) < (new.user_id, new.priority) then
    perform app.add_to_task_count(old.user_id, old.priority, -(not old.completed)::integer, -old.completed::integer);
    perform app.add_to_task_count(new.user_id, new.priority, (not new.completed)::integer, new.completed::integer);
  else
    perform app.add_to_task_count(new.user_id, new.priority, (not new.completed)::integer, new.completed::integer);
    perform app.add_to_task_count(old.user_id, old.priority, -(not old.completed)::integer, -old.completed::integer);
  end if;
  return null;
end $$;

comment on function app.count_task() is
  'Definer, so that totals stay right whoever makes a change, and nobody else may write them: counts each change of a task.';

grant execute on function app.add_to_task_count(text, text, integer, integer) to task_keeper;
grant create on schema app to task_keeper;
reset role;
alter function app.count_task() owner to task_keeper;
set local role task_keeper;
grant execute on function app.count_task() to task_owner;
set local role task_owner;
revoke create on schema app from task_keeper;

create trigger tasks_count
after insert or update or delete on app.tasks
for each row execute function app.count_task();

comment on trigger tasks_count on app.tasks is 'Totals, and the revision of the lists.';

-- The api functions move updated_at and version themselves. Direct SQL by a DBA is caught here, after the fact: so a change
-- by the service is written once.
create function app.touch_task() returns trigger
language plpgsql volatile
set search_path = ''
as $$
begin
  if new is distinct from old then
    update app.tasks as task
    set version = task.version + 1, updated_at = greatest(now(), task.updated_at + interval '1 microsecond')
    where task.user_id = new.user_id and task.id = new.id;
  end if;
  return null;
end $$;

comment on function app.touch_task() is 'Moves updated_at and version after an update that did not.';

create trigger tasks_touch
after update on app.tasks
for each row when (new.version = old.version)
execute function app.touch_task();

comment on trigger tasks_touch on app.tasks is 'updated_at and version after direct SQL.';

reset role;

-- migrate:down

set local role task_owner;
drop trigger tasks_touch on app.tasks;
drop trigger tasks_count on app.tasks;
drop function app.touch_task();
reset role;
set local role task_keeper;
drop function app.count_task();
reset role;
set local role task_owner;
drop function app.add_to_task_count(text, text, integer, integer);
drop table app.task_counts;
reset role;
