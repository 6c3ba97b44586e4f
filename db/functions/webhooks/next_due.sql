-- A webhook that had its turn goes to the end of the line, behind those that are due already: so the place is
-- never before now. Its row is locked before this, so that no delivery that is written meanwhile is missed.

create or replace function app.next_due(webhook_id uuid) returns timestamptz
language plpgsql stable
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_due timestamptz;
begin
  select delivery.due_at into v_due from app.deliveries as delivery
  where delivery.user_id = v_user and delivery.webhook_id = next_due.webhook_id
    and delivery.due_at is not null
  order by delivery.due_at
  limit 1;
  return case when v_due is not null then greatest(v_due, now()) end;
end $$;

comment on function app.next_due is
  'When the webhook has its next turn, if it had one now; null where nothing waits.';

grant execute on function app.next_due to task_api, task_worker;
