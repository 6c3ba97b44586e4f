-- POST /tasks, and PUT /tasks/{id} with If-None-Match: *.

create or replace function api.create_task(
  body jsonb, id uuid, lenient boolean, answer jsonb, idempotency_key text,
  out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user text := app.require_user_id();
  v_request text;
  v_new app.tasks;
  v_saved record;
begin
  if idempotency_key is not null then
    v_request := concat_ws(' ', 'create', app.hash_body(body));
    select * into status, headers, response from app.recall_answer(idempotency_key, v_request);
    if status is not null then
      return;
    end if;
  end if;

  v_new := app.merge_task(
    app.empty_task(), app.refuse_unknown_fields(body, app.task_fields(), lenient));
  v_new.id := create_task.id;
  v_user := app.lock_user();
  v_saved := app.save_task(null, v_new, false, body, answer);
  if v_saved.question is not null then
    response := v_saved.question;
    return;
  end if;

  status := 201;
  v_new := v_saved.task;
  headers := array['etag', format('"%s"', v_new.version), 'location', '/tasks/' || v_new.id];
  response := app.render_task(v_new);

  if idempotency_key is not null then
    perform app.remember_answer(idempotency_key, v_request, status, headers, response);
  end if;
end $$;

comment on function api.create_task is
  'Creates a task, with the id if one is given. Without a status, the response is a question about the rule.';

grant execute on function api.create_task to task_api;
