-- A deleted task leaves nothing behind, in the answers that are kept for retries either. Their keys stay, for
-- 24 hours more: a retry must not do again what was done.

create or replace function app.forget_answers(id uuid) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_kept app.idempotency_keys;
  v_body text;
begin
  for v_kept in
    select * from app.idempotency_keys as kept
    where kept.user_id = v_user and position(forget_answers.id::text in kept.body) > 0
  loop
    v_body := app.redact_answer(v_kept.body, id);
    continue when v_body = v_kept.body;
    delete from app.idempotency_keys as kept where kept.user_id = v_user and kept.key = v_kept.key;
    insert into app.idempotency_keys (key, request, status, headers, body)
    values (v_kept.key, v_kept.request, v_kept.status, v_kept.headers, v_body);
  end loop;
end $$;

comment on function app.forget_answers is 'Takes a task out of the kept answers of the user.';

grant execute on function app.forget_answers to task_api;
