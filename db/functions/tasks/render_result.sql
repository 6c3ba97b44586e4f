-- One result of a batch. headers are names and values by turns, as the api functions answer them.

create or replace function app.render_result(status integer, headers text[], response text) returns text
language sql immutable parallel safe
return concat(
  '{"status":', status,
  ',"etag":' || to_json(case when headers[1] = 'etag' then headers[2] end)::text,
  ',"location":' || to_json(case when headers[3] = 'location' then headers[4] end)::text,
  ',"body":' || response, '}');

comment on function app.render_result is
  'The result of an operation that was done; without a response it has no body.';

grant execute on function app.render_result to task_api;
