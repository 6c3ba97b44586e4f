-- The service computes the coming due dates of a task (RFC 5545) from this.

create or replace function api.get_series(id uuid) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_task app.tasks;
begin
  select * into v_task from app.tasks as task where task.user_id = v_user and task.id = get_series.id;
  if not found then
    raise exception 'no such task' using errcode = 'DT404';
  end if;
  return jsonb_build_object(
    'recurrence_rule', case when v_task.is_recurring then v_task.recurrence_rule end,
    'timezone', v_task.timezone,
    'due_date', v_task.due_date at time zone 'UTC',
    'series_start', coalesce(v_task.series_start, v_task.due_date) at time zone 'UTC',
    'series_index', v_task.series_index);
end $$;

comment on function api.get_series is
  'Where a task stands in its series; the rule is null where nothing follows it. Times are in UTC, without '
  'an offset.';

grant execute on function api.get_series to task_api;
