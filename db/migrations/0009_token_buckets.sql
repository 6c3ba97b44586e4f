-- migrate:up

-- The rate limit (RATE_LIMIT): a token bucket for each user, shared by all who serve. One row of two values a
-- user, which says the same as no row once its time has passed, so it is never removed. Unlogged: nothing is
-- written to the log for it, and after a crash every bucket is full.

set local role task_owner;

create unlogged table app.token_buckets (
  user_id text not null default app.user_id(),
  full_at bigint not null,

  constraint token_buckets_pkey primary key (user_id)
) with (fillfactor = 50);

comment on table app.token_buckets is
  'How much of the rate limit each user has used; empty where RATE_LIMIT is not set.';
comment on column app.token_buckets.user_id is 'The user of the requests.';
comment on column app.token_buckets.full_at is
  'When the bucket is full again, in microseconds since 1970; each request takes it further into the future.';

reset role;

-- migrate:down

set local role task_owner;
drop table app.token_buckets;
reset role;
