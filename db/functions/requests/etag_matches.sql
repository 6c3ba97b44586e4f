-- RFC 9110, 8.8.3 and 13: entity tags, and the conditions that a request puts on them.

create or replace function app.etag_matches(condition text, etag text) returns boolean
language sql immutable parallel safe
-- The strong comparison; our tags have no commas in them.
return array['*', etag] && regexp_split_to_array(btrim(condition, E' \t'), '[ \t]*,[ \t]*');

comment on function app.etag_matches is 'Whether If-Match names the tag; null where there is no condition.';

grant execute on function app.etag_matches to task_api;
