-- migrate:up

-- A copy of db/functions/search, written by make functions: change it there.

set local role task_owner;

-- begin db/functions/search/search_query.sql
-- What a client writes in q, as a query of the search index. Nothing is a syntax error; a text without any word gives the empty
-- query, which finds nothing. "quoted phrases", -without and or mean something; the last word is also a prefix.

create or replace function app.search_query(user_id text, q text) returns tsquery
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

comment on function app.search_query is 'What finds, in the search index, the user''s tasks that q asks for.';

grant execute on function app.search_query to task_api, task_finder;
-- end db/functions/search/search_query.sql

-- begin db/functions/search/search_scope.sql
-- All tenants share one GIN index. Were its keys mere words, a search would have to intersect everybody's occurrences of a
-- word with all of the user's tasks. Each key begins with the user's scope instead: what a user looks up is the user's alone.
-- Two users with the same scope would cost each other time, nothing else: rows are filtered by user_id all the same.

create or replace function app.search_scope(user_id text) returns text
language sql immutable parallel safe
return left(md5(user_id), 8);

comment on function app.search_scope is 'What every key of the user begins with in the search index.';

grant execute on function app.search_scope to task_api, task_keeper, task_finder;
-- end db/functions/search/search_scope.sql

-- begin db/functions/search/search_text.sql
-- What a search compares. A text becomes words; each word is stored both as it was written, for prefixes, and as its stem,
-- for word forms; accents are folded, and no word is dropped, so that "to do" can be found.

-- Punctuation parts words, but an apostrophe does not (don't, dont). Scripts that are written without blanks have one word
-- for each letter, so that a search for several letters in a row is a search for a phrase, which is a substring.

create or replace function app.search_text("text" text, separator text) returns text
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

comment on function app.search_text is
  'The text with its words parted by the separator, as the text search configurations take it.';

grant execute on function app.search_text to task_api, task_keeper, task_finder;
-- end db/functions/search/search_text.sql

-- begin db/functions/search/search_vector.sql
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
-- end db/functions/search/search_vector.sql

-- begin db/functions/search/suggest_query.sql
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
-- end db/functions/search/suggest_query.sql

-- begin db/functions/search/tag_query.sql
-- Tags are keys of the search index too: the scope, #, and the tag.

create or replace function app.tag_query(user_id text, tags text[], match_all boolean) returns tsquery
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

comment on function app.tag_query is 'What finds the user''s tasks with any, or all, of the tags.';

grant execute on function app.tag_query to task_api, task_finder;
-- end db/functions/search/tag_query.sql

reset role;

-- migrate:down

set local role task_owner;

-- drop db/functions/search/tag_query.sql
drop function app.tag_query;

-- drop db/functions/search/suggest_query.sql
drop function app.suggest_query;

-- drop db/functions/search/search_vector.sql
drop function app.search_vector;

-- drop db/functions/search/search_text.sql
drop function app.search_text;

-- drop db/functions/search/search_scope.sql
drop function app.search_scope;

-- drop db/functions/search/search_query.sql
drop function app.search_query;

reset role;
