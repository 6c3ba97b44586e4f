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
