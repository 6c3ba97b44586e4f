-- What If-Match and If-None-Match ask of a task before it is changed (RFC 9110, section 13.2.2).
--
-- All in it is immutable (format, and text || bigint, are not), so it becomes part of what calls it.

create or replace function app.preconditions_hold(if_match text, if_none_match text, version bigint)
returns boolean
language sql immutable parallel safe
return coalesce(app.etag_matches(if_match, '"' || version::text || '"'), true)
  and not coalesce(app.etag_matches_weakly(if_none_match, '"' || version::text || '"'), false);

comment on function app.preconditions_hold is
  'Whether a task of this version may be changed; null is a condition that the request does not have.';

grant execute on function app.preconditions_hold to task_api;
