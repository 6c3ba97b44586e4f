-- What a client writes in q, as a query of the search index; null where there is no q. Nothing is a syntax
-- error. "quoted phrases", -without and or mean something; the last word is also a prefix, unless its quote
-- is closed. What stands together without a blank (e-mail, 10:30) is a phrase.

create or replace function app.search_query(user_id text, q text) returns tsquery
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  v_key constant text := '''' || app.search_scope(user_id);
  v_no_sign constant text := '[^' || app.search_signs() || ''']+';
  -- A compatibility form can be 18 letters; all of those of a title, and no more.
  v_text constant text := left(app.fold_text(translate(q, E'\x01', ' ')), 4000);
  v_part text[];
  v_written text;
  v_words text[];
  v_word text;
  v_stem text;
  v_terms text[];
  v_signs text;
  v_phrase text;
  v_typed boolean;
  v_or boolean := false;
  v_without boolean := false;
  v_all text;
  v_any text := '';
begin
  -- A minus that begins a word or a phrase becomes \x01. A part: this, a phrase, the quote that closes it; or
  -- this, a word, the end of the text.
  for v_part in
    select part
    from regexp_matches(
      regexp_replace(v_text, '(^|[\u0001-\u0020"])-(?=[^\u0001-\u0020>-])', E'\\1\x01', 'g'),
      '(\u0001?)(?:"([^"]*)("?)|([^\u0001-\u0020"]+)($)?)', 'g') as part
  loop
    if v_part[4] = 'or' and v_part[1] = '' and v_all is not null and not v_or then
      v_or := true;
      continue;
    end if;
    v_written := coalesce(v_part[2], v_part[4]);
    v_words := app.split_words(v_written);
    if v_words = '{}' then
      -- Signs are searched where they are quoted: "->".
      v_signs := regexp_replace(translate(v_part[2], E'\x01', '-'), v_no_sign, '', 'g');
      continue when v_part[1] <> '' or coalesce(v_signs, '') = '';
    end if;
    v_typed := (v_part[3] = '' or v_part[5] is not null)
      and right(v_written, 1) !~ ('[' || app.search_signs() || ']');
    v_terms := '{}';
    foreach v_word in array v_words loop
      v_stem := (ts_lexize('app.english_stem', v_word))[1];
      v_terms := v_terms || (v_key || v_stem || '''');
    end loop;
    if v_words = '{}' then
      v_phrase := app.sign_query(v_key, v_signs);
    elsif v_part[1] <> '' then
      -- Or where a title has the word and the minus before it.
      v_without := true;
      v_phrase := '!(' || array_to_string(v_terms, ' <-> ') || ') | ' || v_key || '-' || v_words[1]
        || case when v_typed and cardinality(v_words) = 1 then ''':*' else '''' end;
    else
      if v_typed then
        v_terms[cardinality(v_terms)] := case
          when v_stem = v_word then v_key || v_word || ''':*'
          else '(' || v_key || v_stem || ''' | ' || v_key || v_word || ''':*)' end;
      end if;
      v_phrase := array_to_string(v_terms, ' <-> ');
    end if;
    if v_or then
      v_any := v_any || v_all || ' | ';
      v_all := null;
      v_or := false;
    end if;
    v_all := concat_ws(' & ', v_all, '(' || v_phrase || ')');
  end loop;

  if v_or then
    -- Nothing follows it, so it is a word.
    v_all := v_all || ' & ' || v_key || 'or'':*';
  elsif v_all is null then
    -- Without a word the signs are searched, quotes only where there is no other; without a sign, a key that
    -- no task has.
    v_signs := regexp_replace(v_text, v_no_sign, '', 'g');
    v_all := coalesce(
      app.sign_query(v_key, coalesce(nullif(replace(v_signs, '"', ''), ''), v_signs)), v_key || ' ''');
  end if;
  v_any := v_any || v_all;
  if v_without then
    -- What is only without something would be read from the whole index: begin with the user's own rows.
    v_any := v_key || ''' & (' || v_any || ')';
  end if;
  return v_any::tsquery;
end $$;

comment on function app.search_query is
  'The query of the search index for the user''s tasks that match q; null where q is null.';

grant execute on function app.search_query to task_api, task_finder;
