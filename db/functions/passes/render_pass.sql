-- The token is in no answer of the database: it never gets here.

create or replace function app.render_pass(
  id uuid, label text, scope text, created_at timestamptz, expires_at timestamptz, last_used_on date)
returns text
language sql stable parallel safe
return row_to_json(
  row(id, label, scope, app.render_time(created_at), app.render_time(expires_at),
    last_used_on)::app.pass_document
)::text;

comment on function app.render_pass is 'A pass as JSON.';

grant execute on function app.render_pass to task_api;
