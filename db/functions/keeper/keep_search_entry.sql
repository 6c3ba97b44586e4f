-- Keeps app.search_entries, after each change of a task, by direct SQL as well. Definer, as with the totals:
-- the service has no right on that table.

create or replace function keeper.keep_search_entry() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
begin
  if tg_op = 'UPDATE' and (new.user_id, new.id) = (old.user_id, old.id) then
    update app.search_entries as entry
    set keys = app.search_vector(new.user_id, new.title, new.description, new.tags)
    where entry.user_id = new.user_id and entry.id = new.id;
    return null;
  end if;
  if tg_op <> 'INSERT' then
    delete from app.search_entries as entry where entry.user_id = old.user_id and entry.id = old.id;
  end if;
  if tg_op <> 'DELETE' then
    insert into app.search_entries (user_id, id, keys)
    values (new.user_id, new.id, app.search_vector(new.user_id, new.title, new.description, new.tags));
  end if;
  return null;
end $$;

comment on function keeper.keep_search_entry is
  'Definer, because nobody else may write the keys: keeps the search entry of a task equal to the task.';

grant execute on function keeper.keep_search_entry to task_owner;
