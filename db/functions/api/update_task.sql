-- PUT and PATCH /tasks/{id}.

create or replace function api.update_task(
  id uuid, body jsonb, lenient boolean, if_match text, if_none_match text, answer jsonb,
  out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.lock_user();
  v_old app.tasks;
  v_saved record;
  v_new app.tasks;
begin
  v_old := app.read_task(id, if_match, if_none_match);
  v_new := app.merge_task(v_old, app.refuse_unknown_fields(body, app.task_fields(), lenient));
  v_saved := app.save_task(v_old, v_new, false, body, answer);
  if v_saved.question is not null then
    response := v_saved.question;
    return;
  end if;
  status := 200;
  v_new := v_saved.task;
  headers := array['etag', format('"%s"', v_new.version)];
  response := app.render_task(v_new);
end $$;

comment on function api.update_task is
  'Changes the fields of a task that the body has (RFC 7396). Without a status, the response is a question '
  'about the rule.';

grant execute on function api.update_task to task_api;
