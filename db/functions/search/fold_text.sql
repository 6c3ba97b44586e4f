-- The form in which texts are compared. One expression, which becomes part of the query or function that
-- calls it: most texts are ASCII.

create or replace function app.fold_text(written text) returns text
language sql immutable parallel safe
return case
  when octet_length(written) = char_length(written) then lower(written)
  else app.fold_letters(written) end;

comment on function app.fold_text is 'The form in which texts are compared: searches and what is searched.';

grant execute on function app.fold_text to task_api, task_keeper, task_finder;
