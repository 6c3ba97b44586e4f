-- A page of the tasks with words, tags or due dates. The page and the total are made of what row-level
-- security shows, whatever the finder proposes. Without a search, the due dates are read from their index,
-- which has a stretch for each status and priority.

create or replace function app.search_tasks(
  query app.task_query, key text, direction text, after text, after_id uuid, "limit" integer,
  out ids uuid[], out keys text[], out documents text[], out total bigint)
returns record
language plpgsql stable
set search_path = ''
as $function$
declare
  v_user constant text := app.require_user_id();
  v_searches constant boolean := query.q is not null or query.tags is not null;
  v_proposed record;
  -- The text varies by the order and the filters alone; what they are compared with is always a parameter.
  v_key constant text := case key
    when 'relevance' then 'proposed.rank'
    when 'due_or_infinity' then $$coalesce(task.due_date, 'infinity')$$
    when 'due_or_minus_infinity' then $$coalesce(task.due_date, '-infinity')$$
    when 'priority_key' then 'app.priority_key(task.priority, task.created_at)'
    else format('task.%I', key) end;
  v_type constant text := case key
    when 'relevance' then 'real' when 'title_key' then 'text' when 'priority_key' then 'bigint'
      else 'timestamptz' end;
  v_direction constant text := case direction when 'asc' then 'asc' else 'desc' end;
  v_beyond constant text := case direction when 'asc' then '>' else '<' end;
  v_tasks constant text := case when v_searches
    -- Each row by itself ("offset 0"): or all of the user's tasks might be read, to pick these.
    then $$
      unnest($5, $6) as proposed (id, rank)
      cross join lateral (
        select task.* from app.tasks as task where task.user_id = $7 and task.id = proposed.id offset 0
      ) as task
    $$
    else $$
      unnest($8) as status
      cross join unnest($9) as priority
      inner join app.tasks as task
        on task.user_id = $7 and task.completed = status and task.priority = priority.priority
    $$ end;
  v_filters constant text := concat_ws(
    ' and ', 'true',
    case when v_searches and cardinality(query.statuses) < 2 then 'task.completed = any($8)' end,
    case when v_searches and cardinality(query.priorities) < 3 then 'task.priority = any($9)' end,
    case when query.due_from is not null then 'task.due_date >= $10' end,
    case when query.due_to is not null then 'task.due_date <= $11' end);
begin
  if v_searches then
    v_proposed := finder.find_tasks(query.q, query.tags, query.tags_match_all, key = 'relevance');
  else
    select null::uuid[] as ids, null::real[] as ranks into v_proposed;
  end if;
  execute format(
    $$
      with found as materialized (
        select task.id, %1$s as key from %2$s where %3$s
      ), page as (
        select found.id, found.key
        from found
        where $1 is null or (found.key, found.id) %4$s ($2::%5$s, $1)
        order by found.key %6$s, found.id %6$s
        limit $3 offset $4
      )
      select
        array_agg(page.id),
        array[(array_agg(page.key))[1]::text, (array_agg(page.key))[least(count(*), $3 - 1)]::text],
        array_agg(
          (select app.render_task(row(task.*)::app.tasks) from app.tasks as task
            where task.user_id = $7 and task.id = page.id)),
        (select count(*) from found)
      from page
    $$,
    v_key, v_tasks, v_filters, v_beyond, v_type, v_direction)
  into ids, keys, documents, total
  using
    after_id, after, "limit", query.offset, v_proposed.ids, v_proposed.ranks, v_user,
    query.statuses, query.priorities, query.due_from, query.due_to;
end $function$;

comment on function app.search_tasks is
  'A page, in the order of the key, of the tasks with words, tags or due dates, as of the functions for '
  'pages; and the number of all.';

grant execute on function app.search_tasks to task_api;
