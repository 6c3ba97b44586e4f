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

comment on table app.task_counts is 'The number of each user''s tasks by priority and status; written by keeper.count_task alone.';
comment on column app.task_counts.user_id is 'The owner of the tasks.';
comment on column app.task_counts.priority is 'The priority that is counted.';
comment on column app.task_counts.open is 'How many tasks are not completed.';
comment on column app.task_counts.completed is 'How many tasks are completed.';
comment on column app.task_counts.revision is 'Grows whenever one of these tasks changes, comes or goes.';
comment on constraint task_counts_not_negative on app.task_counts is 'A negative number would mean that a change was not counted.';

reset role;

-- migrate:down

set local role task_owner;
drop table app.task_counts;
reset role;
