-- The other half of recall_answer: the answer is kept in the transaction of the effect.

create or replace function app.remember_answer(
  key text, request text, status integer, headers text[], body text)
returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
begin
  -- An expired answer under this very key.
  delete from app.idempotency_keys as kept where kept.user_id = v_user and kept.key = remember_answer.key;
  insert into app.idempotency_keys (key, request, status, headers, body)
  values (key, request, status, headers, body);
end $$;

comment on function app.remember_answer is
  'Keeps an answer for 24 hours; each time, some that are older are removed, so that there are never many.';

grant execute on function app.remember_answer to task_api;
