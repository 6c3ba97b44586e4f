-- migrate:up

set local role task_owner;

create function api.update_task(
  id uuid, body jsonb, lenient boolean, if_match text, answer jsonb,
  out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_old constant app.tasks := app.lock_task(id, if_match);
  v_saved record;
begin
  perform app.refuse_unknown_fields(body, app.task_fields(), lenient);
  v_saved := app.save_task(v_old, app.merge_task(v_old, body), false, answer);
  if v_saved.question is not null then
    response := v_saved.question;
    return;
  end if;
  status := 200;
  select array['etag', format('"%s"', saved.version)], saved.document
  into headers, response
  from app.task_documents as saved
  where saved.user_id = v_user and saved.id = v_old.id;
end $$;

comment on function api.update_task(uuid, jsonb, boolean, text, jsonb) is
  'Changes the fields of a task that the body has (RFC 7396). Without a status, the response is a question about the rule.';

grant execute on function api.update_task(uuid, jsonb, boolean, text, jsonb) to task_api;

reset role;

-- migrate:down

set local role task_owner;
drop function api.update_task(uuid, jsonb, boolean, text, jsonb);
reset role;
