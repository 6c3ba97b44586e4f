-- Part 4 of the report: privileges on objects that do not exist yet.

create or replace view audit.default_privileges with (security_invoker = true) as
select
  owner.rolname as creator,
  owner.oid as creator_oid,
  namespace.nspname as schema,
  case defaults.defaclobjtype
    when 'f' then 'functions'
    when 'T' then 'types'
    when 'r' then 'tables'
    when 'S' then 'sequences'
    when 'n' then 'schemas'
    else 'large objects'
  end as objects,
  coalesce(grantee.rolname, 'public') as role,
  lower(entry.privilege_type) as privilege
from pg_catalog.pg_default_acl as defaults
inner join pg_catalog.pg_roles as owner on defaults.defaclrole = owner.oid
left join pg_catalog.pg_namespace as namespace on defaults.defaclnamespace = namespace.oid
cross join aclexplode(defaults.defaclacl) as entry
left join pg_catalog.pg_roles as grantee on entry.grantee = grantee.oid;

comment on view audit.default_privileges is 'The privileges that new objects will get from their creator.';

grant select on audit.default_privileges to task_auditor;
