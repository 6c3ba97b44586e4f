-- GET /tasks/{id}.

create or replace function api.get_task(
  id uuid, if_none_match text, out status integer, out headers text[], out response text)
returns record
language plpgsql stable
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_task app.tasks;
begin
  select * into v_task
  from app.tasks as task
  where task.user_id = v_user and task.id = get_task.id;
  if not found then
    raise exception 'no such task' using errcode = 'DT404';
  end if;
  status := 200;
  headers := array['etag', format('"%s"', v_task.version)];
  if app.etag_matches_weakly(if_none_match, headers[2]) then
    status := 304;
  else
    response := app.render_task(v_task);
  end if;
end $$;

comment on function api.get_task is 'One task; 304 where If-None-Match names its ETag.';

grant execute on function api.get_task to task_api;
