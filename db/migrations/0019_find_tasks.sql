-- migrate:up

-- The finder. Behind row-level security no index answers @@, because that operator is not leakproof: a search would read all
-- of the user's entries. So this one function looks past it, and only proposes: what it returns is read by search_tasks,
-- under the caller's row-level security. It filters by the user itself; a fault in it could cost rows, and never show one.
-- Definer: owned by task_finder, which may read the search entries and nothing else, and no row when no user is set.

set local role task_owner;

create function app.find_tasks(q text, tags text[], match_all boolean, ranked boolean, out ids uuid[], out ranks real[])
returns record
language plpgsql stable security definer
set search_path = ''
-- Its keys are the user's alone, so the index is always right, and one plan as well.
set plan_cache_mode = force_generic_plan
as $$
declare
  v_user constant text := app.require_user_id();
  v_words constant tsquery := app.search_query(v_user, q);
  v_tags constant tsquery := app.tag_query(v_user, tags, match_all);
  v_query constant tsquery := coalesce(v_words && v_tags, v_words, v_tags);
begin
  -- "offset 0" keeps the planner from reading all of the user's entries as well, to intersect them with what is found.
  if ranked then
    select array_agg(found.id), array_agg(ts_rank(found.keys, v_words)) into ids, ranks
    from (select entry.user_id, entry.id, entry.keys from app.search_entries as entry where entry.keys @@ v_query offset 0) as found
    where found.user_id = v_user;
  else
    select array_agg(found.id) into ids
    from (select entry.user_id, entry.id from app.search_entries as entry where entry.keys @@ v_query offset 0) as found
    where found.user_id = v_user;
  end if;
end $$;

comment on function app.find_tasks(text, text[], boolean, boolean) is
  'Definer, to use the search index: the ids of the user''s tasks with the words and the tags, in no order, and how well the words fit.';

grant execute on function
  app.user_id(), app.require_user_id(), app.search_text(text, text), app.search_scope(text), app.search_query(text, text),
  app.tag_query(text, text[], boolean)
  to task_finder;
grant create on schema app to task_finder;
reset role;
alter function app.find_tasks(text, text[], boolean, boolean) owner to task_finder;
set local role task_finder;
revoke execute on function app.find_tasks(text, text[], boolean, boolean) from public;
grant execute on function app.find_tasks(text, text[], boolean, boolean) to task_api;
set local role task_owner;
revoke create on schema app from task_finder;

-- The page and the total are made of what row-level security shows, whatever the finder proposes. Without a search, the
-- due dates are read from their index, which has a stretch for each status and priority.
create function app.search_tasks(
  query app.task_query, key text, direction text, after text, after_id uuid, "limit" integer,
  out ids uuid[], out keys text[], out documents text[], out total bigint)
returns record
language plpgsql stable
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_searches constant boolean := query.q is not null or query.tags is not null;
  v_proposed record;
begin
  if v_searches then
    v_proposed := app.find_tasks(query.q, query.tags, query.tags_match_all, key = 'relevance');
  else
    select null::uuid[] as ids, null::real[] as ranks into v_proposed;
  end if;
  -- The text varies by the order and the filters; what they are compared with is always a parameter.
  execute format(
    'with found as materialized ('
    '  select task.id, %s as key from %s where %s'
    '), page as ('
    '  select found.id, found.key from found where $1 is null or (found.key, found.id) %s ($2::%s, $1) order by found.key %s, found.id %s'
    '  limit $3 offset $4'
    ') '
    'select array_agg(page.id), '
    '  array[(array_agg(page.key))[1]::text, (array_agg(page.key))[least(count(*), $3 - 1)]::text], '
    '  array_agg((select app.render_task(task) from app.tasks as task where task.user_id = $7 and task.id = page.id)), '
    '  (select count(*) from found) '
    'from page',
    case key
      when 'relevance' then 'proposed.rank'
      when 'due_or_infinity' then 'coalesce(task.due_date, ''infinity'')'
      when 'due_or_minus_infinity' then 'coalesce(task.due_date, ''-infinity'')'
      when 'priority_rank' then 'array_position(''{High,Medium,Low}'', task.priority)'
      else format('task.%I', key) end,
    -- Each row by itself ("offset 0"): or all of the user's tasks might be read, to pick these.
    case when v_searches
      then 'unnest($5, $6) as proposed (id, rank) cross join lateral ('
        'select task.* from app.tasks as task where task.user_id = $7 and task.id = proposed.id offset 0) as task'
      else 'unnest($8) as status cross join unnest($9) as priority '
        'inner join app.tasks as task on task.user_id = $7 and task.completed = status and task.priority = priority.priority' end,
    concat_ws(
      ' and ', 'true',
      case when v_searches and cardinality(query.statuses) < 2 then 'task.completed = any($8)' end,
      case when v_searches and cardinality(query.priorities) < 3 then 'task.priority = any($9)' end,
      case when query.due_from is not null then 'task.due_date >= $10' end,
      case when query.due_to is not null then 'task.due_date <= $11' end),
    case direction when 'asc' then '>' else '<' end,
    case key when 'relevance' then 'real' when 'title_key' then 'text' when 'priority_rank' then 'integer' else 'timestamptz' end,
    case direction when 'asc' then 'asc' else 'desc' end,
    case direction when 'asc' then 'asc' else 'desc' end)
  into ids, keys, documents, total
  using
    after_id, after, "limit", query.offset, v_proposed.ids, v_proposed.ranks, v_user,
    query.statuses, query.priorities, query.due_from, query.due_to;
end $$;

comment on function app.search_tasks(app.task_query, text, text, text, uuid, integer) is
  'A page, in the order of the key, of the tasks with words, tags or due dates, as of the functions for pages; and the number of all.';

grant execute on function app.search_tasks(app.task_query, text, text, text, uuid, integer) to task_api;

reset role;

-- migrate:down

set local role task_owner;
drop function app.search_tasks(app.task_query, text, text, text, uuid, integer);
set local role task_finder;
drop function app.find_tasks(text, text[], boolean, boolean);
set local role task_owner;
revoke execute on function
  app.user_id(), app.require_user_id(), app.search_text(text, text), app.search_scope(text), app.search_query(text, text),
  app.tag_query(text, text[], boolean)
  from task_finder;
reset role;
