-- Called by the worker, as the user of the reminder. It is taken in the transaction that writes its
-- deliveries; of several workers one finds it, and one that comes too late waits for no lock. The user goes
-- to the end of the line of porter.find_due, or waits there for the next reminder.

create or replace function api.fire_reminder(id uuid, at bigint) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_fired boolean;
  v_late boolean;
  v_task app.tasks;
  v_payload text;
  v_webhook uuid;
  v_count integer := 0;
  v_next timestamptz;
begin
  if id is not null and not exists (
    select from app.reminders as reminder
    where reminder.user_id = v_user and reminder.id = fire_reminder.id
      and reminder.remind_at = app.time_of(at))
  then
    return 'null';
  end if;
  perform app.lock_user();
  delete from app.reminders as reminder
  where reminder.user_id = v_user and reminder.id = fire_reminder.id and reminder.remind_at = app.time_of(at)
  returning reminder.remind_at < now() - interval '24 hours' into v_late;
  v_fired := found;
  if v_fired then
    select * into v_task from app.tasks as task where task.user_id = v_user and task.id = fire_reminder.id;
    v_payload := app.render_event('task.reminder', now(), v_task.version, app.render_task(v_task));
    for v_webhook in
      select webhook.id from app.webhooks as webhook
      where webhook.user_id = v_user and webhook.paused is null and 'task.reminder' = any(webhook.events)
      order by webhook.id
    loop
      v_count := v_count + 1;
      if v_late then
        insert into app.deliveries (webhook_id, type, task_id, number, payload, state, due_at, error,
          finished_at)
        values (v_webhook, 'task.reminder', v_task.id, v_task.version, v_payload, 'failed', null, 'too late',
          now());
      else
        insert into app.deliveries (webhook_id, type, task_id, number, payload)
        values (v_webhook, 'task.reminder', v_task.id, v_task.version, v_payload);
        perform app.add_waiting(v_user, v_webhook);
      end if;
    end loop;
  end if;
  select reminder.remind_at into v_next from app.reminders as reminder
  where reminder.user_id = v_user
  order by reminder.remind_at
  limit 1;
  if v_next is not null then
    v_next := greatest(v_next, now());
  end if;
  update app.task_counts as counts set remind_at = v_next where counts.user_id = v_user;
  return case when v_fired then to_jsonb(v_count) else 'null' end;
end $$;

comment on function api.fire_reminder is
  'Writes the deliveries of a reminder that is due; returns their number, or null where it is no longer due. '
  'For the worker.';

grant execute on function api.fire_reminder to task_worker;
