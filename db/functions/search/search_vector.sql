-- The keys of one task; keeper.keep_search_entry stores them. A word is stored as it was written, for
-- prefixes, and as its English stem, for word forms, both at the word's place, since a search may make a
-- phrase of either. No word is dropped.
--   scope           each task of the user
--   scope word      words of the title (weight A) and of the description (D)
--   scope #tag      tags
--   scope sign      signs of the title, for a search that has no word in it
--   scope -word     words of the title with a minus before them, which a search could not name otherwise

create or replace function app.search_vector(user_id text, title text, description text, tags text[])
returns tsvector
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  v_scope constant text := app.search_scope(user_id);
  v_key constant text := ' ''' || v_scope;
  v_title constant text := app.fold_text(title);
  v_signs constant text := regexp_replace(v_title, '[^' || app.search_signs() || ''']+', '', 'g');
  v_text text := v_title;
  v_words text[] := app.split_words(v_title);
  v_in_title constant integer := cardinality(v_words);
  v_joined text[];
  v_place integer := 0;
  v_word text;
  v_stem text;
  v_at text;
  v_some text;
  v_keys text := v_key || '''';
  v_others text[] := '{}';
begin
  if description is not null then
    -- A compatibility form can be 18 letters: of those, not all are searched.
    v_text := left(app.fold_text(description), 8000);
    -- The empty word keeps phrases from reaching into the description.
    v_words := v_words || ''::text || app.split_words(v_text);
    v_text := v_title || ' ' || v_text;
  end if;
  if v_text ~ '[cdhjlmnstuvz]''[aeiouhyæœ]' then
    -- Where l'école is two words, lecole is one more. It has a place, or no phrase with l… would be found.
    v_joined := app.split_words(replace(v_text, '''', ''));
    if cardinality(v_joined) < cardinality(array_remove(v_words, '')) then
      v_words := v_words || ''::text
        || array(select unnest(v_joined) except select unnest(v_words) order by 1);
    end if;
  end if;
  -- By hundreds: a text that grows is copied each time.
  for v_start in 0 .. cardinality(v_words) / 100 loop
    v_some := '';
    foreach v_word in array v_words[v_start * 100 + 1 : v_start * 100 + 100] loop
      v_place := v_place + 1;
      v_at := ''':' || v_place || case when v_place <= v_in_title then 'A' else '' end;
      v_stem := (ts_lexize('app.english_stem', v_word))[1];
      v_some := v_some || v_key || v_word || v_at
        || case when v_stem <> v_word then v_key || v_stem || v_at else '' end;
    end loop;
    v_keys := v_keys || v_some;
  end loop;

  if tags <> '{}' then
    v_others := array(select v_scope || '#' || tag from unnest(tags) as tag);
  end if;
  if v_signs <> '' then
    v_others := v_others
      || string_to_array(v_scope || array_to_string(string_to_array(v_signs, null), ' ' || v_scope), ' ');
    if v_title ~ '(^|[\u0001-\u0020"])-[^\u0001-\u0020-]' then
      -- As app.search_query reads them: a phrase, or a word.
      v_others := v_others || array(
        select v_scope || '-' || word
        from regexp_matches(
          v_title, '(?:^|[\u0001-\u0020"])-(?:"([^"]*)|([^\u0001-\u0020">-][^\u0001-\u0020"]*))', 'g') as part
        cross join lateral (select (app.split_words(coalesce(part[1], part[2])))[1] as word) as first
        where word is not null);
    end if;
  end if;
  return case
    when v_others = '{}' then v_keys::tsvector
    else v_keys::tsvector || array_to_tsvector(v_others) end;
end $$;

comment on function app.search_vector is
  'The keys of a task in the search index: scope; words (title A, description D); tags after "#".';

grant execute on function app.search_vector to task_api, task_keeper;
