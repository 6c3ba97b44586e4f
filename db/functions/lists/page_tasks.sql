-- One page of a user's tasks in one order, read from that order's index. Each status and each priority is a
-- stretch of the index, and the page is merged from the stretches, of which no more is read than it shows.
-- Every comparison is leakproof, so all of this happens under row-level security, with the index. There is a
-- function for each key and direction, because only a query whose text is fixed keeps its plan.
-- Makes: app.page_tasks_by_created_at_asc, app.page_tasks_by_created_at_desc,
--   app.page_tasks_by_updated_at_asc, app.page_tasks_by_updated_at_desc,
--   app.page_tasks_by_title_key_asc, app.page_tasks_by_title_key_desc,
--   app.page_tasks_by_priority_key_asc, app.page_tasks_by_priority_key_desc,
--   app.page_tasks_by_due_or_infinity_asc, app.page_tasks_by_due_or_infinity_desc,
--   app.page_tasks_by_due_or_minus_infinity_asc, app.page_tasks_by_due_or_minus_infinity_desc.
--
-- The body of app.page_tasks_by_title_key_asc, whole:
--
-- declare
--   v_user constant text := app.require_user_id();
--   v_after constant text := coalesce(after, '');
--   v_after_id constant uuid := coalesce(after_id, '00000000000000000000000000000000');
--   v_rows constant integer := "limit" + query.offset;
-- begin
--   select
--     array_agg(page.id),
--     array[(array_agg(page.key))[1]::text, (array_agg(page.key))[least(count(*), "limit" - 1)]::text],
--     array_agg(page.document)
--   into ids, keys, documents
--   from (
--     select task.id, task.title_key as key, app.render_task(row(task.*)::app.tasks) as document
--     from (
--       (select task.* from (
--         (select task.* from app.tasks as task
--         where task.user_id = v_user and task.completed = false and false = any(query.statuses)
--           and task.priority = 'High' and 'High' = any(query.priorities)
--           and (task.title_key, task.id) > (v_after, v_after_id)
--         order by task.title_key asc, task.id asc limit v_rows)
--         union all
--         (select task.* from app.tasks as task
--         where task.user_id = v_user and task.completed = false and false = any(query.statuses)
--           and task.priority = 'Medium' and 'Medium' = any(query.priorities)
--           and (task.title_key, task.id) > (v_after, v_after_id)
--         order by task.title_key asc, task.id asc limit v_rows)
--         union all
--         (select task.* from app.tasks as task
--         where task.user_id = v_user and task.completed = false and false = any(query.statuses)
--           and task.priority = 'Low' and 'Low' = any(query.priorities)
--           and (task.title_key, task.id) > (v_after, v_after_id)
--         order by task.title_key asc, task.id asc limit v_rows)
--         union all
--         (select task.* from app.tasks as task
--         where task.user_id = v_user and task.completed = true and true = any(query.statuses)
--           and task.priority = 'High' and 'High' = any(query.priorities)
--           and (task.title_key, task.id) > (v_after, v_after_id)
--         order by task.title_key asc, task.id asc limit v_rows)
--         union all
--         (select task.* from app.tasks as task
--         where task.user_id = v_user and task.completed = true and true = any(query.statuses)
--           and task.priority = 'Medium' and 'Medium' = any(query.priorities)
--           and (task.title_key, task.id) > (v_after, v_after_id)
--         order by task.title_key asc, task.id asc limit v_rows)
--         union all
--         (select task.* from app.tasks as task
--         where task.user_id = v_user and task.completed = true and true = any(query.statuses)
--           and task.priority = 'Low' and 'Low' = any(query.priorities)
--           and (task.title_key, task.id) > (v_after, v_after_id)
--         order by task.title_key asc, task.id asc limit v_rows)
--       ) as task order by task.title_key asc, task.id asc limit v_rows)
--     ) as task
--     order by task.title_key asc, task.id asc
--     limit "limit" offset query.offset
--   ) as page;
-- end

do $do$
declare
  -- Words in capitals are replaced for each function.
  v_function constant text := $$create or replace function app.page_tasks_by_NAME_DIRECTION(
  query app.task_query, after text, after_id uuid, "limit" integer,
  out ids uuid[], out keys text[], out documents text[])
returns record
language plpgsql stable
set search_path = ''
as $function$
declare
  v_user constant text := app.require_user_id();
  v_after constant TYPE := coalesce(after, 'FIRST_KEY');
  v_after_id constant uuid := coalesce(after_id, 'FIRST_ID');
  v_rows constant integer := "limit" + query.offset;
begin
  select
    array_agg(page.id),
    array[(array_agg(page.key))[1]::text, (array_agg(page.key))[least(count(*), "limit" - 1)]::text],
    array_agg(page.document)
  into ids, keys, documents
  from (
    select task.id, KEY as key, app.render_task(row(task.*)::app.tasks) as document
    from (
GROUPS
    ) as task
    order by KEY DIRECTION, task.id DIRECTION
    limit "limit" offset query.offset
  ) as page;
end $function$
  $$;
  -- Stretches that begin with the same column.
  v_group constant text := $$      (select task.* from (
STRETCHES
      ) as task order by COLUMN DIRECTION, task.id DIRECTION limit v_rows)$$;
  v_stretch constant text := $$        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = STATUS and STATUS = any(query.statuses)
          and task.priority = 'PRIORITY' and 'PRIORITY' = any(query.priorities)
          and BOUND
        order by COLUMN DIRECTION, task.id DIRECTION limit v_rows)$$;
  v_union constant text := E'\n        union all\\n';
  c_all constant text[] := array['High', 'Medium', 'Low'];
  -- Where all rows have the same key, the id alone decides.
  v_undated constant text := concat_ws(
    E'\n          ', 'task.due_date is null and task.id BEYOND case',
    'when UNDATED = v_after then v_after_id',
    'when UNDATED BEYOND v_after then ''FIRST_ID''::uuid', 'else ''LAST_ID''::uuid end');
  -- See app.priority_key. A key of another priority is a time long before or after those of all tasks.
  v_of_priority constant text :=
    '(task.created_at, task.id) BEYOND (app.time_of(v_after - RANK * 10000000000000000), v_after_id)';
  v_page record;
  v_text text;
begin
  for v_page in
    select
      key.name, key.type, key.expression, direction.name as direction, groups.text as groups,
      case direction.name when 'asc' then key.low else key.high end as first_key,
      case direction.name when 'asc' then '>' else '<' end as beyond,
      case direction.name when 'asc' then repeat('0', 32) else repeat('f', 32) end as first_id,
      case direction.name when 'asc' then repeat('f', 32) else repeat('0', 32) end as last_id
    from (values
      ('created_at', 'timestamptz', '-infinity', 'infinity', 'task.created_at'),
      ('updated_at', 'timestamptz', '-infinity', 'infinity', 'task.updated_at'),
      ('title_key', 'text', '', repeat(U&'\+10FFFF', 201), 'task.title_key'),
      (
        'priority_key', 'bigint', '0', '900000000000000000',
        'app.priority_key(task.priority, task.created_at)'),
      -- Tasks without a due date come last in both directions.
      ('due_or_infinity', 'timestamptz', '-infinity', 'infinity', 'coalesce(task.due_date, ''infinity'')'),
      (
        'due_or_minus_infinity', 'timestamptz', '-infinity', 'infinity',
        'coalesce(task.due_date, ''-infinity'')')
    ) as key (name, type, low, high, expression)
    cross join (values ('asc'), ('desc')) as direction (name)
    cross join lateral (
      select string_agg(
        replace(replace(v_group, 'STRETCHES', stretches.text), 'COLUMN', "group".column),
        E'\n      union all\n' order by "group".place) as text
      from (values
        (1, 'created_at', c_all, 'task.created_at', null),
        (1, 'updated_at', c_all, 'task.updated_at', null),
        (1, 'title_key', c_all, 'task.title_key', null),
        (1, 'priority_key', array['High'], 'task.created_at', replace(v_of_priority, 'RANK', '1')),
        (2, 'priority_key', array['Medium'], 'task.created_at', replace(v_of_priority, 'RANK', '2')),
        (3, 'priority_key', array['Low'], 'task.created_at', replace(v_of_priority, 'RANK', '3')),
        (1, 'due_or_infinity', c_all, 'task.due_date', null),
        (2, 'due_or_infinity', c_all, 'task.due_date', replace(v_undated, 'UNDATED', '''infinity''')),
        (1, 'due_or_minus_infinity', c_all, 'task.due_date', null),
        (2, 'due_or_minus_infinity', c_all, 'task.due_date', replace(v_undated, 'UNDATED', '''-infinity'''))
      ) as "group" (place, key, priorities, "column", bound)
      cross join lateral (
        select string_agg(
          replace(replace(replace(
            v_stretch, 'STATUS', status::text), 'PRIORITY', priority),
            'BOUND', coalesce("group".bound, '(COLUMN, task.id) BEYOND (v_after, v_after_id)')),
          E'\n        union all\n' order by status, place) as text
        from unnest(array[false, true]) as status
        cross join unnest("group".priorities) with ordinality as priorities (priority, place)
      ) as stretches
      where "group".key = key.name
    ) as groups
  loop
    v_text := replace(replace(v_function, 'GROUPS', v_page.groups), 'NAME', v_page.name);
    v_text := replace(replace(v_text, 'DIRECTION', v_page.direction), 'BEYOND', v_page.beyond);
    v_text := replace(replace(v_text, 'FIRST_ID', v_page.first_id), 'LAST_ID', v_page.last_id);
    v_text := replace(replace(v_text, 'FIRST_KEY', v_page.first_key), 'KEY', v_page.expression);
    execute replace(v_text, 'TYPE', v_page.type);
    execute format(
      'comment on function app.page_tasks_by_%s_%s is %L', v_page.name, v_page.direction,
      'The page of tasks after the given key and id, or the first; statuses, priorities and offset from the '
      'query. The keys are those of the first task, and of the last but the one that shows whether there are '
      'more.');
    execute format(
      'grant execute on function app.page_tasks_by_%s_%s to task_api', v_page.name, v_page.direction);
  end loop;
end $do$;
