-- Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): the answer is kept in the transaction of the
-- effect, so that either both are there after a crash, or neither.

create or replace function app.recall_answer(
  key text, request text, out status integer, out headers text[], out body text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_kept app.idempotency_keys;
begin
  -- Held to the end of the transaction. Meanwhile another request with the same key is refused, and does not
  -- wait.
  if not pg_try_advisory_xact_lock(hashtextextended(v_user || E'\n' || key, 0)) then
    raise exception 'the first request with this Idempotency-Key is still running' using errcode = 'DT409';
  end if;
  select * into v_kept
  from app.idempotency_keys as kept
  where kept.user_id = v_user and kept.key = recall_answer.key
    and kept.created_at > now() - interval '24 hours';
  if v_kept.request <> recall_answer.request then
    raise exception 'this Idempotency-Key was used for another request' using errcode = 'DT422';
  end if;
  if v_kept.body = '' then
    raise exception 'the task of the first answer has been deleted' using errcode = 'DT404';
  end if;
  status := v_kept.status;
  headers := v_kept.headers || array['idempotency-replayed', 'true'];
  body := v_kept.body;
end $$;

comment on function app.recall_answer is
  'The answer to the first request with this key; nulls where this is the first. Raises DT409 while the '
  'first runs, DT422 where it was another, DT404 where its task has been deleted.';

grant execute on function app.recall_answer to task_api;
