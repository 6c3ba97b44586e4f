-- migrate:up

-- The keys of the search, beside the tasks and not in them: most changes of a task leave its words and tags
-- alone, and then none of the twenty or more keys of the search index is written again. A trigger keeps them,
-- after direct SQL as well.

set local role task_owner;

create table app.search_entries (
  user_id text not null,
  id uuid not null,
  keys tsvector not null,

  constraint search_entries_pkey primary key (user_id, id)
);

-- q and tags. Its keys begin with the user, see app.search_scope. Without a pending list, or searches would
-- read that too.
create index search_entries_by_keys on app.search_entries using gin (keys) with (fastupdate = off);

comment on table app.search_entries is
  'The keys of each task in the search index; written by keeper.keep_search_entry alone.';
comment on column app.search_entries.user_id is 'The owner of the task.';
comment on column app.search_entries.id is 'The task.';
comment on column app.search_entries.keys is 'Its keys, made by app.search_vector.';

reset role;

-- migrate:down

set local role task_owner;
drop table app.search_entries;
reset role;
