-- migrate:up

-- The answers to requests with an Idempotency-Key, written in the transaction of their effect.

set local role task_owner;

create table app.idempotency_keys (
  user_id text not null default app.user_id(),
  key text not null,
  request text not null,
  status integer not null,
  headers text[] not null,
  body text not null,
  created_at timestamptz not null default now(),

  constraint idempotency_keys_pkey primary key (user_id, key),
  constraint idempotency_keys_key_length check (char_length(key) between 1 and 255)
);

-- Removing the expired ones, of everybody: the one index that does not lead with the user.
create index idempotency_keys_by_created_at on app.idempotency_keys (created_at);

comment on table app.idempotency_keys is 'Answers to requests with an Idempotency-Key, kept for 24 hours.';
comment on column app.idempotency_keys.user_id is
  'The user of the request; the same key of another user is another key.';
comment on column app.idempotency_keys.key is 'The Idempotency-Key, as it was sent.';
comment on column app.idempotency_keys.request is
  'A digest of the operation, its task and its body: the same key with another is refused.';
comment on column app.idempotency_keys.status is 'The status of the answer.';
comment on column app.idempotency_keys.headers is 'The headers of the answer: name, value, name, value, …';
comment on column app.idempotency_keys.body is 'The body of the answer.';
comment on column app.idempotency_keys.created_at is 'When the request was answered.';
comment on constraint idempotency_keys_key_length on app.idempotency_keys is
  'string_length: must have 1 to 255 characters';

reset role;

-- migrate:down

set local role task_owner;
drop table app.idempotency_keys;
reset role;
