-- migrate:up

-- The finder. Behind row-level security no index answers @@, because that operator is not leakproof: a search would read all
-- of the user's tasks. So this one function looks past it, and only proposes: what it returns is read again, by search_tasks,
-- under the caller's row-level security. It filters by the user itself; a fault in it could cost rows, and never show one.
-- Definer: owned by task_finder, which may read the columns below and nothing else, and no row when no user is set.

set local role task_owner;

create function app.find_tasks(
  query app.task_query, key text, direction text, after text, after_id uuid, "limit" integer,
  out ids uuid[], out keys text[], out matches uuid[])
returns record
language plpgsql stable security definer
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_words constant tsquery := app.search_query(v_user, query.q);
  v_tags constant tsquery := app.tag_query(v_user, query.tags, query.tags_match_all);
  v_key constant text := case key when 'relevance' then 'ts_rank(task.search, $2)' else format('task.%I', key) end;
  v_direction constant text := case direction when 'asc' then 'asc' else 'desc' end;
  v_type constant text := case key
    when 'relevance' then 'real' when 'title_key' then 'text' when 'priority_rank' then 'smallint' else 'timestamptz' end;
begin
  -- The text varies by which filters there are; what they are compared with is always a parameter.
  execute format(
    'with proposed as ('
    '  select task.id, task.user_id, task.completed, task.priority_rank, task.title_key, task.due_or_infinity,'
    '    task.due_or_minus_infinity, task.created_at, task.updated_at, task.search'
    '  from %s'
    '), found as materialized ('
    '  select task.id, %s as key from proposed as task where task.user_id = $1 %s'
    '), page as ('
    '  select found.id, found.key from found %s order by found.key %s, found.id %s limit $9 offset $10'
    ') '
    'select array_agg(page.id), array_agg(page.key::text), (select array_agg(found.id) from found) from page',
    -- The keys of the search index are the user's alone. "offset 0" keeps the planner from reading all of the user's rows
    -- as well, to intersect them with what the search finds. Without a search, the due dates are read from their index, which
    -- has a stretch for each status and priority.
    case when query.q is null and query.tags is null
      then 'unnest($3) as status cross join unnest($4) as rank '
        'join app.tasks as task on task.user_id = $1 and task.completed = status and task.priority_rank = rank'
      else 'app.tasks as task where ' || concat_ws(' and ',
        case when query.q is not null then 'task.search @@ $2' end,
        case when query.tags is not null then 'task.search @@ $11' end) || ' offset 0' end,
    v_key,
    concat(
      case when cardinality(query.statuses) < 2 then 'and task.completed = any($3) ' end,
      case when cardinality(query.ranks) < 3 then 'and task.priority_rank = any($4) ' end,
      case when query.due_from is not null then 'and task.due_or_minus_infinity >= $5 ' end,
      case when query.due_to is not null
        then format('and task.%I <= $6 ', case when query.due_from is null then 'due_or_infinity' else 'due_or_minus_infinity' end) end),
    case when after_id is not null
      then format('where (found.key, found.id) %s ($7::%s, $8)', case v_direction when 'asc' then '>' else '<' end, v_type) end,
    v_direction, v_direction)
  into ids, keys, matches
  using
    v_user, v_words, query.statuses, query.ranks, query.due_from, query.due_to, after, after_id, "limit", query.offset, v_tags;
end $$;

comment on function app.find_tasks(app.task_query, text, text, text, uuid, integer) is
  'Definer, to use the search index: the ids of the user''s tasks that a query finds, a page of them in order, and all of them.';

grant execute on function
  app.require_user_id(), app.search_text(text, text), app.search_scope(text), app.search_query(text, text),
  app.tag_query(text, text[], boolean)
  to task_finder;
grant create on schema app to task_finder;
reset role;
alter function app.find_tasks(app.task_query, text, text, text, uuid, integer) owner to task_finder;
set local role task_finder;
revoke execute on function app.find_tasks(app.task_query, text, text, text, uuid, integer) from public;
grant execute on function app.find_tasks(app.task_query, text, text, text, uuid, integer) to task_api;
set local role task_owner;
revoke create on schema app from task_finder;

-- Nothing of the finder is taken on trust: the total is counted anew as well, and a key is only kept with an id that is.
create function app.search_tasks(
  query app.task_query, key text, direction text, after text, after_id uuid, "limit" integer,
  out ids uuid[], out keys text[], out total bigint)
returns record
language plpgsql stable
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_proposed constant record := app.find_tasks(query, key, direction, after, after_id, "limit");
begin
  -- Each by itself ("offset 0"): or all of the user's tasks might be read, to pick these.
  select array_agg(page.id order by page.place), array_agg(page.key order by page.place) into ids, keys
  from unnest(v_proposed.ids, v_proposed.keys) with ordinality as page (id, key, place)
  cross join lateral (
    select from app.tasks as task where task.user_id = v_user and task.id = page.id offset 0
  ) as shown;

  select count(*) into total
  from unnest(v_proposed.matches) as match (id)
  cross join lateral (
    select from app.tasks as task where task.user_id = v_user and task.id = match.id offset 0
  ) as shown;
end $$;

comment on function app.search_tasks(app.task_query, text, text, text, uuid, integer) is
  'What the finder proposes, as far as row-level security shows it: a page of ids with their keys, and the number of all.';

grant execute on function app.search_tasks(app.task_query, text, text, text, uuid, integer) to task_api;

reset role;

-- migrate:down

set local role task_owner;
drop function app.search_tasks(app.task_query, text, text, text, uuid, integer);
set local role task_finder;
drop function app.find_tasks(app.task_query, text, text, text, uuid, integer);
set local role task_owner;
revoke execute on function
  app.require_user_id(), app.search_text(text, text), app.search_scope(text), app.search_query(text, text),
  app.tag_query(text, text[], boolean)
  from task_finder;
reset role;
