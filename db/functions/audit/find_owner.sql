-- Where a role of Duly owns the database, which is a fault, the owner of dbmate's table is the role that
-- migrates: so the rest is compared as ever.

create or replace function audit.find_owner() returns oid
language sql stable
return (
  select coalesce(
    (
      select role.oid from pg_catalog.pg_roles as role
      where role.oid = database.datdba
        and role.rolname !~ '^task_(owner|finder|keeper|porter|auditor|api|worker)$'),
    (
      select role.oid from pg_catalog.pg_class as class
      inner join pg_catalog.pg_namespace as namespace
        on class.relnamespace = namespace.oid and namespace.nspname = 'public'
      inner join pg_catalog.pg_roles as role on class.relowner = role.oid
      where class.relname = 'schema_migrations'
        and role.rolname !~ '^task_(owner|finder|keeper|porter|auditor|api|worker)$'))
  from pg_catalog.pg_database as database
  where database.datname = current_database());

comment on function audit.find_owner is
  'The role that migrates and should own the database; null if no role but those of Duly is known.';

grant execute on function audit.find_owner to task_auditor;
