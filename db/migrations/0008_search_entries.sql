-- migrate:up

-- What is searched, beside the tasks and not in them: most changes of a task leave its words and tags alone, and then none of
-- the twenty or more keys of the search index is written again. Kept by a trigger, whoever changes the task.

set local role task_owner;

create table app.search_entries (
  user_id text not null,
  id uuid not null,
  keys tsvector not null,

  constraint search_entries_pkey primary key (user_id, id)
);

-- q and tags. Its keys begin with the user, see app.search_scope. Without a pending list, or searches would read that too.
create index search_entries_by_keys on app.search_entries using gin (keys) with (fastupdate = off);

comment on table app.search_entries is 'The keys of each task in the search index; written by app.keep_search_entry alone.';
comment on column app.search_entries.user_id is 'The owner of the task.';
comment on column app.search_entries.id is 'The task.';
comment on column app.search_entries.keys is 'Its keys, made by app.search_vector.';

-- Definer, as with the totals: the service has no right on this table at all, and a change by direct SQL is followed as well.
create function app.keep_search_entry() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
begin
  if tg_op = 'DELETE' or tg_op = 'UPDATE' and (new.user_id, new.id) is distinct from (old.user_id, old.id) then
    delete from app.search_entries as entry where entry.user_id = old.user_id and entry.id = old.id;
  end if;
  if tg_op = 'UPDATE' and (new.user_id, new.id) = (old.user_id, old.id) then
    update app.search_entries as entry
    set keys = app.search_vector(new.user_id, new.title, new.description, new.tags)
    where entry.user_id = new.user_id and entry.id = new.id;
  elsif tg_op <> 'DELETE' then
    insert into app.search_entries (user_id, id, keys)
    values (new.user_id, new.id, app.search_vector(new.user_id, new.title, new.description, new.tags));
  end if;
  return null;
end $$;

comment on function app.keep_search_entry() is
  'Definer, so that a search finds what there is whoever made it, and nobody else may write the keys: follows each change of a task.';

-- Definer, as the others: what is derived from no tasks is nothing.
create function app.forget_tasks() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
begin
  truncate app.task_counts, app.search_entries;
  return null;
end $$;

comment on function app.forget_tasks() is
  'Definer, as nobody else may write totals and keys: follows a DBA who truncates the tasks.';

grant execute on function
  app.search_text(text, text), app.search_scope(text), app.search_vector(text, text, text, text[])
  to task_keeper;
grant create on schema app to task_keeper;
reset role;
alter function app.keep_search_entry() owner to task_keeper;
alter function app.forget_tasks() owner to task_keeper;
set local role task_keeper;
grant execute on function app.keep_search_entry(), app.forget_tasks() to task_owner;
set local role task_owner;
revoke create on schema app from task_keeper;

create trigger tasks_keep_search_entry
after insert or delete or update of user_id, id, title, description, tags on app.tasks
for each row execute function app.keep_search_entry();

comment on trigger tasks_keep_search_entry on app.tasks is 'What is searched.';

create trigger tasks_forget
after truncate on app.tasks
for each statement execute function app.forget_tasks();

comment on trigger tasks_forget on app.tasks is 'Totals, and what is searched, where there are no tasks any more.';

reset role;

-- migrate:down

set local role task_owner;
drop trigger tasks_forget on app.tasks;
drop trigger tasks_keep_search_entry on app.tasks;
reset role;
set local role task_keeper;
drop function app.forget_tasks();
drop function app.keep_search_entry();
reset role;
set local role task_owner;
revoke execute on function
  app.search_text(text, text), app.search_scope(text), app.search_vector(text, text, text, text[])
  from task_keeper;
drop table app.search_entries;
reset role;
