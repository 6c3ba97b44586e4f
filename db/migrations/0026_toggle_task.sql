-- migrate:up

set local role task_owner;

create function api.toggle_task(
  id uuid, body jsonb, lenient boolean, if_match text, answer jsonb, idempotency_key text,
  out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_request text;
  v_old app.tasks;
  v_new app.tasks;
  v_saved record;
  v_successor uuid;
begin
  if idempotency_key is not null then
    v_request := encode(sha256(convert_to('toggle' || id || body, 'UTF8')), 'hex');
    select * into status, headers, response from app.recall_answer(idempotency_key, v_request);
    if status is not null then
      return;
    end if;
  end if;

  v_old := app.lock_task(id, if_match);
  perform app.refuse_unknown_fields(body, array['completed', 'catch_up'], lenient);
  v_new := v_old;
  v_new.completed := coalesce(app.read_boolean(body, 'completed'), not v_old.completed);
  v_saved := app.save_task(v_old, v_new, coalesce(app.read_boolean(body, 'catch_up'), false), answer);
  if v_saved.question is not null then
    response := v_saved.question;
    return;
  end if;

  -- Where it was completed before, the answer is what it was then: a retry is safe.
  if v_new.completed then
    v_successor := coalesce((v_saved.successor).id, (app.find_successor(v_user, v_old.id)).id);
  end if;
  status := 200;
  select
    array['etag', format('"%s"', saved.version)],
    '{"task":' || saved.document || ',"new_task":' || coalesce(successor.document, 'null') || '}'
  into headers, response
  from app.task_documents as saved
  left join app.task_documents as successor on successor.user_id = v_user and successor.id = v_successor
  where saved.user_id = v_user and saved.id = v_old.id;

  if idempotency_key is not null then
    perform app.remember_answer(idempotency_key, v_request, status, headers, response);
  end if;
end $$;

comment on function api.toggle_task(uuid, jsonb, boolean, text, jsonb, text) is
  'Flips or sets whether a task is completed; a recurring one then has a successor. Without a status, the response is a question about the rule.';

grant execute on function api.toggle_task(uuid, jsonb, boolean, text, jsonb, text) to task_api;

reset role;

-- migrate:down

set local role task_owner;
drop function api.toggle_task(uuid, jsonb, boolean, text, jsonb, text);
reset role;
