-- migrate:up

-- What a search compares. A text becomes words; each word is stored both as it was written, for prefixes, and as its stem,
-- for word forms; accents are folded, and no word is dropped, so that "to do" can be found.

set local role task_owner;

create text search dictionary app.english_stem (template = pg_catalog.snowball, language = english);
comment on text search dictionary app.english_stem is 'English word forms, without stop words.';

create text search configuration app.stems (parser = pg_catalog."default");
alter text search configuration app.stems
  add mapping for asciiword, word, numword with public.unaccent, app.english_stem;
alter text search configuration app.stems
  add mapping for int, uint, float, sfloat, version with pg_catalog.simple;
comment on text search configuration app.stems is 'Stems of words, accents folded; what is searched.';

create text search configuration app.words (parser = pg_catalog."default");
alter text search configuration app.words
  add mapping for asciiword, word, numword with public.unaccent, pg_catalog.simple;
alter text search configuration app.words
  add mapping for int, uint, float, sfloat, version with pg_catalog.simple;
comment on text search configuration app.words is 'Words as they were written, accents folded; what a prefix is compared with.';

-- Punctuation parts words, but an apostrophe does not (don't, dont). Scripts that are written without blanks have one word
-- for each letter, so that a search for several letters in a row is a search for a phrase, which is a substring.
create function app.search_text("text" text, separator text) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  -- Not translate(), which compares every letter with every sign.
  v_text text := regexp_replace("text", '[!-&(-/:-@[-`{-~]', separator, 'g');
begin
  if strpos(v_text, '''') > 0 then
    v_text := replace(v_text, '''', '');
  end if;
  if octet_length(v_text) > char_length(v_text) then
    v_text := replace(v_text, '’', '');
    -- Spaces, dashes, quotes and other signs beyond ASCII, whatever the database's locale takes them for.
    v_text := regexp_replace(
      v_text, '[\u0080-\u00A9\u00AB-\u00B1\u00B4\u00B6-\u00B8\u00BB\u00BF\u00D7\u00F7\u2000-\u206F\u2190-\u2BFF\u3000-\u3004\u3008-\u3020\u3030\uFF01-\uFF0F\uFF1A-\uFF20]',
      separator, 'g');
    -- Thai, Lao, Myanmar, Khmer; kana, Han and their compatibility forms.
    v_text := regexp_replace(
      v_text,
      '(?=[\u0E00-\u0EFF\u1000-\u109F\u1780-\u17FF\u3005-\u3007\u3021-\u302F\u3031-\u30FF\u31F0-\u31FF\u3400-\u9FFF\uF900-\uFAFF\U00020000-\U0003FFFF])',
      separator, 'g');
  end if;
  if octet_length(v_text) > 1000 then
    -- A key of the index has at most 2,046 bytes.
    v_text := regexp_replace(v_text, '([^\s\u0001]{250})[^\s\u0001]+', '\1', 'g');
  end if;
  return v_text;
end $$;

comment on function app.search_text(text, text) is
  'The text with its words parted by the separator, as the text search configurations take it.';

-- All tenants share one GIN index. Were its keys mere words, a search would have to intersect everybody's occurrences of a
-- word with all of the user's tasks. Each key begins with the user's scope instead: what a user looks up is the user's alone.
-- Two users with the same scope would cost each other time, nothing else: rows are filtered by user_id all the same.
create function app.search_scope(user_id text) returns text
language sql immutable parallel safe
return left(md5(user_id), 8);

comment on function app.search_scope(text) is 'What every key of the user begins with in the search index.';

create function app.search_vector(user_id text, title text, description text, tags text[]) returns tsvector
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

comment on function app.search_vector(text, text, text, text[]) is
  'The keys of a task in the search index: the scope alone, the words (title A, description D) and, after "#", the tags.';

-- "quoted phrases", -without, or; the last word also as a prefix. Nothing is a syntax error; a text without any word gives
-- the empty query, which finds nothing.
create function app.search_query(user_id text, q text) returns tsquery
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  v_scope constant text := app.search_scope(user_id);
  -- Quotes, and a minus that begins a word or a phrase, mean something: \x02 and \x03 keep their places. All other
  -- punctuation becomes \x01, which parts words too, but keeps them side by side: e-mail is searched as a phrase.
  v_marked constant text := regexp_replace(
    translate(q, E'"“”„«»\x01\x02\x03', E'\x02\x02\x02\x02\x02\x02'), '(^|\s)-(?=[^\s-])', E'\\1\x03', 'g');
  v_words constant text := translate(app.search_text(v_marked, E'\x01'), E'\x02\x03', '"-');
  v_query text := websearch_to_tsquery('app.stems', v_words)::text;
  v_last constant text := substring(v_words from '(?:^|[\s\u0001])([^\s\u0001"-]+)$');
  v_stem text;
  v_prefix text;
begin
  if v_last is not null and v_words !~ '"' then
    v_stem := strip(to_tsvector('app.stems', v_last))::text;
    v_prefix := strip(to_tsvector('app.words', v_last))::text;
    -- Only where the last word is one key, and the query ends with it: "or" at the end, say, is not part of the query.
    if v_stem ~ '^\S+$' and right(v_query, char_length(v_stem)) = v_stem then
      v_query := format('%s ( %s | %s:* )', left(v_query, -char_length(v_stem)), v_stem, v_prefix);
    end if;
  end if;
  -- A key may have a quote in it, doubled: unaccent makes one of some letters, U+02BC for one.
  v_query := regexp_replace(v_query, '''((?:[^'']|'''')+)''', format('''%s\1''', v_scope), 'g');
  if v_query ~ '!' then
    -- What is only without something would be read from the whole index: begin with the user's own rows.
    v_query := format('%s & ( %s )', quote_literal(v_scope), v_query);
  end if;
  return v_query::tsquery;
end $$;

comment on function app.search_query(text, text) is 'What finds, in the search index, the user''s tasks that q asks for.';

create function app.tag_query(user_id text, tags text[], match_all boolean) returns tsquery
language plpgsql immutable parallel safe
set search_path = ''
as $$
begin
  return (
    select string_agg(
      format('''%s#%s''', app.search_scope(user_id), replace(replace(tag, '\', '\\'), '''', '''''')),
      case when match_all then ' & ' else ' | ' end)::tsquery
    from unnest(tags) as tag);
end $$;

comment on function app.tag_query(text, text[], boolean) is 'What finds the user''s tasks with any, or all, of the tags.';

grant execute on function
  app.search_text(text, text), app.search_scope(text), app.search_vector(text, text, text, text[]),
  app.search_query(text, text), app.tag_query(text, text[], boolean)
  to task_api;

reset role;

-- migrate:down

set local role task_owner;
drop function app.tag_query(text, text[], boolean);
drop function app.search_query(text, text);
drop function app.search_vector(text, text, text, text[]);
drop function app.search_scope(text);
drop function app.search_text(text, text);
drop text search configuration app.words;
drop text search configuration app.stems;
drop text search dictionary app.english_stem;
reset role;
