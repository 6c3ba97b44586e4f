-- Definer: the expired answers of users who never come back are nobody's own. Its owner sees and deletes
-- expired ones only. It works on the table that it fires for: where the rows are spread over machines
-- (db/citus), that is a part of app.idempotency_keys, on the machine of the answer that is being kept. The
-- whole table has a statement of its own, because a dynamic one is planned anew for each answer.

create or replace function keeper.remove_expired_answers() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $function$
begin
  -- One at a time, so that none waits for another; the rest is for the next request with a key.
  if not pg_try_advisory_xact_lock(hashtextextended('keeper.remove_expired_answers', 0)) then
    return null;
  end if;
  if tg_table_name = 'idempotency_keys' then
    delete from app.idempotency_keys as kept
    where (kept.user_id, kept.key) in (
      select expired.user_id, expired.key
      from app.idempotency_keys as expired
      where expired.created_at <= now() - interval '24 hours'
      order by expired.created_at
      limit 10);
  else
    execute format(
      $$
        delete from %1$s as kept
        where (kept.user_id, kept.key) in (
          select expired.user_id, expired.key
          from %1$s as expired
          where expired.created_at <= now() - interval '24 hours'
          order by expired.created_at
          limit 10)
      $$, tg_relid::regclass);
  end if;
  return null;
end $function$;

comment on function keeper.remove_expired_answers is
  'Definer, because they belong to any user: removes some of the answers that are older than 24 hours.';

grant execute on function keeper.remove_expired_answers to task_owner;
