-- migrate:up

-- Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): the answer is kept in the transaction of the effect, so that
-- either both are there after a crash, or neither.

set local role task_owner;

create function app.recall_answer(key text, request text, out status integer, out headers text[], out body text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_kept app.idempotency_keys;
begin
  -- Held to the end of the transaction: whoever comes with the same key meanwhile is told so, and does not wait.
  if not pg_try_advisory_xact_lock(hashtextextended(v_user || E'\n' || key, 0)) then
    raise exception 'the first request with this Idempotency-Key is still running' using errcode = 'DT409';
  end if;
  select * into v_kept
  from app.idempotency_keys as kept
  where kept.user_id = v_user and kept.key = recall_answer.key and kept.created_at > now() - interval '24 hours';
  if v_kept.request <> recall_answer.request then
    raise exception 'this Idempotency-Key was used for another request' using errcode = 'DT422';
  end if;
  status := v_kept.status;
  headers := v_kept.headers || array['idempotency-replayed', 'true'];
  body := v_kept.body;
end $$;

comment on function app.recall_answer(text, text) is
  'What the first request with this key was answered; nulls where this is the first. Raises DT409 while the first runs, DT422 where it was another.';

-- Definer: the expired answers of users who never come back are nobody's own. Its owner sees and deletes expired ones only.
create function app.remove_expired_answers() returns void
language plpgsql volatile security definer
set search_path = ''
as $$
begin
  -- One at a time, so that none waits for another; the rest is for the next request with a key.
  if pg_try_advisory_xact_lock(hashtextextended('app.remove_expired_answers', 0)) then
    delete from app.idempotency_keys as kept
    where (kept.user_id, kept.key) in (
      select expired.user_id, expired.key
      from app.idempotency_keys as expired
      where expired.created_at <= now() - interval '24 hours'
      order by expired.created_at
      limit 10);
  end if;
end $$;

comment on function app.remove_expired_answers() is
  'Definer, because they may be anybody''s: removes some of the answers that are older than 24 hours.';

grant create on schema app to task_keeper;
reset role;
alter function app.remove_expired_answers() owner to task_keeper;
set local role task_keeper;
revoke execute on function app.remove_expired_answers() from public;
grant execute on function app.remove_expired_answers() to task_api;
set local role task_owner;
revoke create on schema app from task_keeper;

create function app.remember_answer(key text, request text, status integer, headers text[], body text) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
begin
  -- An expired answer under this very key.
  delete from app.idempotency_keys as kept where kept.user_id = v_user and kept.key = remember_answer.key;
  perform app.remove_expired_answers();
  insert into app.idempotency_keys (key, request, status, headers, body)
  values (key, request, status, headers, body);
end $$;

comment on function app.remember_answer(text, text, integer, text[], text) is
  'Keeps an answer for 24 hours; each time, some that are older are removed, so that there are never many.';

grant execute on function
  app.recall_answer(text, text), app.remember_answer(text, text, integer, text[], text)
  to task_api;

reset role;

-- migrate:down

set local role task_owner;
drop function app.remember_answer(text, text, integer, text[], text);
drop function app.recall_answer(text, text);
set local role task_keeper;
drop function app.remove_expired_answers();
reset role;
