-- migrate:up

-- Webhooks receive reminders and events; deliveries are what is sent to them. A delivery is written in the
-- transaction of its change, so that there is one exactly where the change is committed. It is claimed by
-- compare-and-set on due_at: no lock is held while the request runs, and a claim ends by itself.

set local role task_owner;

create table app.webhooks (
  user_id text not null default app.user_id(),
  id uuid not null default gen_random_uuid(),
  url text not null,
  label text,
  events text[] not null,
  headers jsonb not null default '{}',
  body jsonb,
  timezone text,
  paused text,
  generation integer not null default 1,
  rotated_at timestamptz,
  failing_since timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  waiting integer not null default 0,
  due_at timestamptz,

  constraint webhooks_pkey primary key (user_id, id),
  constraint webhooks_url_length check (char_length(url) between 1 and 2000),
  constraint webhooks_url_form check (url ~ '^https?://[A-Za-z0-9.:\[\]_-]+([/?][!-"$-~]*)?$'),
  constraint webhooks_label_length check (char_length(label) between 1 and 100),
  constraint webhooks_events_known check (
    cardinality(events) > 0 and events <@ array[
      'task.created', 'task.updated', 'task.completed', 'task.reopened', 'task.deleted', 'task.reminder']),
  constraint webhooks_headers_size check (octet_length(headers::text) <= 4096),
  constraint webhooks_headers_form check (
    jsonb_array_length(jsonb_path_query_array(headers, '$.keyvalue()')) <= 10
    and not jsonb_path_exists(headers, '$.keyvalue() ? (@.value.type() != "string"
      || !(@.value like_regex "^[ -~]*$") || !(@.key like_regex "^[A-Za-z0-9_-]+$")
      || @.key like_regex "^(content|proxy|webhook)-" flag "i"
      || @.key like_regex
        "^(host|connection|expect|keep-alive|te|trailer|transfer-encoding|upgrade)$" flag "i")')),
  constraint webhooks_body_size check (octet_length(body::text) <= 4096),
  -- So that it can be filled in at a bounded cost; what is sent is bounded in api.take_delivery.
  constraint webhooks_body_placeholders check (regexp_count(body::text, '\{[a-z_]+\}') <= 20),
  constraint webhooks_paused_known check (paused in ('user', 'gone', 'failing'))
) with (fillfactor = 80);

-- The worker: the webhooks of everybody whose turn is next, and those of them that fail.
create index webhooks_by_due_at on app.webhooks (due_at)
  where due_at is not null and failing_since is null;
create index webhooks_failing_by_due_at on app.webhooks (due_at)
  where due_at is not null and failing_since is not null;

comment on table app.webhooks is 'The addresses to which a user has reminders and events sent.';
comment on column app.webhooks.user_id is 'The owner, from the token.';
comment on column app.webhooks.id is 'The id of the webhook, unique among those of its owner.';
comment on column app.webhooks.url is 'Where the requests go. It may hold a secret of the receiver.';
comment on column app.webhooks.label is 'What the webhook is for, or null.';
comment on column app.webhooks.events is 'The types of the events that are sent.';
comment on column app.webhooks.headers is
  'Header fields of the requests, besides those of the service. Their values are secrets.';
comment on column app.webhooks.body is
  'The body of the requests, with placeholders such as {title} in its strings; null: the event.';
comment on column app.webhooks.timezone is
  'The zone in which {due} is written where the task has none; null means UTC.';
comment on column app.webhooks.paused is
  'Why nothing is sent: user, gone (it answered 410) or failing; null while it is active.';
comment on column app.webhooks.generation is
  'The number of its signing secret, which is derived and not stored.';
comment on column app.webhooks.rotated_at is 'When the secret was last changed; for a day both sign.';
comment on column app.webhooks.failing_since is 'The first failure since the last success, or null.';
comment on column app.webhooks.created_at is 'When it was created.';
comment on column app.webhooks.updated_at is 'When it last changed; the ETag is made of it.';
comment on column app.webhooks.waiting is 'How many of its deliveries wait.';
comment on column app.webhooks.due_at is
  'When it has its next turn: its place in the line of porter.find_due. No later than its next '
  'delivery; null while it is paused, or where nothing waits.';

comment on constraint webhooks_url_length on app.webhooks is 'string_length: must have 1 to 2,000 characters';
comment on constraint webhooks_url_form on app.webhooks is
  'url_form: must be a URL like https://example.com/path, in ASCII, without a user and without a fragment';
comment on constraint webhooks_label_length on app.webhooks is 'string_length: must have 1 to 100 characters';
comment on constraint webhooks_events_known on app.webhooks is
  'enum: must be one or more of task.created, task.updated, task.completed, task.reopened, task.deleted, '
  'task.reminder';
comment on constraint webhooks_headers_size on app.webhooks is
  'object_length: must have at most 4,096 bytes in all';
comment on constraint webhooks_headers_form on app.webhooks is
  'headers_form: must be at most 10 header fields with values in ASCII, none of them Host, Content-… or '
  'Webhook-…';
comment on constraint webhooks_body_size on app.webhooks is 'object_length: must have at most 4,096 bytes';
comment on constraint webhooks_body_placeholders on app.webhooks is
  'placeholder_count: must have at most 20 placeholders like {title}';
comment on constraint webhooks_paused_known on app.webhooks is 'enum: must be user, or null to go on';

create table app.reminders (
  user_id text not null,
  id uuid not null,
  remind_at timestamptz not null,

  constraint reminders_pkey primary key (user_id, id)
);

-- The worker: the next reminders of a user. Whose turn is next, app.task_counts.remind_at tells.
create index reminders_by_remind_at on app.reminders (user_id, remind_at);

comment on table app.reminders is
  'The open tasks whose reminder is still to come; written by keeper.keep_reminder.';
comment on column app.reminders.user_id is 'The owner of the task.';
comment on column app.reminders.id is 'The task.';
comment on column app.reminders.remind_at is 'When the reminder is due.';

create table app.deliveries (
  user_id text not null default app.user_id(),
  id uuid not null default gen_random_uuid(),
  webhook_id uuid not null,
  type text not null,
  task_id uuid,
  number bigint not null,
  payload text not null,
  state text not null default 'waiting',
  due_at timestamptz default now(),
  claimed boolean not null default false,
  attempts integer not null default 0,
  status integer,
  error text,
  created_at timestamptz not null default now(),
  finished_at timestamptz,

  constraint deliveries_pkey primary key (user_id, id),
  constraint deliveries_of_webhook foreign key (user_id, webhook_id)
    references app.webhooks on delete cascade,
  constraint deliveries_state_known check (state in ('waiting', 'delivered', 'failed')),
  constraint deliveries_due_waits check ((due_at is not null) = (state = 'waiting'))
) with (fillfactor = 80);

-- The worker: the next deliveries of a webhook. Whose turn is next, app.webhooks.due_at tells.
create index deliveries_by_due_at on app.deliveries (user_id, webhook_id, due_at) where due_at is not null;
-- The list of deliveries, newest first; the removal of old ones.
create index deliveries_by_webhook on app.deliveries (user_id, webhook_id, created_at, id);
-- The order of a task's events: what waits before another.
create index deliveries_waiting on app.deliveries (user_id, webhook_id, task_id, number)
  where state = 'waiting';

comment on table app.deliveries is 'What is to be sent, what was sent, and what could not be.';
comment on column app.deliveries.user_id is 'The owner of the webhook.';
comment on column app.deliveries.id is
  'The id of the delivery; the header webhook-id has it in each attempt.';
comment on column app.deliveries.webhook_id is 'Where it goes.';
comment on column app.deliveries.type is 'The type of the event: one of those of app.webhooks, or test.';
comment on column app.deliveries.task_id is 'The task of the event; null for a test.';
comment on column app.deliveries.number is
  'The number of the change: events of a task are sent in its order.';
comment on column app.deliveries.payload is 'The event, as JSON.';
comment on column app.deliveries.state is 'waiting, delivered or failed.';
comment on column app.deliveries.due_at is
  'When it is tried next, unless its webhook is paused; while it is being sent, when that claim ends. Null '
  'where it is over.';
comment on column app.deliveries.claimed is 'Whether a worker has it, or had it when the worker died.';
comment on column app.deliveries.attempts is 'How many times it was tried.';
comment on column app.deliveries.status is 'The HTTP status of the last answer, or null.';
comment on column app.deliveries.error is 'Why there was no answer to the last attempt, in a word, or null.';
comment on column app.deliveries.created_at is 'When the event happened.';
comment on column app.deliveries.finished_at is 'When it was delivered, or given up.';
comment on constraint deliveries_state_known on app.deliveries is
  'enum: must be waiting, delivered or failed';
comment on constraint deliveries_due_waits on app.deliveries is
  'delivery_state: must be due where it waits, and only there';

-- The forms in which they are read.
create type app.webhook_document as (
  id uuid,
  url text,
  label text,
  events text[],
  header_names text[],
  body json,
  timezone text,
  paused text,
  failing_since text,
  created_at text,
  updated_at text
);

comment on type app.webhook_document is
  'A webhook as a client sees it: of its header fields the names alone.';
grant usage on type app.webhook_document to task_api;

create type app.delivery_document as (
  id uuid,
  type text,
  task_id uuid,
  state text,
  attempts integer,
  status integer,
  error text,
  created_at text,
  next_attempt_at text,
  finished_at text,
  payload json
);

comment on type app.delivery_document is 'A delivery as a client sees it.';
grant usage on type app.delivery_document to task_api;

reset role;

-- migrate:down

set local role task_owner;
drop type app.delivery_document;
drop type app.webhook_document;
drop table app.deliveries;
drop table app.reminders;
drop table app.webhooks;
reset role;
