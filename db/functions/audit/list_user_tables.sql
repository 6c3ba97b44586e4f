-- Tables with users' rows: all of the schema app, and every other with a column user_id. "Owned": the role
-- could switch row-level security off. A superuser is left to audit.find_role_faults.

create or replace function audit.list_user_tables(role name, reachable_only boolean)
returns table (oid oid, name text, securable boolean, secured boolean, forced boolean, owned boolean)
language sql stable
set search_path = ''
as $$
  select
    class.oid, class.oid::regclass::text, class.relkind in ('r', 'p'), class.relrowsecurity,
    class.relforcerowsecurity,
    not reader.rolsuper and pg_has_role(reader.oid, class.relowner, 'member')
  from pg_catalog.pg_class as class
  inner join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
  inner join pg_catalog.pg_roles as reader on reader.rolname = list_user_tables.role
  where class.relkind in ('r', 'p', 'f', 'm')
    and namespace.nspname !~ '^pg_' and namespace.nspname <> 'information_schema'
    and (
      namespace.nspname = 'app'
      or exists (
        select from pg_catalog.pg_attribute as attribute
        where attribute.attrelid = class.oid and attribute.attname = 'user_id'
          and not attribute.attisdropped))
    and (
      not reachable_only
      or pg_has_role(reader.oid, class.relowner, 'member')
      or has_any_column_privilege(reader.oid, class.oid, 'select, insert, update')
      or has_table_privilege(reader.oid, class.oid, 'delete, truncate'))
$$;

comment on function audit.list_user_tables is
  'The tables with users'' rows, or those of them that the role has a privilege on.';

grant execute on function audit.list_user_tables to task_api, task_auditor;
