-- GET /tasks. A page is read from the index of its order (page_tasks) or, with words, tags or due dates, by search_tasks.

create or replace function api.list_tasks(
  parameters jsonb, link text, cursor_key text, if_none_match text,
  out status integer, out headers text[], out response text)
returns record
language plpgsql stable
set search_path = ''
-- All of its queries are written for one plan, that fits every user: planning the page anew takes longer than reading it.
set plan_cache_mode = force_generic_plan
as $$
declare
  v_user constant text := app.require_user_id();
  v_cursor jsonb;
  v_query app.task_query;
  v_key text;
  v_backwards boolean := false;
  v_direction text;
  v_after text;
  v_after_id uuid;
  v_page record;
  v_counts app.task_counts;
  v_total bigint;
  v_ids uuid[];
  v_keys text[];
  v_documents text[];
  v_count integer;
  v_more boolean;
  v_suggestion text;
  v_typed text;
  v_next text;
  v_links text[] := '{}';
begin
  if parameters -> 'cursor' ->> 0 <> '' then
    v_cursor := app.read_cursor(cursor_key, parameters -> 'cursor' ->> 0, parameters);
    parameters := (v_cursor -> 'parameters')
      || jsonb_build_object(
        'limit', coalesce(nullif(parameters -> 'limit', '[""]'), jsonb_build_array(v_cursor ->> 'limit')));
    v_typed := v_cursor ->> 'typed';
    v_backwards := (v_cursor ->> 'backwards')::boolean;
  end if;
  v_query := app.read_task_query(parameters);

  select * into v_counts from app.task_counts as counts where counts.user_id = v_user;
  v_total := coalesce(app.count_tasks(v_counts, v_query.statuses, v_query.priorities), 0);

  status := 200;
  headers := array['etag', format('W/"%s"', md5(concat_ws(' ', v_user, v_counts.version, parameters, v_cursor)))];
  if app.etag_matches_weakly(if_none_match, headers[2]) then
    status := 304;
    return;
  end if;

  v_key := case v_query.sort_by
    when 'due_date' then case when v_query.descending then 'due_or_minus_infinity' else 'due_or_infinity' end
    when 'title' then 'title_key'
    when 'priority' then 'priority_key'
    else v_query.sort_by end;
  v_direction := case when v_query.descending <> v_backwards then 'desc' else 'asc' end;
  v_after := v_cursor ->> 'key';
  v_after_id := v_cursor ->> 'id';

  -- One row more than the page has, to know whether there is a next page.
  if v_query.q is null and v_query.tags is null and v_query.due_from is null and v_query.due_to is null then
    -- Not execute: that would be planned at every call.
    v_page := case v_key || ' ' || v_direction
      when 'created_at asc' then app.page_tasks_by_created_at_asc(v_query, v_after, v_after_id, v_query.limit + 1)
      when 'created_at desc' then app.page_tasks_by_created_at_desc(v_query, v_after, v_after_id, v_query.limit + 1)
      when 'updated_at asc' then app.page_tasks_by_updated_at_asc(v_query, v_after, v_after_id, v_query.limit + 1)
      when 'updated_at desc' then app.page_tasks_by_updated_at_desc(v_query, v_after, v_after_id, v_query.limit + 1)
      when 'title_key asc' then app.page_tasks_by_title_key_asc(v_query, v_after, v_after_id, v_query.limit + 1)
      when 'title_key desc' then app.page_tasks_by_title_key_desc(v_query, v_after, v_after_id, v_query.limit + 1)
      when 'priority_key asc' then app.page_tasks_by_priority_key_asc(v_query, v_after, v_after_id, v_query.limit + 1)
      when 'priority_key desc' then app.page_tasks_by_priority_key_desc(v_query, v_after, v_after_id, v_query.limit + 1)
      when 'due_or_infinity asc' then app.page_tasks_by_due_or_infinity_asc(v_query, v_after, v_after_id, v_query.limit + 1)
      when 'due_or_infinity desc' then app.page_tasks_by_due_or_infinity_desc(v_query, v_after, v_after_id, v_query.limit + 1)
      when 'due_or_minus_infinity asc' then app.page_tasks_by_due_or_minus_infinity_asc(v_query, v_after, v_after_id, v_query.limit + 1)
      when 'due_or_minus_infinity desc' then app.page_tasks_by_due_or_minus_infinity_desc(v_query, v_after, v_after_id, v_query.limit + 1)
    end;
  else
    v_page := app.search_tasks(v_query, v_key, v_direction, v_after, v_after_id, v_query.limit + 1);
    v_total := v_page.total;
    if v_total = 0 and v_query.q is not null and v_cursor is null then
      v_suggestion := app.suggest_query(v_query);
      -- The head of an answer stays below 4 KiB.
      if octet_length(app.encode_uri_component(v_suggestion)) <= 1000 then
        v_query.q := v_suggestion;
        v_page := app.search_tasks(v_query, v_key, v_direction, null, null, v_query.limit + 1);
        v_total := v_page.total;
        if v_total > 0 then
          v_typed := parameters -> 'q' ->> 0;
          parameters := parameters || jsonb_build_object('q', array[v_suggestion]);
          headers := headers || array['search-suggestion', app.encode_uri_component(v_suggestion)];
        end if;
      end if;
    end if;
  end if;
  v_ids := v_page.ids;
  -- Two: of the first task, and of the last that is shown.
  v_keys := v_page.keys;
  v_more := coalesce(cardinality(v_ids), 0) > v_query.limit;
  v_count := least(coalesce(cardinality(v_ids), 0), v_query.limit);
  v_documents := v_page.documents[:v_count];

  if v_count > 0 and (v_more or v_backwards) then
    v_next := app.make_cursor(
      cursor_key, parameters, v_typed, v_query.limit, v_keys[case when v_backwards then 1 else 2 end],
      v_ids[case when v_backwards then 1 else v_count end], false);
  end if;

  -- RFC 8288.
  if v_cursor is not null then
    if v_next is not null then
      v_links := v_links || format('<%slimit=%s&cursor=%s>; rel="next"', link, v_query.limit, v_next);
    end if;
    if v_count > 0 and (v_more or not v_backwards) then
      v_links := v_links || format(
        '<%slimit=%s&cursor=%s>; rel="prev"', link, v_query.limit,
        app.make_cursor(
          cursor_key, parameters, v_typed, v_query.limit, v_keys[case when v_backwards then 2 else 1 end],
          v_ids[case when v_backwards then v_count else 1 end], true));
    end if;
  else
    if v_more then
      v_links := v_links || format('<%slimit=%s&offset=%s>; rel="next"', link, v_query.limit, v_query.offset + v_query.limit);
    end if;
    if v_query.offset > 0 then
      v_links := v_links || format('<%slimit=%s&offset=%s>; rel="prev"', link, v_query.limit, greatest(0, v_query.offset - v_query.limit));
    end if;
  end if;
  v_links := v_links || format('<%slimit=%s>; rel="first"', link, v_query.limit);
  -- As long ones repeat a long query: next_cursor is in the body.
  if octet_length(array_to_string(v_links, ', ')) <= 1500 then
    headers := headers || array['link', array_to_string(v_links, ', ')];
  end if;

  if v_backwards then
    v_documents := array(select document from unnest(v_documents) with ordinality as page (document, place) order by place desc);
  end if;
  response := concat(
    '{"items":[', array_to_string(v_documents, ','), '],"total":', v_total, ',"limit":', v_query.limit, ',"offset":', v_query.offset,
    ',"next_cursor":', coalesce(to_json(v_next)::text, 'null'), '}');
end $$;

comment on function api.list_tasks is
  'A page of the user''s tasks. link is what the links of the answer begin with, cursor_key what cursors are signed with.';

grant execute on function api.list_tasks to task_api;
