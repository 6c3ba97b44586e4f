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
