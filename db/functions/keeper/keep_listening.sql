-- Definer, as nobody else may write app.task_counts. A user's webhooks are changed one at a time (lock_user),
-- so none is missed.

create or replace function keeper.keep_listening() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
declare
  v_user constant text := coalesce(new.user_id, old.user_id);
  v_bits integer;
begin
  -- Of a user who is forgotten (api.forget_user) nothing is made again.
  if tg_op <> 'DELETE' then
    insert into app.task_counts (user_id) values (v_user)
    on conflict on constraint task_counts_pkey do nothing;
  end if;
  select coalesce(bit_or(app.event_bit(event)), 0) into v_bits
  from app.webhooks as webhook, unnest(webhook.events) as event
  where webhook.user_id = v_user and webhook.paused is null;
  update app.task_counts as counts set listening = v_bits
  where counts.user_id = v_user and counts.listening <> v_bits;
  return null;
end $$;

comment on function keeper.keep_listening is
  'Definer, because nobody else may write app.task_counts: keeps its listening equal to the events of the '
  'user''s active webhooks.';

grant execute on function keeper.keep_listening to task_owner;
