-- Definer, as the others: the service has no right on app.reminders. A reminder that is set in the past is
-- not sent.

create or replace function keeper.keep_reminder() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
begin
  if tg_op <> 'INSERT' then
    delete from app.reminders as reminder where reminder.user_id = old.user_id and reminder.id = old.id;
  end if;
  if tg_op <> 'DELETE' and not new.completed and new.reminder_at > now() - interval '1 minute' then
    insert into app.reminders (user_id, id, remind_at) values (new.user_id, new.id, new.reminder_at);
  end if;
  return null;
end $$;

comment on function keeper.keep_reminder is
  'Definer, because nobody else may write reminders: keeps the reminder of a task equal to its reminder_at.';

grant execute on function keeper.keep_reminder to task_owner;
