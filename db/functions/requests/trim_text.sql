-- Unicode's White_Space, which btrim alone does not know.

create or replace function app.trim_text(value text) returns text
language sql immutable parallel safe
-- Unicode's White_Space.
return btrim(
  value,
  E' \t\n\u000B\f\r\u0085\u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A'
  '\u2028\u2029\u202F\u205F\u3000');

comment on function app.trim_text is 'The text without the white space at both ends.';

grant execute on function app.trim_text to task_api;
