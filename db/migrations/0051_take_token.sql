-- migrate:up

-- The rate limit (RATE_LIMIT): a token bucket for each user, shared by all who serve. One row of two values a user, which says
-- the same as no row once its time has passed, so it is never removed. Unlogged: nothing is written to the log for it, and
-- after a crash every bucket is full.

set local role task_owner;

create unlogged table app.token_buckets (
  user_id text not null default app.user_id(),
  full_at timestamptz not null,

  constraint token_buckets_pkey primary key (user_id)
) with (fillfactor = 50);

comment on table app.token_buckets is 'How much of the rate limit each user has used; empty where RATE_LIMIT is not set.';
comment on column app.token_buckets.user_id is 'Who sends the requests.';
comment on column app.token_buckets.full_at is 'When the bucket is full again; each request takes it further into the future.';

alter table app.token_buckets enable row level security;
alter table app.token_buckets force row level security;

create policy token_buckets_select_own on app.token_buckets for select to task_api
  using (user_id = (select app.user_id()));
create policy token_buckets_insert_own on app.token_buckets for insert to task_api
  with check (user_id = (select app.user_id()));
create policy token_buckets_update_own on app.token_buckets for update to task_api
  using (user_id = (select app.user_id()))
  with check (user_id = (select app.user_id()));

-- Delete is not granted: it would fill the bucket.
grant select on app.token_buckets to task_api;
grant insert (full_at) on app.token_buckets to task_api;
grant update (full_at) on app.token_buckets to task_api;

create function api.take_token(requests integer, seconds integer, out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_now constant timestamptz := clock_timestamp();
  v_token constant interval := make_interval(secs => seconds::float8 / requests);
  v_window constant interval := make_interval(secs => seconds);
  v_full_at timestamptz;
  v_remaining integer := -1;
  v_wait interval;
begin
  insert into app.token_buckets as bucket (full_at) values (v_now + v_token)
  on conflict (user_id) do update
  set full_at = greatest(bucket.full_at, v_now) + v_token
  where greatest(bucket.full_at, v_now) + v_token <= v_now + v_window
  returning bucket.full_at into v_full_at;

  if found then
    v_wait := v_full_at - v_now;
    v_remaining := greatest(0, floor(extract(epoch from v_window - v_wait) / extract(epoch from v_token) + 0.000001));
  else
    select bucket.full_at + v_token - v_window - v_now into v_wait
    from app.token_buckets as bucket
    where bucket.user_id = v_user;
  end if;
  status := 200;
  headers := '{}';
  response := json_build_object('remaining', v_remaining, 'wait', round(extract(epoch from v_wait)::numeric, 3));
end $$;

comment on function api.take_token(integer, integer) is
  'Takes a token from the user''s bucket: how many remain, -1 where there was none, and the seconds until it is full, or has one.';

grant execute on function api.take_token(integer, integer) to task_api;

reset role;

-- migrate:down

set local role task_owner;
drop function api.take_token(integer, integer);
drop table app.token_buckets;
reset role;
