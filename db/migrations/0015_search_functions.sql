-- migrate:up

-- A copy of db/functions/search, written by make functions: change it there.

set local role task_owner;

-- begin db/functions/search/fold_letters.sql
-- One form for all ways to write the same: small letters, compatibility forms and marks taken apart (NFKD),
-- and without the marks that writers add or leave out: accents, Hebrew and Arabic vowel points, tatweel, soft
-- hyphens, characters of no width, variants of emoji. Taken apart, since the beginning of a word is then the
-- beginning of its form too: 하 of 한글, か of が.

create or replace function app.fold_letters(written text) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  -- Apostrophes, quotes, signs whose letters are not part of a word; blanks.
  v_text text := normalize(
    translate(
      written,
      E'’‘‛ʼʻʽ´“”„‟«»〝〞〟™℠\u0085\u1680\u2028\u2029',
      '''''''''''''''"""""""""      '),
    nfkd);
begin
  v_text := lower(regexp_replace(
    v_text,
    '[\u00AD\u0300-\u036F\u0483-\u0489\u0591-\u05BD\u05BF\u05C1\u05C2\u05C4\u05C5\u05C7\u0610-\u061A\u061C'
    '\u0640\u064B-\u065F\u0670\u06D6-\u06DC\u06DF-\u06E4\u06E7\u06E8\u06EA-\u06ED\u08D3-\u08E1'
    '\u08E3-\u08FF\u115F\u1160\u180B-\u180F\u1AB0-\u1AFF\u1DC0-\u1DFF\u200B-\u200F\u202A-\u202E'
    '\u2060-\u206F\u20D0-\u20FF\uFE00-\uFE0F\uFE20-\uFE2F\uFEFF\uFFF9-\uFFFB\U0001F3FB-\U0001F3FF'
    '\U000E0000-\U000E0FFF]+',
    '', 'g'));
  -- Final sigma; the shapes that Arabic letters have in its languages and keyboards; its digits.
  if v_text ~ '[\u03C2\u0621-\u06F9]' then
    v_text := translate(
      v_text, 'ςىیةٱک٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹', 'σييهاك01234567890123456789');
  end if;
  return v_text;
end $$;

comment on function app.fold_letters is 'The form of a text with letters beyond ASCII, see app.fold_text.';

grant execute on function app.fold_letters to task_api, task_keeper, task_finder;
-- end db/functions/search/fold_letters.sql

-- begin db/functions/search/fold_text.sql
-- The form in which texts are compared. One expression, which becomes part of the query or function that
-- calls it: most texts are ASCII.

create or replace function app.fold_text(written text) returns text
language sql immutable parallel safe
return case
  when octet_length(written) = char_length(written) then lower(written)
  else app.fold_letters(written) end;

comment on function app.fold_text is 'The form in which texts are compared: searches and what is searched.';

grant execute on function app.fold_text to task_api, task_keeper, task_finder;
-- end db/functions/search/fold_text.sql

-- begin db/functions/search/search_query.sql
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
-- end db/functions/search/search_query.sql

-- begin db/functions/search/search_scope.sql
-- All tenants share one GIN index. Were its keys mere words, a search would have to intersect everybody's
-- occurrences of a word with all of the user's tasks. Each key begins with the user's scope instead: a lookup
-- reads keys of this user alone. Two users with the same scope would cost each other time, nothing else: rows
-- are filtered by user_id all the same. 66 bits of a digest, in base64, since it is in each key: five bytes
-- fewer than hexadecimal digits.

create or replace function app.search_scope(user_id text) returns text
language sql immutable parallel safe
return left(encode(decode(md5(user_id), 'hex'), 'base64'), 11);

comment on function app.search_scope is 'The prefix of every key of the user in the search index.';

grant execute on function app.search_scope to task_api, task_keeper, task_finder;
-- end db/functions/search/search_scope.sql

-- begin db/functions/search/search_signs.sql
-- The signs: ASCII punctuation except the apostrophe, then the scripts' own, dashes, currencies, arrows,
-- mathematics. Named here and not left to the regular expressions' classes, which the locale decides: a key
-- must be the same everywhere. Emoji and dingbats are no signs, but words: see app.split_letters.

create or replace function app.search_signs() returns text
language sql immutable parallel safe
return '!-&(-/:-@[-`{-~\u00A1-\u00BF\u00D7\u00F7\u02B9-\u02DF\u02E5-\u02EB\u02EF-\u02FF\u0375\u037E'
  '\u0384-\u0387\u03F6\u0482\u055A-\u055F\u0589-\u058F\u05BE\u05C0\u05C3\u05C6\u05F3\u05F4\u0600-\u060F'
  '\u061B-\u061F\u066A-\u066D\u06D4\u06DD\u06DE\u06E9\u06FD\u06FE\u0700-\u070D\u0964\u0965\u0970\u0DF4'
  '\u0E3F\u0E4F\u0E5A\u0E5B\u0F01-\u0F17\u0F3A-\u0F3D\u104A-\u104F\u10FB\u1360-\u1368\u1390-\u1399\u1400'
  '\u166D\u166E\u169B\u169C\u16EB-\u16ED\u17D4-\u17DB\u1800-\u180A\u2010-\u2027\u2030-\u205E\u207A-\u207E'
  '\u208A-\u208E\u20A0-\u20CF\u2100-\u214F\u2190-\u22FF\u2400-\u259F\u27C0-\u2AFF\u2E00-\u2E7F'
  '\u3001-\u3004\u3008-\u3020\u3030\u303D\u30A0\u30FB\uA4FE\uA4FF\uA60D-\uA60F\uA830-\uA839\uA874-\uA877'
  '\uA8CE\uA8CF\uA9C1-\uA9CD\uAA5C-\uAA5F\uABEB\uFD3E\uFD3F\uFE10-\uFE6F\uFF00-\uFFFD';

comment on function app.search_signs is
  'The characters that part words, as the inside of a bracket expression; without blanks.';

grant execute on function app.search_signs to task_api, task_keeper, task_finder;
-- end db/functions/search/search_signs.sql

-- begin db/functions/search/search_vector.sql
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
-- end db/functions/search/search_vector.sql

-- begin db/functions/search/sign_query.sql
-- Part of search_query: each of the signs, in any order.

create or replace function app.sign_query(key text, signs text) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select string_agg(distinct key || replace(replace(sign, '\', '\\'), '''', '''''') || '''', ' & ')
  from regexp_split_to_table(signs, '') as sign
  where sign <> ''
$$;

comment on function app.sign_query is
  'The text of a query for all of these signs; null without any. key: a quote and the scope of the user.';

grant execute on function app.sign_query to task_api, task_finder;
-- end db/functions/search/sign_query.sql

-- begin db/functions/search/split_letters.sql
-- The words of a text that has more than plain words in it, or is long. An apostrophe parts no word (don't,
-- dont), but where one is elided before a vowel (l'école, dell'arte). Scripts that are written without blanks
-- have one word for each letter, so that a search for several letters in a row is a search for a phrase,
-- which is a substring; each emoji is a word too.

create or replace function app.split_letters(folded text) returns text[]
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  v_text text := regexp_replace(
    folded, '[\u0001-\u001F\u007F-\u00A0' || app.search_signs() || ']', ' ', 'g');
begin
  if strpos(v_text, '''') > 0 then
    -- French, Italian, Catalan.
    v_text := regexp_replace(
      v_text,
      '\m([cdjlmnstv]|[a-z]*(?:qu|ll|gl)|un|alcun|anch|ciascun|com|cos|dov|grand|mezz|nessun'
      '|qualcun|quand|quest|sant|senz|tutt)''(?=[aeiouhyæœ])',
      '\1 ', 'g');
    v_text := replace(v_text, '''', '');
  end if;
  if octet_length(v_text) > char_length(v_text) then
    -- Thai, Lao, Myanmar, Khmer and their neighbours; symbols; kana with their marks, Han; emoji.
    v_text := regexp_replace(
      v_text,
      '([\u0E00-\u0EFF\u1000-\u109F\u1780-\u17FF\u1950-\u19FF\u1A20-\u1AAF\u2300-\u23FF\u25A0-\u27BF'
      '\u2B00-\u2BFF\u3005-\u3007\u3021-\u3029\u3031-\u303C\u3041-\u3098\u309B-\u30FF\u31F0-\u31FF'
      '\u3400-\u9FFF\uA980-\uA9FF\uAA60-\uAADF\uF900-\uFAFF\U0001B000-\U0001B16F\U0001F000-\U0001FAFF'
      '\U00020000-\U0003FFFF][\u3099\u309A]*)',
      ' \1 ', 'g');
    -- The letters that no mark was taken from: ß, ø, æ. A key has no quote and no backslash.
    v_text := translate(public.unaccent('public.unaccent', v_text), '''"\', '');
  end if;
  if octet_length(v_text) <= 2000 then
    return array_remove(string_to_array(v_text, ' '), '');
  end if;
  -- A key of the index has at most 2,046 bytes.
  return array(
    select case when octet_length(word) > 2000 then left(word, 500) else word end
    from unnest(string_to_array(v_text, ' ')) with ordinality as words (word, place)
    where word <> ''
    order by place);
end $$;

comment on function app.split_letters is
  'The words of a folded text with apostrophes or letters beyond ASCII, see app.split_words.';

grant execute on function app.split_letters to task_api, task_keeper, task_finder;
-- end db/functions/search/split_letters.sql

-- begin db/functions/search/split_words.sql
-- The words of a folded text, the same for a search and for what is searched: signs part them. Where a word
-- ends depends on no other word, and on nothing that has yet to be typed. One expression, as app.fold_text.

create or replace function app.split_words(folded text) returns text[]
language sql immutable parallel safe
return case
  when octet_length(folded) = char_length(folded) and octet_length(folded) <= 2000
    and strpos(folded, '''') = 0
    then array_remove(
      string_to_array(
        regexp_replace(folded, '[\u0001-\u001F\u007F' || app.search_signs() || ']', ' ', 'g'), ' '),
      '')
  else app.split_letters(folded) end;

comment on function app.split_words is 'The words of a folded text, in their order.';

grant execute on function app.split_words to task_api, task_keeper, task_finder;
-- end db/functions/search/split_words.sql

-- begin db/functions/search/suggest_query.sql
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

comment on function app.tag_query is
  'The query of the search index for the user''s tasks with any, or all, of the tags.';

grant execute on function app.tag_query to task_api, task_finder;
-- end db/functions/search/tag_query.sql

reset role;

-- migrate:down

set local role task_owner;

-- drop db/functions/search/tag_query.sql
drop function app.tag_query;

-- drop db/functions/search/suggest_query.sql
drop function app.suggest_query;

-- drop db/functions/search/split_words.sql
drop function app.split_words;

-- drop db/functions/search/split_letters.sql
drop function app.split_letters;

-- drop db/functions/search/sign_query.sql
drop function app.sign_query;

-- drop db/functions/search/search_vector.sql
drop function app.search_vector;

-- drop db/functions/search/search_signs.sql
drop function app.search_signs;

-- drop db/functions/search/search_scope.sql
drop function app.search_scope;

-- drop db/functions/search/search_query.sql
drop function app.search_query;

-- drop db/functions/search/fold_text.sql
drop function app.fold_text;

-- drop db/functions/search/fold_letters.sql
drop function app.fold_letters;

reset role;
