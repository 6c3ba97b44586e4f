-- Where a search finds nothing, words of the user's own newest titles that are spelled nearly alike are tried.

create or replace function app.suggest_query(query app.task_query) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  -- Of each status and priority so many titles are looked at, whatever the user has: it takes milliseconds.
  v_titles constant integer := 200;
  v_known text[];
  v_word text;
  v_near text;
  v_typed text := '';
  v_suggestion text := '';
begin
  if query.q ~ '["“”„«»]|(^|\s)-' then
    -- Whoever quotes or excludes means what was typed.
    return null;
  end if;
  v_known := array(
    select distinct word
    from unnest('{false,true}'::boolean[]) as status
    cross join unnest('{High,Medium,Low}'::text[]) as priority
    cross join lateral (
      select task.title_key
      from app.tasks as task
      where task.user_id = v_user and task.completed = status and task.priority = priority.priority
      order by task.created_at desc
      limit v_titles
    ) as task
    cross join regexp_split_to_table(app.search_text(task.title_key, ' '), '\s+') as word
    where word <> '');
  for v_word in
    select word from regexp_split_to_table(app.search_text(lower(query.q), ' '), '\s+') as word where word <> '' limit 10
  loop
    v_near := (
      select word
      from unnest(v_known) as word
      where public.similarity(word, v_word) >= 0.3
      order by public.similarity(word, v_word) desc, word
      limit 1);
    v_typed := concat_ws(' ', nullif(v_typed, ''), v_word);
    v_suggestion := concat_ws(' ', nullif(v_suggestion, ''), coalesce(v_near, v_word));
  end loop;
  return nullif(v_suggestion, v_typed);
end $$;

comment on function app.suggest_query is
  'The words of the query, each replaced by the most similar one in the user''s newest titles; null where that changes nothing.';

grant execute on function app.suggest_query to task_api;
