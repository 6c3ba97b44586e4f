-- Part 7 of the report: privileges. Those that a role has as the owner, or borrows, are left out: they are
-- one fault, of the owner or of the membership.

create or replace view audit.privilege_faults with (security_invoker = true) as
-- What several rules read is read, and planned, once.
with service as (
  select found.oid, found.role, found.borrows from audit.services as found
),

relation as (
  select found.oid, found.relation, found.schema, found.kind, found.owner_oid, found.has_user_id
  from audit.relations as found
),

granted as (
  select found.role, found.kind, found.schema, found.object, found.privilege, found.columns
  from audit.privileges as found
)

select
  format(
    'public has %s on %s %s: that is everybody who can log in', found.privilege, found.kind, found.object
  ) as fault,
  format(
    'revoke %s%s on %s %s from public', found.privilege, ' (' || nullif(found.columns, 'all') || ')',
    case
      when found.kind in ('view', 'materialized view', 'foreign table') then 'table'
      -- Of any sort.
      when found.kind = 'function' then 'routine'
      else found.kind
    end,
    found.object) as remedy
from granted as found
where found.role = 'public'

union

select
  format('%s that %s creates will be executable or usable by public', objects, creator) as fault,
  format(
    'alter default privileges for role %s revoke %s on %s from public', creator, privilege, objects
  ) as remedy
from (values
  ('task_owner', 'functions', 'f', 'execute'), ('task_owner', 'types', 'T', 'usage'),
  ('task_finder', 'functions', 'f', 'execute'), ('task_keeper', 'functions', 'f', 'execute'),
  ('task_porter', 'functions', 'f', 'execute')
) as kind (creator, objects, letter, privilege)
where not exists (
  select from pg_catalog.pg_default_acl as defaults
  inner join pg_catalog.pg_roles as owner on defaults.defaclrole = owner.oid and owner.rolname = kind.creator
  where defaults.defaclnamespace = 0 and defaults.defaclobjtype = kind.letter
    and 0 not in (select entry.grantee from aclexplode(defaults.defaclacl) as entry))

union

select
  format(
    '%s that %I creates%s will be granted to %I: %s',
    found.objects, found.creator, ' in ' || found.schema, found.role, found.privilege) as fault,
  format(
    'alter default privileges for role %I%s revoke %s on %s from %I',
    found.creator, ' in schema ' || quote_ident(found.schema), found.privilege, found.objects, found.role
  ) as remedy
from audit.default_privileges as found
where found.role <> found.creator
  and (
    found.role in ('public', 'task_api', 'task_auditor', 'task_finder', 'task_keeper', 'task_porter')
    or found.schema in ('app', 'api', 'audit', 'finder', 'keeper', 'porter', 'spread'))

union

select
  format(
    '%I may %s %s, which row-level security does not hold', service.role, privilege.name, found.relation
  ) as fault,
  format('revoke %s on %s from %I', privilege.name, found.relation, service.role) as remedy
from service
cross join relation as found
cross join (values ('truncate'), ('references'), ('trigger')) as privilege (name)
where (found.schema = 'app' or found.has_user_id) and found.kind <> 'sequence'
  and case privilege.name
    when 'references' then has_any_column_privilege(service.oid, found.oid, privilege.name)
    else has_table_privilege(service.oid, found.oid, privilege.name) end
  and not service.borrows and found.owner_oid <> service.oid

union

select
  format(
    '%I may %s user_id in %s itself, instead of by its default',
    service.role, privilege.name, found.relation) as fault,
  format(
    'by hand: revoke %s on %s from %I, and grant it anew on the other columns',
    privilege.name, found.relation, service.role) as remedy
from service
inner join relation as found on found.has_user_id and found.kind in ('table', 'view')
cross join (values ('insert'), ('update')) as privilege (name)
where has_column_privilege(service.oid, found.oid, 'user_id', privilege.name)
  and not service.borrows and found.owner_oid <> service.oid
  -- Where the rows are spread over machines, a trigger refuses another user's: see audit.find_table_faults.
  and not (privilege.name = 'insert' and to_regnamespace('spread') is not null)

union

select
  format('%I may %s in %s %I', service.role, place.privilege, place.kind, place.name) as fault,
  format(
    'by hand: revoke %s on %s %I from %I, or from whom it has that',
    place.privilege, place.kind, place.name, service.role) as remedy
from service
cross join (
  select 'schema' as kind, namespace.nspname as name, 'create' as privilege
  from pg_catalog.pg_namespace as namespace
  where namespace.nspname !~ '^pg_' and namespace.nspname <> 'information_schema'
  union all
  select 'database' as kind, current_database() as name, wanted.privilege
  from (values ('create'), ('temporary')) as wanted (privilege)
) as place
where not service.borrows
  and case place.kind
    when 'schema' then has_schema_privilege(service.oid, place.name, place.privilege)
    else has_database_privilege(service.oid, place.name, place.privilege) end

union

select
  format(
    '%s has %s on %s %s, which is not one of those that it is for',
    found.role, found.privilege, found.kind, found.object) as fault,
  format(
    'revoke %s on %s %s from %I', found.privilege,
    case when found.kind in ('view', 'materialized view', 'foreign table') then 'table' else found.kind end,
    found.object, found.role) as remedy
from granted as found
where found.kind in ('table', 'view', 'materialized view', 'foreign table', 'sequence', 'foreign server')
  and (
    found.role in (select service.role from service)
    and coalesce(found.schema <> 'app', true)
    or found.role = 'task_auditor' and coalesce(found.schema <> 'audit', true))

union

select
  format(
    '%s large objects belong to %I: row-level security does not hold for them, and nothing of Duly makes any',
    count(*), owner.rolname) as fault,
  'by hand: find out who made them (select oid from pg_largeobject_metadata), and select lo_unlink(oid)'
    as remedy
from pg_catalog.pg_largeobject_metadata as large
inner join pg_catalog.pg_roles as owner on large.lomowner = owner.oid
where owner.oid in (select service.oid from service)
group by owner.rolname;

comment on view audit.privilege_faults is 'The rules of privileges that are broken, each with its remedy.';

grant select on audit.privilege_faults to task_auditor;
