-- A proxy that compresses makes strong tags weak (RFC 9110, 8.8.3.2).

create or replace function app.etag_matches_weakly(condition text, etag text) returns boolean
language sql immutable parallel safe
return app.etag_matches(replace(condition, 'W/"', '"'), replace(etag, 'W/"', '"'));

comment on function app.etag_matches_weakly is
  'As etag_matches, by the weak comparison that If-None-Match asks for: a proxy that compresses makes '
  'strong tags weak.';

grant execute on function app.etag_matches_weakly to task_api;
