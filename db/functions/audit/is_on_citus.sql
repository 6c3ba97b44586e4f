-- Citus is expected only where db/citus/spread.sql was applied.

create or replace function audit.is_on_citus() returns boolean
language sql stable
return to_regnamespace('spread') is not null
and exists (
  select from pg_catalog.pg_extension as extension
  where extension.extname = 'citus');

comment on function audit.is_on_citus is 'Whether the rows are spread over machines by Citus.';

grant execute on function audit.is_on_citus to task_auditor;
