-- migrate:up

-- A copy of db/functions/lists, written by make functions: change it there.

set local role task_owner;

-- begin db/functions/lists/check_cursor.sql
-- A client may send all of its parameters beside a cursor, which carries its own: see read_cursor. They are
-- compared by their meaning: status=true is status=complete, tags=a,b is tags=b,a.

create or replace function app.check_cursor(cursor jsonb, parameters jsonb) returns void
language plpgsql stable
set search_path = ''
as $$
declare
  v_carried constant jsonb := cursor -> 'parameters';
  -- An empty parameter is one that was left out.
  v_given constant jsonb := (
    select coalesce(jsonb_object_agg(name, value), '{}')
    from jsonb_each(parameters) as parameter (name, value)
    where name <> 'limit'
      and exists (select from jsonb_array_elements_text(value) as each where app.trim_text(each) <> ''));
  v_own constant app.task_query := app.read_task_query(v_carried);
  v_plain constant app.task_query := app.read_task_query(v_carried - array['sort_by', 'sort_order']);
  v_without_direction constant app.task_query := app.read_task_query(v_carried - 'sort_order');
  v_asked app.task_query;
  v_others text[];
begin
  v_asked := app.read_task_query(v_carried || v_given);
  v_others := array(
    select name
    from (values
      ('q', v_asked.q is distinct from v_own.q
        and v_asked.q is distinct from app.trim_text(cursor ->> 'typed')),
      ('status', v_asked.statuses <> v_own.statuses),
      ('priority', not v_asked.priorities @> '{High,Medium,Low}'
        and not (v_asked.priorities @> v_own.priorities and v_asked.priorities <@ v_own.priorities)),
      ('tags', v_own.tags is null or not (v_asked.tags @> v_own.tags and v_asked.tags <@ v_own.tags)),
      ('tags_match', v_asked.tags_match_all and not v_own.tags_match_all),
      ('due_date_from', v_asked.due_from is distinct from v_own.due_from),
      ('due_date_to', v_asked.due_to is distinct from v_own.due_to),
      ('sort_by', v_asked.sort_by not in (v_own.sort_by, v_plain.sort_by)),
      ('sort_order', v_asked.descending not in (v_own.descending, v_without_direction.descending)),
      ('offset', v_asked.offset <> 0)
    ) as parameter (name, differs)
    where differs and v_given ? name);
  if v_others <> '{}' then
    raise exception 'bad cursor' using errcode = 'DT400',
      detail = jsonb_build_array(jsonb_build_object(
        'loc', array['query', 'cursor'], 'type', 'cursor_mismatch', 'msg', format(
          'carries its own filters and order; %s would change them: send it alone, or begin again without it',
          array_to_string(v_others, ', '))));
  end if;
end $$;

comment on function app.check_cursor is
  'Raises DT400 where a parameter beside the cursor neither agrees with it nor is the default.';

grant execute on function app.check_cursor to task_api;
-- end db/functions/lists/check_cursor.sql

-- begin db/functions/lists/count_tasks.sql
-- Totals are kept in the transaction of every change, so that they cost the same for 100 tasks and for
-- 50,000.

create or replace function app.count_tasks(counts app.task_counts, statuses boolean[], priorities text[])
returns integer
language sql immutable parallel safe
return case when false = any(statuses) then
    case when 'High' = any(priorities) then counts.open_high else 0 end
    + case when 'Medium' = any(priorities) then counts.open_medium else 0 end
    + case when 'Low' = any(priorities) then counts.open_low else 0 end
  else 0 end
  + case when true = any(statuses) then
    case when 'High' = any(priorities) then counts.completed_high else 0 end
    + case when 'Medium' = any(priorities) then counts.completed_medium else 0 end
    + case when 'Low' = any(priorities) then counts.completed_low else 0 end
  else 0 end;

comment on function app.count_tasks is
  'How many of the counted tasks have one of the statuses and one of the priorities.';

grant execute on function app.count_tasks to task_api;
-- end db/functions/lists/count_tasks.sql

-- begin db/functions/lists/describe_parameters.sql
-- Part of the OpenAPI document: see describe_tasks. The descriptions are the comments on app.task_query. The
-- schemas say what read_task_query accepts.

create or replace function app.describe_parameters() returns jsonb
language plpgsql stable parallel safe
set search_path = ''
as $$
begin
  return (
    select jsonb_agg(
      jsonb_build_object(
        'name', parameter.name, 'description', substring(described.comment from ': (.*)'),
        'schema', parameter.schema)
      order by parameter.place)
    from (values
      (1, 'q', '{"type": "string", "maxLength": 2000, "examples": ["rent -garage"]}'::jsonb),
      (2, 'status', '{"type": "string", "enum": ["complete", "incomplete"]}'),
      (3, 'priority', '{"type": "array", "items": {"type": "string", "enum": ["High", "Medium", "Low"]}}'),
      (4, 'tags',
        '{"type": "array", "maxItems": 50, '
        '"items": {"type": "string", "maxLength": 50, "pattern": "^[^,]*$"}}'),
      (5, 'tags_match', '{"type": "string", "enum": ["any", "all"], "default": "any"}'),
      (6, 'due_date_from',
        '{"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}'),
      (7, 'due_date_to',
        '{"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}'),
      (8, 'sort_by', '{"type": "string",
        "enum": ["due_date", "title", "priority", "created_at", "updated_at", "relevance"]}'),
      (9, 'sort_order', '{"type": "string", "enum": ["asc", "desc"]}'),
      (10, 'limit', '{"type": "integer", "minimum": 1, "maximum": 100, "default": 50}'),
      (11, 'offset', '{"type": "integer", "minimum": 0, "maximum": 999999999, "default": 0}'),
      (12, 'cursor', '{"type": "string"}')
    ) as parameter (place, name, schema)
    left join lateral (
      select col_description(attribute.attrelid, attribute.attnum) as comment
      from pg_catalog.pg_attribute as attribute
      where attribute.attrelid = 'app.task_query'::regclass
        and split_part(col_description(attribute.attrelid, attribute.attnum), ': ', 1) = parameter.name
    ) as described on true);
end $$;

comment on function app.describe_parameters is
  'Each parameter of a list: its name, its description and its JSON Schema.';

grant execute on function app.describe_parameters to task_api;
-- end db/functions/lists/describe_parameters.sql

-- begin db/functions/lists/encode_base64url.sql
-- Part of the cursors: see make_cursor.

create or replace function app.encode_base64url(bytes bytea) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return translate(encode(bytes, 'base64'), E'+/=\n', '-_');
end $$;

comment on function app.encode_base64url is 'RFC 4648, section 5, without padding.';

grant execute on function app.encode_base64url to task_api;
-- end db/functions/lists/encode_base64url.sql

-- begin db/functions/lists/encode_uri_component.sql
-- A header is ASCII.

create or replace function app.encode_uri_component("text" text) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select string_agg(
    case when letter ~ '^[A-Za-z0-9._~-]$' then letter
      else regexp_replace(encode(convert_to(letter, 'UTF8'), 'hex'), '(..)', '%\1', 'g') end,
    '' order by place)
  from regexp_split_to_table("text", '') with ordinality as letters (letter, place)
$$;

comment on function app.encode_uri_component is 'The text, percent-encoded as UTF-8 (RFC 3986, 2.1).';

grant execute on function app.encode_uri_component to task_api;
-- end db/functions/lists/encode_uri_component.sql

-- begin db/functions/lists/epoch.sql
-- Numbers mean something in one history of the database only. A restore from a backup or a promoted standby
-- begins another. Where the rows are spread over machines (db/citus), these have one history in common, or a
-- user whose rows are moved would have to begin anew.

create or replace function app.epoch() returns text
language plpgsql stable
set search_path = ''
as $$
begin
  if to_regproc('spread.epoch') is not null then
    return spread.epoch();
  end if;
  return left(md5(format(
    '%s/%s', (pg_control_system()).system_identifier, (pg_control_checkpoint()).timeline_id)), 8);
exception when insufficient_privilege then
  -- Some providers keep these functions to themselves.
  return '00000000';
end $$;

comment on function app.epoch is
  'The history of the database that numbers belong to, as 8 hexadecimal digits.';

grant execute on function app.epoch to task_api;
-- end db/functions/lists/epoch.sql

-- begin db/functions/lists/find_page.sql
-- The page that a query or a cursor asks for. Without words, tags and due dates it is read from the index of
-- its order (page_tasks); with them, search_tasks reads it. Where nothing is found, a suggestion is searched.
--
-- A cursor that leads back reads against the order, from the task that it names; then the page is turned
-- round.

create or replace function app.find_page(
  query app.task_query, cursor jsonb,
  out documents text[], out first_key text, out first_id uuid, out last_key text, out last_id uuid,
  out has_previous boolean, out has_next boolean, out total bigint, out suggestion text)
returns record
language plpgsql stable
set search_path = ''
as $$
declare
  v_key constant text := case query.sort_by
    when 'due_date' then case when query.descending then 'due_or_minus_infinity' else 'due_or_infinity' end
    when 'title' then 'title_key'
    when 'priority' then 'priority_key'
    else query.sort_by end;
  v_backwards constant boolean := coalesce((cursor ->> 'backwards')::boolean, false);
  v_direction constant text := case when query.descending <> v_backwards then 'desc' else 'asc' end;
  v_after constant text := cursor ->> 'key';
  v_after_id constant uuid := cursor ->> 'id';
  -- One more than the page shows says whether there is another page.
  v_limit constant integer := query.limit + 1;
  v_page record;
  v_more boolean;
  v_count integer;
begin
  if query.q is null and query.tags is null and query.due_from is null and query.due_to is null then
    -- Not execute: that would be planned at every call.
    v_page := case v_key || ' ' || v_direction
      when 'created_at asc' then app.page_tasks_by_created_at_asc(query, v_after, v_after_id, v_limit)
      when 'created_at desc' then app.page_tasks_by_created_at_desc(query, v_after, v_after_id, v_limit)
      when 'updated_at asc' then app.page_tasks_by_updated_at_asc(query, v_after, v_after_id, v_limit)
      when 'updated_at desc' then app.page_tasks_by_updated_at_desc(query, v_after, v_after_id, v_limit)
      when 'title_key asc' then app.page_tasks_by_title_key_asc(query, v_after, v_after_id, v_limit)
      when 'title_key desc' then app.page_tasks_by_title_key_desc(query, v_after, v_after_id, v_limit)
      when 'priority_key asc' then app.page_tasks_by_priority_key_asc(query, v_after, v_after_id, v_limit)
      when 'priority_key desc' then app.page_tasks_by_priority_key_desc(query, v_after, v_after_id, v_limit)
      when 'due_or_infinity asc' then
        app.page_tasks_by_due_or_infinity_asc(query, v_after, v_after_id, v_limit)
      when 'due_or_infinity desc' then
        app.page_tasks_by_due_or_infinity_desc(query, v_after, v_after_id, v_limit)
      when 'due_or_minus_infinity asc' then
        app.page_tasks_by_due_or_minus_infinity_asc(query, v_after, v_after_id, v_limit)
      when 'due_or_minus_infinity desc' then
        app.page_tasks_by_due_or_minus_infinity_desc(query, v_after, v_after_id, v_limit)
    end;
  else
    v_page := app.search_tasks(query, v_key, v_direction, v_after, v_after_id, v_limit);
    total := v_page.total;
    if total = 0 and query.q is not null and cursor is null then
      query.q := app.suggest_query(query);
      -- The head of an answer stays below 4 KiB.
      if octet_length(app.encode_uri_component(query.q)) <= 1000 then
        v_page := app.search_tasks(query, v_key, v_direction, null, null, v_limit);
        total := v_page.total;
        suggestion := case when total > 0 then query.q end;
      end if;
    end if;
  end if;

  v_count := coalesce(cardinality(v_page.ids), 0);
  v_more := v_count > query.limit;
  v_count := least(v_count, query.limit);
  documents := v_page.documents[:v_count];
  first_id := v_page.ids[1];
  last_id := v_page.ids[v_count];
  first_key := v_page.keys[1];
  last_key := v_page.keys[2];
  has_next := v_more;
  has_previous := cursor is not null and v_count > 0;
  if v_backwards then
    documents := array(
      select document from unnest(documents) with ordinality as page (document, place) order by place desc);
    first_id := v_page.ids[v_count];
    last_id := v_page.ids[1];
    first_key := v_page.keys[2];
    last_key := v_page.keys[1];
    has_next := v_count > 0;
    has_previous := v_more;
  end if;
end $$;

comment on function app.find_page is
  'The tasks of a page as JSON, the keys and ids of its first and last, and whether there are pages before '
  'and after it. total only of a search, suggestion only where it is what was found.';

grant execute on function app.find_page to task_api;
-- end db/functions/lists/find_page.sql

-- begin db/functions/lists/link_pages.sql
-- The links of a page (RFC 8288).

create or replace function app.link_pages(link text, "limit" integer, next text, previous text)
returns text
language sql stable parallel safe
return concat_ws(
  ', ',
  '<' || link || 'limit=' || "limit" || '&' || next || '>; rel="next"',
  '<' || link || 'limit=' || "limit" || '&' || previous || '>; rel="prev"',
  '<' || link || 'limit=' || "limit" || '>; rel="first"');

comment on function app.link_pages is
  'The value of the header Link. link is the URL of the list without its place; next and previous are the '
  'parameter that leads there, or null.';

grant execute on function app.link_pages to task_api;
-- end db/functions/lists/link_pages.sql

-- begin db/functions/lists/make_cursor.sql
-- A cursor holds the end of a page and the parameters of the list: base64url(JSON) "." base64url(signature).

create or replace function app.make_cursor(
  cursor_key text, parameters jsonb, typed text, "limit" integer, key text, id uuid, backwards boolean)
returns text
language plpgsql stable parallel safe
set search_path = ''
as $$
begin
  return app.sign_cursor(cursor_key, app.encode_base64url(convert_to(
    jsonb_build_object(
      'parameters', parameters - array['limit', 'offset', 'cursor'], 'typed', typed, 'limit', "limit",
      'key', key, 'id', id, 'backwards', backwards
    )::text, 'UTF8')));
end $$;

comment on function app.make_cursor is
  'The cursor of the page after (or, backwards, before) the task with this id and key. typed is the q of the '
  'client where parameters have a suggestion instead.';

grant execute on function app.make_cursor to task_api;
-- end db/functions/lists/make_cursor.sql

-- begin db/functions/lists/page_tasks.sql
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
-- end db/functions/lists/page_tasks.sql

-- begin db/functions/lists/read_cursor.sql
-- The inverse of make_cursor.

create or replace function app.read_cursor(cursor_key text, cursor text, parameters jsonb) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_payload constant text := split_part(cursor, '.', 1);
  v_cursor jsonb;
begin
  if cursor <> app.sign_cursor(cursor_key, v_payload) then
    raise exception 'bad cursor' using errcode = 'DT400',
      detail = '[{"loc": ["query", "cursor"], '
        '"msg": "is not a next_cursor of yours; begin again without it", '
        '"type": "cursor_invalid"}]';
  end if;
  v_cursor := convert_from(
    decode(rpad(translate(v_payload, '-_', '+/'), (char_length(v_payload) + 3) / 4 * 4, '='), 'base64'),
    'UTF8');
  -- Most come alone, or with just the parameters that they carry.
  if jsonb_array_length(parameters -> 'cursor') > 1
    or not v_cursor -> 'parameters' @> (parameters - array['limit', 'cursor'])
  then
    perform app.check_cursor(v_cursor, parameters);
  end if;
  return v_cursor;
end $$;

comment on function app.read_cursor is
  'The content of the cursor; raises DT400 where it was not made for this user, or comes with other filters '
  'than its own.';

grant execute on function app.read_cursor to task_api;
-- end db/functions/lists/read_cursor.sql

-- begin db/functions/lists/read_since.sql
-- A since token is the epoch, the number up to which the client knows all changes and, during a first walk,
-- the number with which that began.

create or replace function app.read_since(
  since text, counts app.task_counts, out after bigint, out begun bigint)
returns record
language plpgsql stable
set search_path = ''
as $$
declare
  v_parts text[];
begin
  if since is null then
    after := 0;
    begun := counts.version;
    return;
  end if;
  v_parts := regexp_match(since, '^([0-9a-f]{8})-([0-9]{1,18})(?:-([0-9]{1,18}))?$');
  if v_parts is null then
    raise exception 'bad token' using errcode = 'DT400', detail = jsonb_build_array(jsonb_build_object(
      'loc', array['query', 'since'], 'type', 'since_invalid',
      'msg', 'is not a next of GET /changes; send one as it was given, or begin again without it'));
  end if;
  after := v_parts[2];
  begun := v_parts[3];
  if v_parts[1] <> app.epoch() or coalesce(begun, after) not between counts.forgotten and counts.version
    or after > counts.version
  then
    raise exception 'deletions since then are not known' using errcode = 'DT410';
  end if;
end $$;

comment on function app.read_since is
  'The content of a since token; raises DT400 where it is malformed, and DT410 where the changes since then '
  'are not all known.';

grant execute on function app.read_since to task_api;
-- end db/functions/lists/read_since.sql

-- begin db/functions/lists/read_task_query.sql
-- Reads the parameters of a list. All errors are reported at once.

create or replace function app.read_task_query(parameters jsonb) returns app.task_query
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  c_known constant text[] := array[
    'q', 'status', 'priority', 'tags', 'tags_match', 'due_date_from', 'due_date_to', 'sort_by', 'sort_order',
    'limit', 'offset', 'cursor'];
  v_query app.task_query := row(
    '{false,true}'::boolean[], '{High,Medium,Low}'::text[],
    null, null, false, null, null, null, null, 50, 0, null);
  v_faults jsonb := '[]';
  v_name text;
  v_values text[];
  v_value text;
  v_fault text[];
begin
  for v_name in select name from jsonb_object_keys(parameters) as name loop
    -- An empty parameter is one that was left out: forms send them.
    v_values := array(
      select value from jsonb_array_elements_text(parameters -> v_name) as value
      where app.trim_text(value) <> '');
    v_value := app.trim_text(v_values[1]);
    v_fault := null;
    if v_name <> all(c_known) then
      -- The known ones are few, so that this is where too many are met.
      if (select count(*) from jsonb_object_keys(parameters)) > 100 then
        raise exception 'bad parameters' using errcode = 'DT400',
          detail = '[{"loc": ["query"], "msg": "must have at most 100 parameters", '
            '"type": "too_many_parameters"}]';
      end if;
      -- axios sends tags[]=home for an array.
      v_fault := array['unknown_parameter', 'is not a parameter here' || coalesce(
        '; did you mean ' || app.suggest_name(v_name, c_known) || '?',
        '; the parameters are ' || array_to_string(c_known, ', '))];
    elsif cardinality(v_values) > 1 and v_name not in ('tags', 'priority') then
      v_fault := array['repeated_parameter', 'must be given once'];
    elsif v_value is null then
      null;
    elsif v_name = 'q' then
      v_query.q := v_value;
      if char_length(v_value) > 2000 then
        v_fault := array['string_length', 'must have at most 2,000 characters'];
      end if;
    elsif v_name = 'status' then
      if lower(v_value) in ('true', 'complete', 'completed') then
        v_query.statuses := '{true}';
      elsif lower(v_value) in ('false', 'incomplete') then
        v_query.statuses := '{false}';
      else
        v_fault := array['enum', 'must be complete (or completed, true) or incomplete (or false)'];
      end if;
    elsif v_name = 'priority' then
      v_query.priorities := array(
        select distinct initcap(app.trim_text(name))
        from unnest(v_values) as value, unnest(string_to_array(value, ',')) as name);
      if not v_query.priorities <@ '{High,Medium,Low}'::text[] then
        v_fault := array['enum', 'must be High, Medium or Low, or several of them with commas'];
      end if;
    elsif v_name = 'tags' then
      v_query.tags := array(
        select distinct app.trim_text(tag)
        from unnest(v_values) as value, unnest(string_to_array(value, ',')) as tag
        where app.trim_text(tag) <> '');
      if cardinality(v_query.tags) > 50
        or (select max(char_length(tag)) from unnest(v_query.tags) as tag) > 50
      then
        v_fault := array['string_length', 'must be at most 50 tags of at most 50 characters'];
      end if;
    elsif v_name = 'tags_match' then
      v_query.tags_match_all := lower(v_value) = 'all';
      if lower(v_value) not in ('any', 'all') then
        v_fault := array['enum', 'must be any or all'];
      end if;
    elsif v_name in ('due_date_from', 'due_date_to') then
      if app.parse_time(v_value) is null then
        v_fault := array[
          'datetime_format', 'must be an ISO 8601 date or date-time, for example 2026-01-10 or '
            '2026-01-10T17:00:00Z (in a URL, + is %2B)'];
      elsif v_name = 'due_date_from' then
        v_query.due_from := app.parse_time(v_value);
      elsif v_value ~ '[Tt ]' then
        v_query.due_to := app.parse_time(v_value);
      else
        -- A bare date means the whole of that day in UTC, which has no change of clocks, unlike the session's
        -- zone.
        v_query.due_to := app.parse_time(v_value) + interval '24 hours' - interval '1 microsecond';
      end if;
    elsif v_name = 'sort_by' then
      v_query.sort_by := lower(v_value);
      if v_query.sort_by not in (
        'due_date', 'title', 'priority', 'created_at', 'updated_at', 'relevance')
      then
        v_fault := array['enum', 'must be due_date, title, priority, created_at, updated_at or relevance'];
      elsif v_query.sort_by = 'relevance' and app.trim_text(coalesce(parameters -> 'q' ->> 0, '')) = '' then
        v_fault := array['relevance_without_q', 'can be relevance only with q'];
      end if;
    elsif v_name = 'sort_order' then
      v_query.descending := lower(v_value) = 'desc';
      if lower(v_value) not in ('asc', 'desc') then
        v_fault := array['enum', 'must be asc or desc'];
      end if;
    elsif v_name = 'limit' then
      if v_value !~ '^[0-9]{1,9}$' or v_value::integer not between 1 and 100 then
        v_fault := array['number_range', 'must be a whole number from 1 to 100'];
      else
        v_query.limit := v_value;
      end if;
    elsif v_name = 'offset' then
      if v_value !~ '^[0-9]{1,9}$' then
        v_fault := array[
          'number_range',
          'must be a whole number from 0 to 999999999; to go through a long list, use cursor'];
      else
        v_query.offset := v_value;
      end if;
    end if;
    if v_fault is not null then
      v_faults := v_faults || jsonb_build_object(
        'loc', array['query', left(v_name, 100)], 'msg', v_fault[2], 'type', v_fault[1]);
    end if;
  end loop;
  if v_faults <> '[]' then
    raise exception 'bad parameters' using errcode = 'DT400', detail = v_faults;
  end if;
  v_query.descending := coalesce(
    v_query.descending, v_query.sort_by is null or v_query.sort_by = 'relevance');
  v_query.sort_by := coalesce(
    v_query.sort_by, case when v_query.q is null then 'created_at' else 'relevance' end);
  return v_query;
end $$;

comment on function app.read_task_query is
  'The query that {"name": ["value", …], …} asks for. Raises DT400 with an array of {"loc", "msg", "type"} '
  'as its detail.';

grant execute on function app.read_task_query to task_api;
-- end db/functions/lists/read_task_query.sql

-- begin db/functions/lists/search_tasks.sql
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
-- end db/functions/lists/search_tasks.sql

-- begin db/functions/lists/sign_cursor.sql
-- The signature is made with the service's key over the user and the payload, so that a forged cursor, or
-- another user's, is told from a true one.

create or replace function app.sign_cursor(cursor_key text, payload text) returns text
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  -- A digest, because a user's id may have line ends in it, and would then be taken for a shorter id and more
  -- of payload.
  v_user constant text := encode(sha256(convert_to(app.require_user_id(), 'UTF8')), 'hex');
begin
  -- Hashed twice, the key first both times, as in HMAC (RFC 2104): a signature can't be extended.
  return payload || '.' || app.encode_base64url(substr(
    sha256(convert_to(cursor_key, 'UTF8')
      || sha256(convert_to(cursor_key || E'\n' || v_user || E'\n' || payload, 'UTF8'))),
    1, 16));
end $$;

comment on function app.sign_cursor is 'The payload with the signature for the present user.';

grant execute on function app.sign_cursor to task_api;
-- end db/functions/lists/sign_cursor.sql

reset role;

-- migrate:down

set local role task_owner;

-- drop db/functions/lists/sign_cursor.sql
drop function app.sign_cursor;

-- drop db/functions/lists/search_tasks.sql
drop function app.search_tasks;

-- drop db/functions/lists/read_task_query.sql
drop function app.read_task_query;

-- drop db/functions/lists/read_since.sql
drop function app.read_since;

-- drop db/functions/lists/read_cursor.sql
drop function app.read_cursor;

-- drop db/functions/lists/page_tasks.sql
drop function app.page_tasks_by_due_or_minus_infinity_desc;
drop function app.page_tasks_by_due_or_minus_infinity_asc;
drop function app.page_tasks_by_due_or_infinity_desc;
drop function app.page_tasks_by_due_or_infinity_asc;
drop function app.page_tasks_by_priority_key_desc;
drop function app.page_tasks_by_priority_key_asc;
drop function app.page_tasks_by_title_key_desc;
drop function app.page_tasks_by_title_key_asc;
drop function app.page_tasks_by_updated_at_desc;
drop function app.page_tasks_by_updated_at_asc;
drop function app.page_tasks_by_created_at_desc;
drop function app.page_tasks_by_created_at_asc;

-- drop db/functions/lists/make_cursor.sql
drop function app.make_cursor;

-- drop db/functions/lists/link_pages.sql
drop function app.link_pages;

-- drop db/functions/lists/find_page.sql
drop function app.find_page;

-- drop db/functions/lists/epoch.sql
drop function app.epoch;

-- drop db/functions/lists/encode_uri_component.sql
drop function app.encode_uri_component;

-- drop db/functions/lists/encode_base64url.sql
drop function app.encode_base64url;

-- drop db/functions/lists/describe_parameters.sql
drop function app.describe_parameters;

-- drop db/functions/lists/count_tasks.sql
drop function app.count_tasks;

-- drop db/functions/lists/check_cursor.sql
drop function app.check_cursor;

reset role;
