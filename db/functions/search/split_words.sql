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
