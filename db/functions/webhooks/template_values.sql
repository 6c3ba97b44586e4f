-- The placeholders of a body of the user's own. {due} is for people: on the clock of the task's zone, else
-- the webhook's.

create or replace function app.template_values(event jsonb, timezone text) returns jsonb
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  v_task constant jsonb := event -> 'data';
begin
  return jsonb_build_object(
    'type', event ->> 'type',
    'id', coalesce(v_task ->> 'id', ''),
    'title', coalesce(v_task ->> 'title', ''),
    'description', coalesce(v_task ->> 'description', ''),
    'priority', coalesce(v_task ->> 'priority', ''),
    'tags', coalesce((
      select string_agg(tag, ', ')
      from jsonb_array_elements_text(nullif(v_task -> 'tags', 'null')) as tag), ''),
    'due_date', coalesce(v_task ->> 'due_date', ''),
    'reminder_at', coalesce(v_task ->> 'reminder_at', ''),
    'due', coalesce(to_char(
      (v_task ->> 'due_date')::timestamptz at time zone coalesce(v_task ->> 'timezone', timezone, 'UTC'),
      'Dy DD Mon YYYY, HH24:MI'), ''));
end $$;

comment on function app.template_values is
  'The values of the placeholders in the body of a webhook, for an event.';

grant execute on function app.template_values to task_worker;
