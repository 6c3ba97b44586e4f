-- The rate limit (RATE_LIMIT): a token bucket for each user, shared by all who serve. One row of two values a
-- user, which says the same as no row once its time has passed, so it is never removed. Unlogged: nothing is
-- written to the log for it, and after a crash every bucket is full.

create or replace function api.take_token(requests integer, seconds integer, cost integer) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  -- Microseconds, which are added without a time zone.
  v_now constant bigint := app.version_of(clock_timestamp());
  v_window constant bigint := seconds * 1000000::bigint;
  v_taken constant bigint := v_window * cost / requests;
  v_full_at bigint;
  v_remaining integer := -1;
  v_wait bigint;
begin
  insert into app.token_buckets as bucket (full_at) values (v_now + v_taken)
  on conflict (user_id) do update
  set full_at = greatest(bucket.full_at, v_now) + v_taken
  where greatest(bucket.full_at, v_now) + v_taken <= v_now + v_window
  returning bucket.full_at into v_full_at;

  if found then
    v_wait := v_full_at - v_now;
    v_remaining := (v_window - v_wait) * requests / v_window;
  else
    select bucket.full_at + v_taken - v_window - v_now into v_wait
    from app.token_buckets as bucket
    where bucket.user_id = v_user;
  end if;
  return jsonb_build_object('remaining', v_remaining, 'wait', round(v_wait / 1000000.0, 3));
end $$;

comment on function api.take_token is
  'Takes cost tokens from the user''s bucket. remaining: the tokens that are left, or -1 where there were '
  'too few; wait: the seconds until the bucket is full, or has enough.';

grant execute on function api.take_token to task_api;
