-- The links of a page (RFC 8288).

create or replace function app.link_pages(link text, "limit" integer, next text, previous text)
returns text
language sql stable parallel safe
return concat_ws(
  ', ',
  '<' || link || 'limit=' || "limit" || '&' || next || '>; rel="next"',
  '<' || link || 'limit=' || "limit" || '&' || previous || '>; rel="prev"',
  '<' || link || 'limit=' || "limit" || '>; rel="first"');

comment on function app.link_pages is
  'The value of the header Link. link is the URL of the list without its place; next and previous are the '
  'parameter that leads there, or null.';

grant execute on function app.link_pages to task_api;
