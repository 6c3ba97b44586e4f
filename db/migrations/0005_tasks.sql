-- migrate:up

-- The tasks of everybody. Every key leads with the user, so that a user's rows are one stretch of each index,
-- and the table could be spread over machines by user. The rules are named constraints; each one's comment is
-- the error that a client reads: "type: what must be".

set local role task_owner;

create domain app.tag as text
  constraint tag_length check (char_length(value) between 1 and 50)
  constraint tag_comma check (position(',' in value) = 0);

comment on domain app.tag is 'A label of a task.';
comment on constraint tag_length on domain app.tag is 'tag_length: each tag must have 1 to 50 characters';
comment on constraint tag_comma on domain app.tag is
  'tag_comma: a tag must not contain a comma; send several tags as several strings';
grant usage on type app.tag to task_api;

create table app.tasks (
  user_id text not null default app.user_id(),
  id uuid not null default gen_random_uuid(),
  title text not null,
  description text,
  completed boolean not null default false,
  priority text not null default 'Medium',
  tags app.tag[] not null default '{}',
  due_date timestamptz,
  reminder_at timestamptz,
  is_recurring boolean not null default false,
  recurrence_rule text,
  timezone text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version bigint not null default 0,
  predecessor_id uuid,
  series_start timestamptz,
  series_index integer not null default 1,
  title_key text collate "C" not null generated always as (lower(title)) stored,

  constraint tasks_pkey primary key (user_id, id),
  constraint tasks_id_meaningful
    check (id not in ('00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff')),
  constraint tasks_user_id_length check (char_length(user_id) between 1 and 255),
  constraint tasks_title_length check (char_length(title) between 1 and 200),
  constraint tasks_description_length check (char_length(description) <= 2000),
  constraint tasks_priority_known check (priority in ('High', 'Medium', 'Low')),
  constraint tasks_tags_count check (cardinality(tags) <= 50),
  constraint tasks_due_date_range check (
    due_date between '0001-01-01 00:00:00Z' and '9999-12-31 23:59:59.999999Z'),
  constraint tasks_reminder_at_range check (
    reminder_at between '0001-01-01 00:00:00Z' and '9999-12-31 23:59:59.999999Z'),
  constraint tasks_reminder_not_after_due check (reminder_at <= due_date),
  constraint tasks_recurrence_rule_length check (char_length(recurrence_rule) between 1 and 500),
  constraint tasks_recurring_has_rule check (recurrence_rule is not null or not is_recurring),
  constraint tasks_timezone_length check (char_length(timezone) between 1 and 100)
);

-- Each order. Status and priority come first, so that a list with or without either filter reads just its
-- page, from one to six stretches of one index. Order by priority as well.
create index tasks_by_created_at on app.tasks (user_id, completed, priority, created_at, id);
create index tasks_by_updated_at on app.tasks (user_id, completed, priority, updated_at, id);
create index tasks_by_title on app.tasks (user_id, completed, priority, title_key, id);
-- due_date_from and due_date_to as well.
create index tasks_by_due_date on app.tasks (user_id, completed, priority, due_date, id);
-- A task has at most one successor, whatever runs at the same time.
create unique index tasks_one_successor on app.tasks (user_id, predecessor_id)
  where predecessor_id is not null;

comment on table app.tasks is 'The tasks of all users. Row-level security shows a user only their own tasks.';
comment on column app.tasks.user_id is 'The owner, from the token.';
comment on column app.tasks.id is 'The id of the task, unique among the tasks of its owner.';
comment on column app.tasks.title is 'The title. White space at both ends is trimmed.';
comment on column app.tasks.description is 'A longer text, or null.';
comment on column app.tasks.completed is 'Whether the task is done. Writing it does the same as toggle.';
comment on column app.tasks.priority is 'High, Medium or Low; any letter case in a body.';
comment on column app.tasks.tags is
  'Labels. They are trimmed, and duplicates are dropped; the first of them keeps its place.';
comment on column app.tasks.due_date is 'When the task is due, or null. It may be in the past.';
comment on column app.tasks.reminder_at is
  'When to remind the user, or null. It must not be after `due_date`.';
comment on column app.tasks.is_recurring is
  'Whether completing the task creates its successor. True needs a `recurrence_rule`.';
comment on column app.tasks.recurrence_rule is
  'An RFC 5545 RRULE value, for example `FREQ=WEEKLY;BYDAY=MO`, or null.';
comment on column app.tasks.timezone is
  'The IANA time zone of the rule and of times without an offset, for example `Europe/Berlin`. Null means '
  'UTC.';
comment on column app.tasks.created_at is 'When the task was created.';
comment on column app.tasks.updated_at is 'When the task last changed.';
comment on column app.tasks.version is
  'The number of its last change among its owner''s, see app.task_counts; the ETag. 0 until the change is '
  'numbered.';
comment on column app.tasks.predecessor_id is
  'The task whose completion created this one. It may have been deleted since.';
comment on column app.tasks.series_start is
  'The due date with which the series began, if that was the due date of another task; null means its own.';
comment on column app.tasks.series_index is
  'The place of the task in its series, from 1; COUNT is counted with it.';
comment on column app.tasks.title_key is
  'The title in lower case, the order by title; kept, because lower() is not leakproof.';

comment on constraint tasks_id_meaningful on app.tasks is
  'uuid_meaningful: must not be the nil or the max UUID (RFC 9562, 5.9 and 5.10)';
comment on constraint tasks_user_id_length on app.tasks is 'string_length: must have 1 to 255 characters';
comment on constraint tasks_title_length on app.tasks is 'string_length: must have 1 to 200 characters';
comment on constraint tasks_description_length on app.tasks is
  'string_length: must have at most 2,000 characters';
comment on constraint tasks_priority_known on app.tasks is 'enum: must be High, Medium or Low';
comment on constraint tasks_tags_count on app.tasks is 'array_length: must have at most 50 tags';
comment on constraint tasks_due_date_range on app.tasks is
  'time_range: must lie between the years 1 and 9999';
comment on constraint tasks_reminder_at_range on app.tasks is
  'time_range: must lie between the years 1 and 9999';
comment on constraint tasks_reminder_not_after_due on app.tasks is
  'reminder_after_due: must not be after due_date';
comment on constraint tasks_recurrence_rule_length on app.tasks is
  'string_length: must have 1 to 500 characters';
comment on constraint tasks_recurring_has_rule on app.tasks is
  'recurrence_rule_missing: must be set where is_recurring is true, for example FREQ=WEEKLY;BYDAY=MO';
comment on constraint tasks_timezone_length on app.tasks is 'string_length: must have 1 to 100 characters';

-- The forms that tasks are read in, and what a list is asked for: the functions stand on these types.
create type app.task_document as (
  id uuid,
  user_id text,
  title text,
  description text,
  completed boolean,
  priority text,
  tags text[],
  due_date text,
  reminder_at text,
  is_recurring boolean,
  recurrence_rule text,
  timezone text,
  created_at text,
  updated_at text
);

comment on type app.task_document is 'A task as a client reads it; times are text.';

create type app.task_query as (
  statuses boolean[],
  priorities text[],
  q text,
  tags text[],
  tags_match_all boolean,
  due_from timestamptz,
  due_to timestamptz,
  sort_by text,
  descending boolean,
  "limit" integer,
  "offset" integer,
  cursor text
);

comment on type app.task_query is 'The filters, the order and the page of a list.';

-- Each names its parameter, and describes it in the OpenAPI document.
comment on column app.task_query.q is
  'q: Words to find in title and description. Letter case and accents do not matter; English word forms are '
  'found; the last word may be the beginning of one; `"quoted phrases"`, `-without`, `or`. See '
  '[Search](#description/search).';
comment on column app.task_query.statuses is
  'status: Only completed tasks, or only the others. `completed` and `true`, or `false`, mean the same.';
comment on column app.task_query.priorities is
  'priority: Tasks with any of these priorities, in any letter case. Repeat the parameter, or separate with '
  'commas.';
comment on column app.task_query.tags is
  'tags: Tasks with any of these tags. Repeat the parameter, or separate with commas.';
comment on column app.task_query.tags_match_all is
  'tags_match: `any`: at least one of the tags; `all`: every one of them.';
comment on column app.task_query.due_from is
  'due_date_from: Tasks due at this time or later. UTC, unless it has an offset.';
comment on column app.task_query.due_to is
  'due_date_to: Tasks due at this time or earlier. A date without a time includes the whole day. UTC, unless '
  'it has an offset.';
comment on column app.task_query.sort_by is
  'sort_by: The order. If it is left out: `relevance` with `q`, otherwise `created_at`, newest first. '
  '`priority` has High first; `title` ignores letter case; `relevance` needs `q`. Tasks without a due date '
  'come last in both directions.';
comment on column app.task_query.descending is
  'sort_order: Ascending or descending. If it is left out: `asc`, but best first for `relevance`, and newest '
  'first if `sort_by` is left out as well.';
comment on column app.task_query."limit" is
  'limit: The number of items to return, at most.';
comment on column app.task_query."offset" is
  'offset: The number of tasks to skip. For long lists use `cursor`.';
comment on column app.task_query.cursor is
  'cursor: `next_cursor` of the previous page. It carries its own filters and order: parameters beside it '
  'must agree with it or be the defaults. `limit` may differ.';

reset role;

-- migrate:down

set local role task_owner;
drop type app.task_query;
drop type app.task_document;
drop table app.tasks;
drop domain app.tag;
reset role;
