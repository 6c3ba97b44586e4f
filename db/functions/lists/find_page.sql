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
