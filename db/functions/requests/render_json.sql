-- The text of jsonb has a blank behind each colon and each comma; in an answer JSON is compact. A string is
-- matched as a whole, so that its own blanks stay.

create or replace function app.render_json(value jsonb) returns text
language sql immutable parallel safe
return regexp_replace(value::text, '("(?:[^"\\]|\\.)*")|([,:]) ', '\1\2', 'g');

comment on function app.render_json is 'A value as compact JSON.';

grant execute on function app.render_json to task_api, task_worker;
