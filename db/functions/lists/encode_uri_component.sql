-- A header is ASCII.

create or replace function app.encode_uri_component("text" text) returns text
language sql immutable parallel safe
set search_path = ''
as $$
  select string_agg(
    case when letter ~ '^[A-Za-z0-9._~-]$' then letter
      else regexp_replace(encode(convert_to(letter, 'UTF8'), 'hex'), '(..)', '%\1', 'g') end,
    '' order by place)
  from regexp_split_to_table("text", '') with ordinality as letters (letter, place)
$$;

comment on function app.encode_uri_component is 'The text, percent-encoded as UTF-8 (RFC 3986, 2.1).';

grant execute on function app.encode_uri_component to task_api;
