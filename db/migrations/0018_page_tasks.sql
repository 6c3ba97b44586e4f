-- migrate:up

-- One page of a user's tasks in one order, read from that order's index. One to six stretches of the index (a status and a
-- priority each) give their first rows, and the page is the first of these. Every comparison is leakproof, so all of this
-- happens under row-level security, with the index. There is a function for each key and direction, because only a query
-- whose text is fixed keeps its plan.

set local role task_owner;

do $do$
declare
  v_page record;
begin
  for v_page in
    select
      format('app.page_tasks_by_%s_%s', key, direction) as function,
      key, type, direction,
      case direction when 'asc' then '>' else '<' end as beyond,
      case direction when 'asc' then low else high end as first,
      case direction when 'asc' then '00000000-0000-0000-0000-000000000000' else 'ffffffff-ffff-ffff-ffff-ffffffffffff' end as first_id
    from (values
      ('created_at', 'timestamptz', '-infinity', 'infinity'),
      ('updated_at', 'timestamptz', '-infinity', 'infinity'),
      ('title_key', 'text', '', repeat(U&'\+10FFFF', 201)),
      ('due_or_infinity', 'timestamptz', '-infinity', 'infinity'),
      ('due_or_minus_infinity', 'timestamptz', '-infinity', 'infinity'),
      ('priority_rank', 'smallint', '0', '4')
    ) as key (key, type, low, high)
    cross join (values ('asc'), ('desc')) as direction (direction)
  loop
    execute format(
      $create$
        create function %s(
          query app.task_query, after text, after_id uuid, "limit" integer,
          out ids uuid[], out keys text[])
        returns record
        language plpgsql stable
        set search_path = ''
        as $function$
        declare
          v_user constant text := app.require_user_id();
          v_after constant %s := coalesce(after, %L);
          v_after_id constant uuid := coalesce(after_id, %L);
          v_rows constant integer := "limit" + query.offset;
        begin
          select array_agg(page.id), array_agg(page.key::text) into ids, keys
          from (
            select stretch.id, stretch.key
            from unnest(query.statuses) as status
            cross join unnest(query.ranks) as rank
            cross join lateral (
              select task.id, task.%I as key
              from app.tasks as task
              where task.user_id = v_user and task.completed = status and task.priority_rank = rank
                and (task.%I, task.id) %s (v_after, v_after_id)
              order by task.%I %s, task.id %s
              limit v_rows
            ) as stretch
            order by stretch.key %s, stretch.id %s
            limit "limit" offset query.offset
          ) as page;
        end $function$
      $create$,
      v_page.function, v_page.type, v_page.first, v_page.first_id, v_page.key, v_page.key, v_page.beyond,
      v_page.key, v_page.direction, v_page.direction, v_page.direction, v_page.direction);
    execute format(
      'comment on function %s(app.task_query, text, uuid, integer) is %L', v_page.function,
      'The page of tasks after the given key and id, or the first; statuses, priorities and offset from the query.');
    execute format('grant execute on function %s(app.task_query, text, uuid, integer) to task_api', v_page.function);
  end loop;
end $do$;

reset role;

-- migrate:down

set local role task_owner;
do $do$
declare
  v_function regprocedure;
begin
  for v_function in
    select oid from pg_catalog.pg_proc where pronamespace = 'app'::regnamespace and proname like 'page\_tasks\_by\_%'
  loop
    execute format('drop function %s', v_function);
  end loop;
end $do$;
reset role;
