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
