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
