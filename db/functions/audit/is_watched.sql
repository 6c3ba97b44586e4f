-- The audit lists the objects of every schema but PostgreSQL's own.

create or replace function audit.is_watched(schema oid) returns boolean
language sql stable
return is_watched.schema not in (
  select namespace.oid from pg_catalog.pg_namespace as namespace
  where namespace.nspname in ('pg_catalog', 'information_schema', 'pg_toast')
    or namespace.nspname ~ '^pg_(temp|toast_temp)_');

comment on function audit.is_watched is
  'Whether the audit lists what is in a schema: all but PostgreSQL''s own.';

grant execute on function audit.is_watched to task_auditor;
