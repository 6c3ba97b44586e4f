-- One page of a user's tasks in one order, read from that order's index. Each status and each priority is a stretch of the
-- index, and the page is merged from the stretches, of which no more is read than it shows. Every comparison is leakproof, so
-- all of this happens under row-level security, with the index. There is a function for each key and direction, because only
-- a query whose text is fixed keeps its plan.
-- Makes: app.page_tasks_by_created_at_asc, app.page_tasks_by_created_at_desc,
--   app.page_tasks_by_updated_at_asc, app.page_tasks_by_updated_at_desc,
--   app.page_tasks_by_title_key_asc, app.page_tasks_by_title_key_desc,
--   app.page_tasks_by_priority_key_asc, app.page_tasks_by_priority_key_desc,
--   app.page_tasks_by_due_or_infinity_asc, app.page_tasks_by_due_or_infinity_desc,
--   app.page_tasks_by_due_or_minus_infinity_asc, app.page_tasks_by_due_or_minus_infinity_desc.

do $do$
declare
  -- Words in capitals are replaced for each function.
  v_envelope constant text := $$
    create or replace function app.page_tasks_by_NAME_DIRECTION(
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
        from (GROUPS) as task
        order by KEY DIRECTION, task.id DIRECTION
        limit "limit" offset query.offset
      ) as page;
    end $function$
  $$;
  v_group constant text := '(select task.* from (%s) as task order by %s task.id DIRECTION limit v_rows)';
  v_stretch constant text :=
    '(select task.* from app.tasks as task '
    'where task.user_id = v_user and task.completed = %1$L and task.priority = %2$L '
    'and %1$L = any(query.statuses) and %2$L = any(query.priorities) and %3$s '
    'order by %4$s task.id DIRECTION limit v_rows)';
  v_by_key constant text := '(%1$s, task.id) BEYOND (v_after, v_after_id)';
  -- See app.priority_key. A key of another priority is a time long before or after those of all tasks.
  v_by_priority constant text :=
    '(task.created_at, task.id) BEYOND (app.time_of(v_after - %s * 10000000000000000), v_after_id)';
  -- Where all rows have the same key, the id alone decides.
  v_by_id constant text :=
    'task.id BEYOND case when %1$s = v_after then v_after_id when %1$s BEYOND v_after then ''FIRST_ID''::uuid else ''LAST_ID''::uuid end';
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
      ('priority_key', 'bigint', '0', '900000000000000000', 'app.priority_key(task.priority, task.created_at)'),
      -- Tasks without a due date come last in both directions.
      ('due_or_infinity', 'timestamptz', '-infinity', 'infinity', 'coalesce(task.due_date, ''infinity'')'),
      ('due_or_minus_infinity', 'timestamptz', '-infinity', 'infinity', 'coalesce(task.due_date, ''-infinity'')')
    ) as key (name, type, low, high, expression)
    cross join (values ('asc'), ('desc')) as direction (name)
    cross join lateral (
      select string_agg(format(v_group, stretches.text, "group".first_by), ' union all ') as text
      from (values
        ('created_at', '{High,Medium,Low}'::text[], format(v_by_key, 'task.created_at'), 'task.created_at DIRECTION,'),
        ('updated_at', '{High,Medium,Low}', format(v_by_key, 'task.updated_at'), 'task.updated_at DIRECTION,'),
        ('title_key', '{High,Medium,Low}', format(v_by_key, 'task.title_key'), 'task.title_key DIRECTION,'),
        ('priority_key', '{High}', format(v_by_priority, 1), 'task.created_at DIRECTION,'),
        ('priority_key', '{Medium}', format(v_by_priority, 2), 'task.created_at DIRECTION,'),
        ('priority_key', '{Low}', format(v_by_priority, 3), 'task.created_at DIRECTION,'),
        ('due_or_infinity', '{High,Medium,Low}', format(v_by_key, 'task.due_date'), 'task.due_date DIRECTION,'),
        ('due_or_infinity', '{High,Medium,Low}', format(v_by_id, '''infinity''') || ' and task.due_date is null', 'task.due_date DIRECTION,'),
        ('due_or_minus_infinity', '{High,Medium,Low}', format(v_by_key, 'task.due_date'), 'task.due_date DIRECTION,'),
        ('due_or_minus_infinity', '{High,Medium,Low}', format(v_by_id, '''-infinity''') || ' and task.due_date is null', 'task.due_date DIRECTION,')
      ) as "group" (key, priorities, bound, first_by)
      cross join lateral (
        select string_agg(format(v_stretch, status, priority, "group".bound, "group".first_by), ' union all ') as text
        from unnest('{false,true}'::boolean[]) as status
        cross join unnest("group".priorities) as priority
      ) as stretches
      where "group".key = key.name
    ) as groups
  loop
    v_text := replace(replace(v_envelope, 'GROUPS', v_page.groups), 'NAME', v_page.name);
    v_text := replace(replace(v_text, 'DIRECTION', v_page.direction), 'BEYOND', v_page.beyond);
    v_text := replace(replace(v_text, 'FIRST_ID', v_page.first_id), 'LAST_ID', v_page.last_id);
    v_text := replace(replace(v_text, 'FIRST_KEY', v_page.first_key), 'KEY', v_page.expression);
    execute replace(v_text, 'TYPE', v_page.type);
    execute format(
      'comment on function app.page_tasks_by_%s_%s is %L', v_page.name, v_page.direction,
      'The page of tasks after the given key and id, or the first; statuses, priorities and offset from the query. The keys are those of the first task and of the last but the one that shows whether there are more.');
    execute format(
      'grant execute on function app.page_tasks_by_%s_%s to task_api', v_page.name, v_page.direction);
  end loop;
end $do$;
