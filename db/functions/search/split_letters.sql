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
