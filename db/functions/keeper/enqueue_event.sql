-- Part of count_change: runs where the user listens to anything at all, in the transaction of the change. Of
-- the webhooks it reads what they wait for, and no address.

create or replace function keeper.enqueue_event(
  user_id text, version bigint, listening integer, old app.tasks, new app.tasks) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  v_type constant text := case
    when old.id is null then 'task.created'
    when new.id is null then 'task.deleted'
    when new.completed and not old.completed then 'task.completed'
    when old.completed and not new.completed then 'task.reopened'
    else 'task.updated' end;
  v_webhook uuid;
  v_payload text;
begin
  if listening & app.event_bit(v_type) = 0 then
    return;
  end if;
  if new.id is null then
    v_payload := concat('{"id":"', old.id, '"}');
  else
    -- As the task is going to be stored.
    new.user_id := user_id;
    new.version := version;
    new.updated_at := app.time_of(version);
    new.created_at := coalesce(new.created_at, new.updated_at);
    v_payload := app.render_task(new);
  end if;
  v_payload := app.render_event(v_type, app.time_of(version), version, v_payload);
  for v_webhook in
    select webhook.id from app.webhooks as webhook
    where webhook.user_id = $1 and webhook.paused is null and v_type = any(webhook.events)
    order by webhook.id
  loop
    insert into app.deliveries (user_id, webhook_id, type, task_id, number, payload)
    values ($1, v_webhook, v_type, coalesce(new.id, old.id), version, v_payload);
    perform app.add_waiting($1, v_webhook);
  end loop;
end $$;

comment on function keeper.enqueue_event is
  'Writes a delivery of a change for each active webhook that waits for it.';
