-- The day of a pass's last use. Called for the first request of a day only.

create or replace function api.use_pass(id uuid) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_today constant date := (now() at time zone 'UTC')::date;
begin
  update app.passes as pass
  set last_used_on = v_today
  where pass.user_id = v_user and pass.id = use_pass.id and pass.last_used_on is distinct from v_today;
  return to_jsonb(found);
end $$;

comment on function api.use_pass is
  'Records today as the day of the pass''s last use; true if it was another day before.';

grant execute on function api.use_pass to task_api;
