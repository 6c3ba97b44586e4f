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
