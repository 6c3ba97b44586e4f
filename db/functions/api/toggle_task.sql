-- POST /tasks/{id}/toggle.

create or replace function api.toggle_task(
  id uuid, body jsonb, lenient boolean, if_match text, if_none_match text, answer jsonb, idempotency_key text,
  out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user text := app.require_user_id();
  v_request text;
  v_old app.tasks;
  v_new app.tasks;
  v_saved record;
  v_successor app.tasks;
begin
  if idempotency_key is not null then
    v_request := concat_ws(' ', 'toggle', id, app.hash_body(body));
    select * into status, headers, response from app.recall_answer(idempotency_key, v_request);
    if status is not null then
      return;
    end if;
  end if;

  v_user := app.lock_user();
  v_old := app.read_task(id, if_match, if_none_match);
  body := app.refuse_unknown_fields(body, array['completed', 'catch_up'], lenient);
  v_new := v_old;
  v_new.completed := coalesce(app.read_boolean(body, 'completed'), not v_old.completed);
  v_saved := app.save_task(
    v_old, v_new, coalesce(app.read_boolean(body, 'catch_up'), false), null, answer);
  if v_saved.question is not null then
    response := v_saved.question;
    return;
  end if;
  -- Where it was completed before, the answer is what it was then: a retry is safe.
  v_successor := v_saved.successor;
  if v_new.completed and v_successor.id is null then
    v_successor := app.find_successor(v_user, v_old.id);
  end if;
  v_new := v_saved.task;
  status := 200;
  headers := array['etag', format('"%s"', v_new.version)];
  response := concat(
    '{"task":', app.render_task(v_new),
    ',"new_task":', case when v_successor.id is null then 'null' else app.render_task(v_successor) end, '}');

  if idempotency_key is not null then
    perform app.remember_answer(idempotency_key, v_request, status, headers, response);
  end if;
end $$;

comment on function api.toggle_task is
  'Flips or sets whether a task is completed; a recurring one then has a successor. Without a status, the '
  'response is a question about the rule.';

grant execute on function api.toggle_task to task_api;
