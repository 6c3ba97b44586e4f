-- migrate:up

-- One row for each user counts the user's tasks and numbers their changes. Whoever changes a task takes the
-- number from this row first, in the update that counts, and holds the row's lock to the end of the
-- transaction. So a user's numbers become visible in their order: no reader can see a number and miss a
-- smaller one that is committed later. A sequence could not promise that. Users never wait for each other.

set local role task_owner;

create table app.task_counts (
  user_id text not null,
  version bigint not null default 0,
  forgotten bigint not null default 0,
  open_high integer not null default 0,
  open_medium integer not null default 0,
  open_low integer not null default 0,
  completed_high integer not null default 0,
  completed_medium integer not null default 0,
  completed_low integer not null default 0,
  listening integer not null default 0,
  remind_at timestamptz,

  constraint task_counts_pkey primary key (user_id),
  constraint task_counts_not_negative
    check (least(open_high, open_medium, open_low, completed_high, completed_medium, completed_low) >= 0)
) with (fillfactor = 50);

-- The worker: the users of everybody whose next reminder is due.
create index task_counts_by_remind_at on app.task_counts (remind_at) where remind_at is not null;

comment on table app.task_counts is
  'The number of each user''s last change, and how many tasks the user has; written by keeper.count_change, '
  'and remind_at by the worker.';
comment on column app.task_counts.user_id is 'The owner of the tasks.';
comment on column app.task_counts.version is
  'The number of the last change: microseconds since 1970, or one more than the number before.';
comment on column app.task_counts.forgotten is 'Deletions up to this number are no longer known.';
comment on column app.task_counts.open_high is 'How many tasks of priority High are open.';
comment on column app.task_counts.open_medium is 'How many tasks of priority Medium are open.';
comment on column app.task_counts.open_low is 'How many tasks of priority Low are open.';
comment on column app.task_counts.completed_high is 'How many tasks of priority High are completed.';
comment on column app.task_counts.completed_medium is 'How many tasks of priority Medium are completed.';
comment on column app.task_counts.completed_low is 'How many tasks of priority Low are completed.';
comment on column app.task_counts.listening is
  'The events that the user''s active webhooks wait for, as the bits of app.event_bit; 0 for none.';
comment on column app.task_counts.remind_at is
  'When the user has the next turn: the place in the line of porter.find_due. No later than the user''s next '
  'reminder; null for none.';
comment on constraint task_counts_not_negative on app.task_counts is
  'A negative number would mean that a change was not counted.';

create table app.deleted_tasks (
  user_id text not null,
  version bigint not null,
  id uuid not null,

  constraint deleted_tasks_pkey primary key (user_id, version)
);

comment on table app.deleted_tasks is
  'The deletions of the last 30 days, for clients that synchronise; written by keeper.count_change alone.';
comment on column app.deleted_tasks.user_id is 'The owner of the task.';
comment on column app.deleted_tasks.version is 'The number of the deletion among the owner''s changes.';
comment on column app.deleted_tasks.id is 'The task; it may have been made again since.';

reset role;

-- migrate:down

set local role task_owner;
drop table app.deleted_tasks;
drop table app.task_counts;
reset role;
