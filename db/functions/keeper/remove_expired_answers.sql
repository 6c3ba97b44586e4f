-- Definer: the expired answers of users who never come back are nobody's own. Its owner sees and deletes
-- expired ones only.

create or replace function keeper.remove_expired_answers() returns void
language plpgsql volatile security definer
set search_path = ''
as $$
begin
  -- One at a time, so that none waits for another; the rest is for the next request with a key.
  if pg_try_advisory_xact_lock(hashtextextended('keeper.remove_expired_answers', 0)) then
    delete from app.idempotency_keys as kept
    where (kept.user_id, kept.key) in (
      select expired.user_id, expired.key
      from app.idempotency_keys as expired
      where expired.created_at <= now() - interval '24 hours'
      order by expired.created_at
      limit 10);
  end if;
end $$;

comment on function keeper.remove_expired_answers is
  'Definer, because they belong to any user: removes some of the answers that are older than 24 hours.';

grant execute on function keeper.remove_expired_answers to task_api;
