-- The keys of one task; keeper.keep_search_entry stores them.

create or replace function app.search_vector(user_id text, title text, description text, tags text[]) returns tsvector
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  v_scope constant text := app.search_scope(user_id);
  v_title constant text := app.search_text(title, ' ');
  v_description constant text := app.search_text(coalesce(description, ''), ' ');
  v_words constant text :=
    setweight(to_tsvector('app.stems', v_title), 'A')
    || to_tsvector('app.stems', v_description)
    || strip(to_tsvector('app.words', v_title || ' ' || v_description));
  v_keys text[] := array[v_scope];
begin
  if tags <> '{}' then
    v_keys := v_keys || array(select v_scope || '#' || tag from unnest(tags) as tag);
  end if;
  -- No word has a blank or a quote in it, so the vector can be prefixed as text.
  return replace(' ' || v_words, ' ''', ' ''' || v_scope)::tsvector || array_to_tsvector(v_keys);
end $$;

comment on function app.search_vector is
  'The keys of a task in the search index: the scope alone, the words (title A, description D) and, after "#", the tags.';

grant execute on function app.search_vector to task_api, task_keeper;
