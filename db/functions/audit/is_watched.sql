-- The audit lists the objects of every schema but PostgreSQL's own. It asks this of each row of large
-- catalogs, so there is no query in it: the planner then makes it a part of the statement that asks.

create or replace function audit.is_watched(schema oid) returns boolean
language sql stable
return is_watched.schema not in ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace)
and is_watched.schema::regnamespace::text !~ '^(information_schema$|pg_(temp|toast_temp)_)';

comment on function audit.is_watched is
  'Whether the audit lists what is in a schema: all but PostgreSQL''s own.';

grant execute on function audit.is_watched to task_auditor;
