-- Where a search finds nothing, words of the user's own newest titles that are spelled nearly alike are
-- tried.

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
    -- A quote or an exclusion is meant as it was typed.
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
    cross join unnest(app.split_words(app.fold_text(task.title_key))) as word);
  foreach v_word in array (app.split_words(app.fold_text(query.q)))[:10] loop
    v_near := (
      select word
      from unnest(v_known) as word
      where public.similarity(word, v_word) >= 0.3
      order by public.similarity(word, v_word) desc, word
      limit 1);
    v_typed := concat_ws(' ', nullif(v_typed, ''), v_word);
    v_suggestion := concat_ws(' ', nullif(v_suggestion, ''), coalesce(v_near, v_word));
  end loop;
  -- A folded text has its letters taken apart.
  return normalize(nullif(v_suggestion, v_typed), nfc);
end $$;

comment on function app.suggest_query is
  'q with each word replaced by the most similar one of the user''s newest titles; null if it is the same.';

grant execute on function app.suggest_query to task_api;
