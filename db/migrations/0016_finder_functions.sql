-- migrate:up

-- A copy of db/functions/finder, written by make functions: change it there.

set local role task_finder;

-- begin db/functions/finder/find_tasks.sql
-- The finder. Behind row-level security no index answers @@, because that operator is not leakproof: a search
-- would read all of the user's entries. So this one function looks past it, and only proposes: what it
-- returns is read by search_tasks, under the caller's row-level security. It filters by the user itself; a
-- bug in it could hide rows but never reveal another user's. Definer: owned by task_finder, which may read
-- the search entries and nothing else, and no row when no user is set.

create or replace function finder.find_tasks(
  q text, tags text[], match_all boolean, ranked boolean, out ids uuid[], out ranks real[])
returns record
language plpgsql stable security definer
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_words constant tsquery := app.search_query(v_user, q);
  v_tags constant tsquery := app.tag_query(v_user, tags, match_all);
  v_query constant tsquery := coalesce(v_words && v_tags, v_words, v_tags);
begin
  -- collate "C" fits no other index: else the planner would read all of the user's entries as well, to
  -- intersect them with what is found.
  if ranked then
    select array_agg(entry.id), array_agg(ts_rank(entry.keys, v_words)) into ids, ranks
    from app.search_entries as entry
    where entry.user_id = v_user collate "C" and entry.keys @@ v_query;
  else
    select array_agg(entry.id) into ids
    from app.search_entries as entry
    where entry.user_id = v_user collate "C" and entry.keys @@ v_query;
  end if;
end $$;

comment on function finder.find_tasks is
  'Definer, to use the search index: the ids of the user''s tasks with the words and the tags, in no order, '
  'and how well the words fit.';

grant execute on function finder.find_tasks to task_api;
-- end db/functions/finder/find_tasks.sql

reset role;

-- migrate:down

set local role task_finder;

-- drop db/functions/finder/find_tasks.sql
drop function finder.find_tasks;

reset role;
