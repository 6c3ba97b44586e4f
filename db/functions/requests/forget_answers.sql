-- A deleted task leaves nothing behind: not in the answers that are kept for retries either.

create or replace function app.forget_answers(id uuid) returns void
language sql volatile
set search_path = ''
as $$
  delete from app.idempotency_keys as kept
  where kept.user_id = app.require_user_id() and position(forget_answers.id::text in kept.body) > 0
$$;

comment on function app.forget_answers is 'Deletes the kept answers of the user that show a task.';

grant execute on function app.forget_answers to task_api;
