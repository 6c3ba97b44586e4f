-- Each privilege of a role that does not own the object. Where nothing was granted or revoked, PostgreSQL's
-- defaults count: functions and types are born open to public.

create or replace view audit.privilege_objects with (security_invoker = true) as
with granted (subject, object, "column", grants, owner, catalog, oid) as (
  select
    case relation.relkind when 'S' then 'sequence' else 'table' end, relation.oid::regclass::text, null,
    coalesce(
      relation.relacl,
      case relation.relkind
        when 'S' then acldefault('s', relation.relowner)
        else acldefault('r', relation.relowner)
      end),
    relation.relowner, 'pg_catalog.pg_class'::regclass, relation.oid
  from pg_catalog.pg_class as relation
  where relation.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and audit.is_watched(relation.relnamespace)
    and relation.oid not in (select shard.oid from audit.list_shards() as shard)

  union all

  select
    'table', relation.oid::regclass::text, attribute.attname, attribute.attacl, relation.relowner, null, null
  from pg_catalog.pg_class as relation
  inner join pg_catalog.pg_attribute as attribute on relation.oid = attribute.attrelid
    and not attribute.attisdropped
  where audit.is_watched(relation.relnamespace)
    and relation.oid not in (select shard.oid from audit.list_shards() as shard)

  union all

  select
    'function', routine.oid::regprocedure::text, null,
    coalesce(routine.proacl, acldefault('f', routine.proowner)), routine.proowner, null, null
  from pg_catalog.pg_proc as routine
  where audit.is_watched(routine.pronamespace)
    and not audit.is_in_extension('pg_catalog.pg_proc'::regclass, routine.oid)

  union all

  select
    'schema', quote_ident(namespace.nspname), null, namespace.nspacl, namespace.nspowner,
    'pg_catalog.pg_namespace'::regclass, namespace.oid
  from pg_catalog.pg_namespace as namespace
  where audit.is_watched(namespace.oid)

  union all

  -- An array's privilege is its element's, a multirange's is its range's; the row type of a table gives no
  -- rows.
  select
    'type', type.oid::regtype::text, null,
    coalesce(type.typacl, acldefault('T', type.typowner)), type.typowner, null, null
  from pg_catalog.pg_type as type
  left join pg_catalog.pg_class as class on type.typrelid = class.oid
  where audit.is_watched(type.typnamespace) and type.typcategory <> 'A'
    and type.typtype <> 'm' and (type.typrelid = 0 or class.relkind = 'c')
    and not audit.is_in_extension('pg_catalog.pg_type'::regclass, type.oid)

  union all

  select
    'database', 'this', null, coalesce(database.datacl, acldefault('d', database.datdba)), database.datdba,
    null, null
  from pg_catalog.pg_database as database
  where database.datname = current_database()

  union all

  select
    'language', quote_ident(language.lanname), null,
    case
      when language.lanname in ('internal', 'c', 'sql', 'plpgsql') then language.lanacl
      else coalesce(language.lanacl, acldefault('l', language.lanowner))
    end,
    language.lanowner, null, null
  from pg_catalog.pg_language as language

  union all

  select 'foreign server', quote_ident(server.srvname), null, server.srvacl, server.srvowner, null, null
  from pg_catalog.pg_foreign_server as server

  union all

  select
    'foreign data wrapper', quote_ident(wrapper.fdwname), null, wrapper.fdwacl, wrapper.fdwowner, null, null
  from pg_catalog.pg_foreign_data_wrapper as wrapper

  union all

  select
    'tablespace', quote_ident(tablespace.spcname), null, tablespace.spcacl, tablespace.spcowner, null, null
  from pg_catalog.pg_tablespace as tablespace

  union all

  select 'large object', large.oid::text, null, large.lomacl, large.lomowner, null, null
  from pg_catalog.pg_largeobject_metadata as large
),

-- In PostgreSQL's own schemas and in extensions, privileges beyond those that they were born with count.
born as (
  select
    init.classoid, init.objoid, init.objsubid, init.privtype, entry.grantee, entry.privilege_type
  from pg_catalog.pg_init_privs as init
  cross join aclexplode(init.initprivs) as entry
),

beyond (subject, object, "column", grantee, privilege_type, is_grantable) as (
  select
    'table', relation.oid::regclass::text, null, entry.grantee, entry.privilege_type, entry.is_grantable
  from pg_catalog.pg_class as relation
  cross join aclexplode(relation.relacl) as entry
  where not audit.is_watched(relation.relnamespace) and relation.relkind in ('r', 'v')
    and entry.grantee <> relation.relowner
    and not exists (
      select from born
      where born.classoid = 'pg_catalog.pg_class'::regclass and born.objoid = relation.oid
        and born.objsubid = 0
        and born.grantee = entry.grantee and born.privilege_type = entry.privilege_type)

  union all

  select
    'table', relation.oid::regclass::text, attribute.attname, entry.grantee, entry.privilege_type,
    entry.is_grantable
  from pg_catalog.pg_class as relation
  inner join pg_catalog.pg_attribute as attribute on relation.oid = attribute.attrelid
  cross join aclexplode(attribute.attacl) as entry
  where not audit.is_watched(relation.relnamespace) and entry.grantee <> relation.relowner
    and not exists (
      select from born
      where born.classoid = 'pg_catalog.pg_class'::regclass and born.objoid = relation.oid
        and born.objsubid = attribute.attnum
        and born.grantee = entry.grantee and born.privilege_type = entry.privilege_type)

  union all

  select
    'function', routine.oid::regprocedure::text, null, entry.grantee, entry.privilege_type, entry.is_grantable
  from pg_catalog.pg_proc as routine
  cross join aclexplode(routine.proacl) as entry
  where (
      not audit.is_watched(routine.pronamespace)
      or audit.is_in_extension('pg_catalog.pg_proc'::regclass, routine.oid))
    and entry.grantee not in (0, routine.proowner)
    and not exists (
      select from born
      where born.classoid = 'pg_catalog.pg_proc'::regclass and born.objoid = routine.oid
        and born.grantee = entry.grantee and born.privilege_type = entry.privilege_type)

  union all

  -- Functions that public may execute again, and was not born to.
  select
    'function', routine.oid::regprocedure::text, null, entry.grantee, entry.privilege_type, entry.is_grantable
  from pg_catalog.pg_proc as routine
  inner join pg_catalog.pg_init_privs as init on init.classoid = 'pg_catalog.pg_proc'::regclass
    and routine.oid = init.objoid
  cross join aclexplode(routine.proacl) as entry
  where not audit.is_watched(routine.pronamespace) and entry.grantee = 0
    and not exists (
      select from aclexplode(init.initprivs) as born_with
      where born_with.grantee = 0)

  union all

  select
    'schema', quote_ident(namespace.nspname), null, entry.grantee, entry.privilege_type, entry.is_grantable
  from pg_catalog.pg_namespace as namespace
  cross join aclexplode(namespace.nspacl) as entry
  where namespace.nspname in ('pg_catalog', 'information_schema') and entry.grantee <> namespace.nspowner
    and not exists (
      select from born
      where born.classoid = 'pg_catalog.pg_namespace'::regclass and born.objoid = namespace.oid
        and born.grantee = entry.grantee and born.privilege_type = entry.privilege_type)

  union all

  select
    granted.subject, granted.object, granted."column", entry.grantee, entry.privilege_type,
    entry.is_grantable
  from granted
  cross join aclexplode(granted.grants) as entry
  where entry.grantee <> granted.owner
    -- Its tables and schemas beside Duly's, which an extension grants itself.
    and not exists (
      select from born
      where born.classoid = granted.catalog and born.objoid = granted.oid and born.objsubid = 0
        and born.privtype = 'e' and born.grantee = entry.grantee
        and born.privilege_type = entry.privilege_type)
)

select
  'privilege' as kind,
  format(
    '%s on %s %s for %s', lower(found.privilege_type), found.subject, found.object,
    audit.name_role(found.grantee)) as name,
  jsonb_strip_nulls(jsonb_build_object(
    'columns', jsonb_agg(found."column" order by found."column") filter (where found."column" is not null),
    'on the whole', case when bool_or(found."column" is not null)
      then nullif(bool_or(found."column" is null), false) end,
    'grantable', nullif(bool_or(found.is_grantable), false))) as definition
from beyond as found
group by found.privilege_type, found.subject, found.object, found.grantee;

comment on view audit.privilege_objects is
  'The part of audit.objects about privileges; in PostgreSQL''s own schemas, those that were added.';

grant select on audit.privilege_objects to task_auditor;
