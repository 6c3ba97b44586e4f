-- Where a role of Duly owns the database, which is a fault, the owner of dbmate's table is the role that
-- migrates: so the rest is compared as ever.

create or replace function audit.find_owner() returns oid
language sql stable
return (
  select case
    when pg_get_userbyid(database.datdba) !~ '^task_(owner|finder|keeper|porter|auditor|api|worker)$'
      then database.datdba
    else (
      select class.relowner from pg_catalog.pg_class as class
      inner join pg_catalog.pg_namespace as namespace
        on class.relnamespace = namespace.oid and namespace.nspname = 'public'
      where class.relname = 'schema_migrations'
        and pg_get_userbyid(class.relowner) !~ '^task_(owner|finder|keeper|porter|auditor|api|worker)$')
  end
  from pg_catalog.pg_database as database
  where database.datname = current_database());

comment on function audit.find_owner is
  'The role that migrates and should own the database; null if no role but those of Duly is known.';

grant execute on function audit.find_owner to task_auditor;
