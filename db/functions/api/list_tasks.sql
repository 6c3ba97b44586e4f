-- GET /tasks: the query, the page (find_page), the links (link_pages), the answer.

create or replace function api.list_tasks(
  parameters jsonb, link text, cursor_key text, if_none_match text,
  out status integer, out headers text[], out response text)
returns record
language plpgsql stable
set search_path = ''
-- Each query in here and in what it calls has one plan that fits every user: planning a page anew takes
-- longer than reading it.
set plan_cache_mode = force_generic_plan
as $$
declare
  v_user constant text := app.require_user_id();
  v_cursor jsonb;
  v_typed text;
  v_query app.task_query;
  v_counts app.task_counts;
  v_page record;
  v_next text;
  v_previous text;
  v_links text;
begin
  if parameters -> 'cursor' ->> 0 <> '' then
    v_cursor := app.read_cursor(cursor_key, parameters -> 'cursor' ->> 0, parameters);
    v_typed := v_cursor ->> 'typed';
    parameters := (v_cursor -> 'parameters') || jsonb_build_object(
      'limit', coalesce(nullif(parameters -> 'limit', '[""]'), jsonb_build_array(v_cursor ->> 'limit')));
  end if;
  v_query := app.read_task_query(parameters);

  select * into v_counts from app.task_counts as counts where counts.user_id = v_user;
  status := 200;
  headers := array[
    'etag', format('W/"%s"', md5(concat_ws(' ', v_user, v_counts.version, parameters, v_cursor)))];
  if app.etag_matches_weakly(if_none_match, headers[2]) then
    status := 304;
    return;
  end if;

  v_page := app.find_page(v_query, v_cursor);
  if v_page.suggestion is not null then
    headers := headers || array['search-suggestion', app.encode_uri_component(v_page.suggestion)];
    v_typed := parameters -> 'q' ->> 0;
    parameters := parameters || jsonb_build_object('q', array[v_page.suggestion]);
  end if;

  if v_page.has_next then
    v_next := app.make_cursor(
      cursor_key, parameters, v_typed, v_query.limit, v_page.last_key, v_page.last_id, false);
  end if;
  if v_cursor is null then
    v_links := app.link_pages(
      link, v_query.limit,
      case when v_page.has_next then 'offset=' || v_query.offset + v_query.limit end,
      case when v_query.offset > 0 then 'offset=' || greatest(0, v_query.offset - v_query.limit) end);
  else
    if v_page.has_previous then
      v_previous := app.make_cursor(
        cursor_key, parameters, v_typed, v_query.limit, v_page.first_key, v_page.first_id, true);
    end if;
    v_links := app.link_pages(link, v_query.limit, 'cursor=' || v_next, 'cursor=' || v_previous);
  end if;
  -- Long links repeat a long query. The head of an answer stays below 4 KiB; next_cursor is in the body.
  if octet_length(v_links) <= 1500 then
    headers := headers || array['link', v_links];
  end if;

  response := concat(
    '{"items":[', array_to_string(v_page.documents, ','),
    '],"total":', coalesce(
      v_page.total, app.count_tasks(v_counts, v_query.statuses, v_query.priorities), 0),
    ',"limit":', v_query.limit, ',"offset":', v_query.offset,
    ',"next_cursor":', coalesce(to_json(v_next)::text, 'null'), '}');
end $$;

comment on function api.list_tasks is
  'A page of the user''s tasks. Links begin with link; cursors are signed with cursor_key.';

grant execute on function api.list_tasks to task_api;
