-- Part 4 of the report. Owners are left out, because they have all; so is what extensions bring.

create or replace view audit.privileges with (security_invoker = true) as
with granted (kind, schema, object, columns, grants, owner_oid) as (
  select
    relation.kind, relation.schema, relation.relation, null, relation.acl, relation.owner_oid
  from audit.relations as relation
  where not relation.in_extension

  union all

  select
    relation.kind, relation.schema, relation.relation, attribute.attname, attribute.attacl,
    relation.owner_oid
  from audit.relations as relation
  inner join pg_catalog.pg_attribute as attribute on relation.oid = attribute.attrelid
    and not attribute.attisdropped
  where not relation.in_extension

  union all

  select
    'function', function.schema, function.function, null,
    coalesce(function.acl, acldefault('f', function.owner_oid)), function.owner_oid
  from audit.functions as function
  where not function.in_extension

  union all

  select
    'schema', namespace.nspname, quote_ident(namespace.nspname), null, namespace.nspacl, namespace.nspowner
  from pg_catalog.pg_namespace as namespace
  where namespace.nspname !~ '^pg_' and namespace.nspname <> 'information_schema'
    and not audit.is_in_extension('pg_catalog.pg_namespace'::regclass, namespace.oid)

  union all

  -- An array's privilege is its element's, a multirange's is its range's; the row type of a table gives no
  -- rows.
  select
    'type', namespace.nspname, type.oid::regtype::text, null,
    coalesce(type.typacl, acldefault('T', type.typowner)), type.typowner
  from pg_catalog.pg_type as type
  inner join pg_catalog.pg_namespace as namespace on type.typnamespace = namespace.oid
  left join pg_catalog.pg_class as class on type.typrelid = class.oid
  where namespace.nspname !~ '^pg_' and namespace.nspname <> 'information_schema'
    and type.typcategory <> 'A' and type.typtype <> 'm' and (type.typrelid = 0 or class.relkind = 'c')
    and type.oid not in (
      select dependency.objid from pg_catalog.pg_depend as dependency
      where dependency.classid = 'pg_catalog.pg_type'::regclass and dependency.deptype = 'e')

  union all

  select
    'database', null, quote_ident(database.datname), null,
    coalesce(database.datacl, acldefault('d', database.datdba)), database.datdba
  from pg_catalog.pg_database as database
  where database.datname = current_database()

  union all

  select 'foreign server', null, quote_ident(server.srvname), null, server.srvacl, server.srvowner
  from pg_catalog.pg_foreign_server as server
)

select
  coalesce(grantee.rolname, 'public') as role,
  granted.kind,
  granted.schema,
  granted.object,
  lower(entry.privilege_type) as privilege,
  coalesce(
    string_agg(granted.columns, ', ' order by granted.columns),
    case when granted.kind in ('table', 'view') then 'all' end) as columns,
  bool_or(entry.is_grantable) as grantable
from granted
cross join aclexplode(granted.grants) as entry
left join pg_catalog.pg_roles as grantee on entry.grantee = grantee.oid
where entry.grantee <> granted.owner_oid
group by
  grantee.rolname, granted.kind, granted.schema, granted.object, entry.privilege_type,
  granted.columns is null;

comment on view audit.privileges is
  'Every privilege of a role that does not own the object; for tables, with the columns.';

grant select on audit.privileges to task_auditor;
