-- migrate:up

-- A copy of db/functions/audit, written by make functions: change it there.

set local role task_owner;

-- begin db/functions/audit/default_privileges.sql
-- Part 4 of the report: what is granted on objects that do not exist yet.

create or replace view audit.default_privileges with (security_invoker = true) as
select
  owner.rolname as creator,
  owner.oid as creator_oid,
  namespace.nspname as schema,
  case defaults.defaclobjtype
    when 'f' then 'functions' when 'T' then 'types' when 'r' then 'tables' when 'S' then 'sequences' when 'n' then 'schemas'
    else 'other objects' end as objects,
  coalesce(grantee.rolname, 'public') as role,
  lower(entry.privilege_type) as privilege
from pg_catalog.pg_default_acl as defaults
inner join pg_catalog.pg_roles as owner on defaults.defaclrole = owner.oid
left join pg_catalog.pg_namespace as namespace on defaults.defaclnamespace = namespace.oid
cross join aclexplode(defaults.defaclacl) as entry
left join pg_catalog.pg_roles as grantee on entry.grantee = grantee.oid;

comment on view audit.default_privileges is 'What new objects will be granted when somebody creates them.';

grant select on audit.default_privileges to task_auditor;
-- end db/functions/audit/default_privileges.sql

-- begin db/functions/audit/describe_rows.sql
-- The pinned path makes PostgreSQL print the expression with every name qualified, so that it can be compared. The second
-- form has no sub-select: Citus takes none in a policy.

create or replace function audit.describe_rows(expression pg_node_tree, relation oid) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  v_text constant text := pg_get_expr(expression, relation);
begin
  return case
    when v_text in ('(user_id = ( SELECT app.user_id() AS user_id))', '(user_id = app.user_id())') then 'the user''s own rows'
    when v_text = 'true' then 'all rows'
    else 'rows where ' || v_text
  end;
end $$;

comment on function audit.describe_rows is 'Which rows of the table an expression of a policy lets through, in words.';

grant execute on function audit.describe_rows to task_api, task_auditor;
-- end db/functions/audit/describe_rows.sql

-- begin db/functions/audit/find_faults.sql
-- Whether row-level security is in force for a role: what GET /health/ready asks, and what the audit begins with.

create or replace function audit.find_faults(role name) returns setof text
language plpgsql stable
set search_path = ''
as $$
declare
  v_role pg_catalog.pg_roles;
  v_table record;
begin
  select * into strict v_role from pg_catalog.pg_roles as found where found.rolname = role;

  if v_role.rolsuper then
    return next format('role %I is a superuser, whom no policy holds: connect as task_api, and see that it is none', role);
  end if;
  if v_role.rolbypassrls then
    return next format('role %I has BYPASSRLS: alter role %1$I nobypassrls', role);
  end if;
  if not v_role.rolsuper then
    return query
      select format('role %I may become %I, whom no policy holds: revoke %2$I from %1$I', role, other.rolname)
      from pg_catalog.pg_roles as other
      where (other.rolsuper or other.rolbypassrls) and other.oid <> v_role.oid and pg_has_role(v_role.oid, other.oid, 'member');
  end if;

  for v_table in
    select class.oid, class.oid::regclass::text as name, class.relkind, class.relowner, class.relrowsecurity, class.relforcerowsecurity
    from pg_catalog.pg_class as class
    join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
    where class.relkind in ('r', 'p', 'f', 'm')
      and namespace.nspname !~ '^pg_' and namespace.nspname <> 'information_schema'
      and (
        namespace.nspname = 'app'
        or exists (
          select from pg_catalog.pg_attribute as attribute
          where attribute.attrelid = class.oid and attribute.attname = 'user_id' and not attribute.attisdropped))
    order by 2
  loop
    if v_table.relkind in ('f', 'm') then
      return next format('%s holds users'' rows, but can''t have row-level security: make it a table, or drop it', v_table.name);
      continue;
    end if;
    if not v_role.rolsuper and pg_has_role(v_role.oid, v_table.relowner, 'member') then
      return next format(
        'role %I owns table %s, or is a member of its owner, and could switch row-level security off: connect as task_api, or alter table %2$s owner to task_owner',
        role, v_table.name);
    end if;
    if not v_table.relrowsecurity then
      return next format('table %s has no row-level security: alter table %1$s enable row level security', v_table.name);
    end if;
    if not v_table.relforcerowsecurity then
      return next format('table %s does not force row-level security on its owner: alter table %1$s force row level security', v_table.name);
    end if;
    continue when v_role.rolsuper;
    -- What no policy allows is refused; but then the privilege is a mistake, or the policy was forgotten.
    return query
      select format('table %s has no policy for %s, which %I may do: create one, or revoke %2$s on %1$s from %3$I', v_table.name, command.name, role)
      from (values ('select', 'r'), ('insert', 'a'), ('update', 'w'), ('delete', 'd')) as command (name, letter)
      where case command.letter
          when 'd' then has_table_privilege(v_role.oid, v_table.oid, 'delete')
          else has_any_column_privilege(v_role.oid, v_table.oid, command.name) end
        and not exists (
          select from pg_catalog.pg_policy as policy
          where policy.polrelid = v_table.oid and policy.polpermissive and policy.polcmd in (command.letter, '*')
            and exists (
              select from unnest(policy.polroles) as named
              where named = 0 or pg_has_role(v_role.oid, named, 'usage')));
    return query
      select format(
        'policy %I lets %I %s in %s: create it anew with user_id = (select app.user_id())',
        policy.polname, role,
        concat_ws(
          ' and ',
          'see ' || audit.describe_rows(policy.polqual, policy.polrelid),
          'write ' || audit.describe_rows(policy.polwithcheck, policy.polrelid)),
        v_table.name)
      from pg_catalog.pg_policy as policy
      where policy.polrelid = v_table.oid and policy.polpermissive
        and exists (
          select from unnest(policy.polroles) as named
          where named = 0 or pg_has_role(v_role.oid, named, 'usage'))
        and (
          audit.describe_rows(policy.polqual, policy.polrelid) <> 'the user''s own rows'
          or audit.describe_rows(policy.polwithcheck, policy.polrelid) <> 'the user''s own rows');
  end loop;
end $$;

comment on function audit.find_faults is
  'Why row-level security would not hold for the role: one sentence for each fault, which ends with what to do; none where it holds.';

grant execute on function audit.find_faults to task_api, task_auditor;
-- end db/functions/audit/find_faults.sql

-- begin db/functions/audit/functions.sql
-- Part 5 of the report: above all the functions that run with their owner's rights.

create or replace view audit.functions with (security_invoker = true) as
select
  function.oid,
  namespace.nspname as schema,
  function.oid::regprocedure::text as function,
  function.proowner as owner_oid,
  owner.rolname as owner,
  function.prosecdef as definer,
  case function.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end as volatility,
  function.proleakproof as leakproof,
  (
    select substring(setting from '=(.*)')
    from unnest(function.proconfig) as setting
    where setting like 'search\_path=%') as search_path,
  -- A body without quotes is bound to its names when it is made.
  function.prosqlbody is not null as bound,
  obj_description(function.oid, 'pg_proc') as about,
  function.oid in (
    select dependency.objid from pg_catalog.pg_depend as dependency
    where dependency.classid = 'pg_catalog.pg_proc'::regclass and dependency.deptype = 'e') as in_extension,
  function.proacl as acl
from pg_catalog.pg_proc as function
inner join pg_catalog.pg_namespace as namespace on function.pronamespace = namespace.oid
inner join pg_catalog.pg_roles as owner on function.proowner = owner.oid
where namespace.nspname !~ '^pg_' and namespace.nspname <> 'information_schema';

comment on view audit.functions is 'Every function outside of PostgreSQL''s own schemas.';

grant select on audit.functions to task_auditor;
-- end db/functions/audit/functions.sql

-- begin db/functions/audit/policies.sql
-- Part 3 of the report.

create or replace view audit.policies with (security_invoker = true) as
select
  policy.oid,
  policy.polrelid as relation_oid,
  policy.polrelid::regclass::text as relation,
  policy.polname as policy,
  case policy.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end as command,
  policy.polroles as role_oids,
  (
    select string_agg(coalesce(role.rolname, 'public'), ', ' order by role.rolname)
    from unnest(policy.polroles) as named (oid)
    left join pg_catalog.pg_roles as role on named.oid = role.oid) as roles,
  policy.polpermissive as permissive,
  audit.describe_rows(policy.polqual, policy.polrelid) as sees,
  -- Without a check of its own, what may be seen is what may be written.
  case when policy.polcmd in ('a', 'w', '*') then
    coalesce(audit.describe_rows(policy.polwithcheck, policy.polrelid), audit.describe_rows(policy.polqual, policy.polrelid)) end as writes
from pg_catalog.pg_policy as policy;

comment on view audit.policies is 'Every policy: for whom, for which command, which rows it shows and which it lets be written.';

grant select on audit.policies to task_auditor;
-- end db/functions/audit/policies.sql

-- begin db/functions/audit/relations.sql
-- Part 2 of the report.

create or replace view audit.relations with (security_invoker = true) as
select
  class.oid,
  class.oid::regclass::text as relation,
  namespace.nspname as schema,
  case class.relkind
    when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' when 'S' then 'sequence' else 'table' end as kind,
  owner.rolname as owner,
  class.relowner as owner_oid,
  case
    when class.relkind not in ('r', 'p') then null
    when not class.relrowsecurity then 'OFF'
    when not class.relforcerowsecurity then 'NOT FORCED'
    else 'forced'
  end as row_level_security,
  case when class.relkind = 'v' then coalesce((
    select option.option_value from pg_options_to_table(class.reloptions) as option
    where option.option_name = 'security_invoker'
  )::boolean, false) end as security_invoker,
  class.oid in (
    select attribute.attrelid from pg_catalog.pg_attribute as attribute
    where attribute.attname = 'user_id' and not attribute.attisdropped) as has_user_id,
  class.oid in (
    select dependency.objid from pg_catalog.pg_depend as dependency
    where dependency.classid = 'pg_catalog.pg_class'::regclass and dependency.deptype = 'e') as in_extension,
  class.relhasrules as has_rules,
  class.relacl as acl
from pg_catalog.pg_class as class
inner join pg_catalog.pg_namespace as namespace on class.relnamespace = namespace.oid
inner join pg_catalog.pg_roles as owner on class.relowner = owner.oid
where class.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  and namespace.nspname !~ '^pg_' and namespace.nspname <> 'information_schema';

comment on view audit.relations is 'Every table, view and sequence outside of PostgreSQL''s own schemas.';

grant select on audit.relations to task_auditor;
-- end db/functions/audit/relations.sql

-- begin db/functions/audit/privileges.sql
-- Part 4 of the report. Owners are left out, because they have all; so is what extensions bring.

create or replace view audit.privileges with (security_invoker = true) as
with granted (kind, schema, object, columns, grants, owner_oid) as (
  select relation.kind, relation.schema, relation.relation, null, relation.acl, relation.owner_oid
  from audit.relations as relation
  where not relation.in_extension
  union all
  select relation.kind, relation.schema, relation.relation, attribute.attname, attribute.attacl, relation.owner_oid
  from audit.relations as relation
  inner join pg_catalog.pg_attribute as attribute on relation.oid = attribute.attrelid and not attribute.attisdropped
  where not relation.in_extension
  union all
  select 'function', function.schema, function.function, null, coalesce(function.acl, acldefault('f', function.owner_oid)), function.owner_oid
  from audit.functions as function
  where not function.in_extension
  union all
  select 'schema', namespace.nspname, quote_ident(namespace.nspname), null, namespace.nspacl, namespace.nspowner
  from pg_catalog.pg_namespace as namespace
  where namespace.nspname !~ '^pg_' and namespace.nspname <> 'information_schema'
  union all
  select 'type', namespace.nspname, type.oid::regtype::text, null, coalesce(type.typacl, acldefault('T', type.typowner)), type.typowner
  from pg_catalog.pg_type as type
  inner join pg_catalog.pg_namespace as namespace on type.typnamespace = namespace.oid
  left join pg_catalog.pg_class as class on type.typrelid = class.oid
  where namespace.nspname !~ '^pg_' and namespace.nspname <> 'information_schema'
    -- An array's privilege is its element's, and the row type of a table gives no rows.
    and type.typcategory <> 'A' and (class.oid is null or class.relkind = 'c')
    and type.oid not in (
      select dependency.objid from pg_catalog.pg_depend as dependency
      where dependency.classid = 'pg_catalog.pg_type'::regclass and dependency.deptype = 'e')
  union all
  select 'database', null, quote_ident(database.datname), null, coalesce(database.datacl, acldefault('d', database.datdba)), database.datdba
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
  coalesce(string_agg(granted.columns, ', ' order by granted.columns), case when granted.kind in ('table', 'view') then 'all' end) as columns,
  bool_or(entry.is_grantable) as grantable
from granted
cross join aclexplode(granted.grants) as entry
left join pg_catalog.pg_roles as grantee on entry.grantee = grantee.oid
where entry.grantee <> granted.owner_oid
group by grantee.rolname, granted.kind, granted.schema, granted.object, entry.privilege_type, granted.columns is null;

comment on view audit.privileges is 'Who, besides the owner, has which privilege on what; for tables, on which columns.';

grant select on audit.privileges to task_auditor;
-- end db/functions/audit/privileges.sql

-- begin db/functions/audit/role_settings.sql
-- What a role's sessions begin with, in the part of audit.roles and audit.role_faults.

create or replace view audit.role_settings with (security_invoker = true) as
select
  setting.setrole as role_oid,
  split_part(pair, '=', 1) as name,
  substring(pair from '=(.*)') as value
from pg_catalog.pg_db_role_setting as setting
cross join unnest(setting.setconfig) as pair
left join pg_catalog.pg_database as database on setting.setdatabase = database.oid
where setting.setdatabase = 0 or database.datname = current_database();

comment on view audit.role_settings is 'The settings that each role begins a session with in this database; role 0 means all roles.';

grant select on audit.role_settings to task_auditor;
-- end db/functions/audit/role_settings.sql

-- begin db/functions/audit/roles.sql
-- Part 1 of the report (db/audit/report.sql).

create or replace view audit.roles with (security_invoker = true) as
select
  role.oid,
  role.rolname as role,
  concat_ws(
    ', ',
    case when role.rolcanlogin then 'login' else 'no login' end,
    case when role.rolsuper then 'SUPERUSER' end,
    case when role.rolbypassrls then 'BYPASSRLS' end,
    case when role.rolcreaterole then 'createrole' end,
    case when role.rolcreatedb then 'createdb' end,
    case when role.rolreplication then 'replication' end) as attributes,
  (
    select string_agg(distinct other.rolname::text, ', ')
    from pg_catalog.pg_auth_members as membership
    inner join pg_catalog.pg_roles as other on membership.roleid = other.oid
    where membership.member = role.oid) as member_of,
  (
    select string_agg(setting.name || ' = ' || setting.value, E'\n' order by setting.name)
    from audit.role_settings as setting
    where setting.role_oid = role.oid) as settings,
  shobj_description(role.oid, 'pg_authid') as about
from pg_catalog.pg_roles as role
where role.rolname !~ '^pg_';

comment on view audit.roles is 'The roles of the server: what each may, what it is a member of, and what it begins a session with.';

grant select on audit.roles to task_auditor;
-- end db/functions/audit/roles.sql

-- begin db/functions/audit/services.sql
-- The views of this room read the catalog alone, with the rights of their reader. A fault comes with what to do about it.
--
-- A superuser is a member of every role: it counts where it was made one.

create or replace view audit.services with (security_invoker = true) as
select
  service.oid,
  service.rolname as role,
  service.rolsuper as superuser
from pg_catalog.pg_roles as service
where service.rolname = 'task_api'
  or not service.rolsuper and pg_has_role(service.oid, 'task_api', 'usage')
  or exists (
    select from pg_catalog.pg_auth_members as membership
    inner join pg_catalog.pg_roles as api on membership.roleid = api.oid and api.rolname = 'task_api'
    where service.rolsuper and membership.member = service.oid);

comment on view audit.services is 'The roles that the service can connect as: task_api, and whoever inherits its rights.';

grant select on audit.services to task_auditor;
-- end db/functions/audit/services.sql

-- begin db/functions/audit/function_faults.sql
-- Part 7 of the report: functions.

create or replace view audit.function_faults with (security_invoker = true) as
-- A definer function must pin its path even where its body is bound: what that calls runs with its owner's rights as well.
select
  format('function %s has no pinned path: whoever calls it decides what the names in it mean', found.function) as fault,
  format('alter function %s set search_path = ''''', found.function) as remedy
from audit.functions as found
where not found.in_extension
  and (found.definer or found.schema in ('app', 'api', 'audit', 'finder', 'keeper', 'porter'))
  and coalesce(found.search_path, '-') not in ('""', 'pg_catalog', 'pg_catalog, pg_temp')
  and (found.definer or not found.bound)

union

select
  format('function %s runs with the rights of %I and does not say why', found.function, found.owner) as fault,
  format('comment on function %s is ''Definer, …'', or alter function %1$s security invoker', found.function) as remedy
from audit.functions as found
where not found.in_extension and found.definer and coalesce(found.about !~ '^Definer, ', true)

union

select
  format('function %s runs with the rights of %I, and is in none of the schemas for that', found.function, found.owner) as fault,
  format(
    'alter function %s security invoker, or create it in finder, keeper or porter, as their owner',
    found.function) as remedy
from audit.functions as found
where not found.in_extension and found.definer and found.schema not in ('finder', 'keeper', 'porter')

union

select
  format('function %s runs with the rights of %I, who may do more than it needs', found.function, found.owner) as fault,
  format('alter function %s owner to a role of its own, without login, that owns no table', found.function) as remedy
from audit.functions as found
inner join pg_catalog.pg_roles as owner on found.owner_oid = owner.oid
where not found.in_extension and found.definer
  and (
    owner.rolsuper or owner.rolbypassrls or owner.rolcanlogin
    or exists (select from audit.relations as owned
      where owned.owner_oid = owner.oid and owned.kind = 'table'))

union

-- What they need is in app.search_entries and app.task_counts.
select
  format(
    '%I may read %s of everybody''s tasks, which it does not need',
    owner.rolname, string_agg(attribute.attname, ', ' order by attribute.attnum)) as fault,
  format(
    'revoke select (%s) on app.tasks from %I, and select on the whole table',
    string_agg(attribute.attname, ', ' order by attribute.attnum), owner.rolname) as remedy
from pg_catalog.pg_roles as owner
cross join audit.relations as tasks
inner join pg_catalog.pg_attribute as attribute on tasks.oid = attribute.attrelid
where owner.rolname in ('task_finder', 'task_keeper', 'task_porter')
  and tasks.schema = 'app' and tasks.relation in ('tasks', 'app.tasks')
  and attribute.attnum > 0 and not attribute.attisdropped
  and has_column_privilege(owner.oid, tasks.oid, attribute.attnum, 'select')
group by owner.rolname

union

select
  format('function %s is leakproof: it may be shown rows before row-level security has taken them out', found.function) as fault,
  format('alter function %s not leakproof', found.function) as remedy
from audit.functions as found
where not found.in_extension and found.leakproof

union

select
  format('function %s is in none of the schemas that %I is for', found.function, service.role) as fault,
  format('revoke execute on function %s from %I, or from whom it has that', found.function, service.role) as remedy
from audit.functions as found
cross join audit.services as service
where not found.in_extension
  and found.schema not in ('app', 'api', 'audit', 'finder', 'keeper', 'porter')
  and has_schema_privilege(service.oid, found.schema, 'usage') and has_function_privilege(service.oid, found.oid, 'execute')
  and not service.superuser;

comment on view audit.function_faults is 'What is off with functions, and what to do about it.';

grant select on audit.function_faults to task_auditor;
-- end db/functions/audit/function_faults.sql

-- begin db/functions/audit/privilege_faults.sql
-- Part 7 of the report: privileges. What a superuser may is left out: that is one fault, of its role.

create or replace view audit.privilege_faults with (security_invoker = true) as
select
  format('public has %s on %s %s: that is everybody who can log in', found.privilege, found.kind, found.object) as fault,
  format(
    'revoke %s%s on %s %s from public', found.privilege, ' (' || nullif(found.columns, 'all') || ')',
    case when found.kind in ('view', 'materialized view', 'foreign table') then 'table' else found.kind end, found.object) as remedy
from audit.privileges as found
where found.role = 'public'

union

select
  format('%s that %s creates will be executable or usable by public', objects, creator) as fault,
  format('alter default privileges for role %s revoke %s on %s from public', creator, privilege, objects) as remedy
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
    found.creator, ' in schema ' || quote_ident(found.schema), found.privilege, found.objects, found.role) as remedy
from audit.default_privileges as found
where found.role <> found.creator
  and (
    found.role in ('public', 'task_api', 'task_auditor', 'task_finder', 'task_keeper', 'task_porter')
    or found.schema in ('app', 'api', 'audit', 'finder', 'keeper', 'porter'))

union

select
  format('%I may %s %s, which row-level security does not hold', service.role, privilege.name, found.relation) as fault,
  format('revoke %s on %s from %I', privilege.name, found.relation, service.role) as remedy
from audit.services as service
cross join audit.relations as found
cross join (values ('truncate'), ('references'), ('trigger')) as privilege (name)
where (found.schema = 'app' or found.has_user_id) and found.kind <> 'sequence'
  and case privilege.name
    when 'references' then has_any_column_privilege(service.oid, found.oid, privilege.name)
    else has_table_privilege(service.oid, found.oid, privilege.name) end
  and not service.superuser

union

select
  format('%I may %s user_id in %s itself, instead of by its default', service.role, privilege.name, found.relation) as fault,
  format('revoke %s on %s from %I, and grant it anew on the other columns', privilege.name, found.relation, service.role) as remedy
from audit.services as service
inner join audit.relations as found on found.has_user_id and found.kind in ('table', 'view')
cross join (values ('insert'), ('update')) as privilege (name)
where has_column_privilege(service.oid, found.oid, 'user_id', privilege.name)
  and not service.superuser

union

select
  format('%I may %s in %s %I', service.role, place.privilege, place.kind, place.name) as fault,
  format('revoke %s on %s %I from %I, or from whom it has that', place.privilege, place.kind, place.name, service.role) as remedy
from audit.services as service
cross join (
  select 'schema' as kind, namespace.nspname as name, 'create' as privilege
  from pg_catalog.pg_namespace as namespace
  where namespace.nspname !~ '^pg_' and namespace.nspname <> 'information_schema'
  union all
  select 'database' as kind, current_database() as name, wanted.privilege
  from (values ('create'), ('temporary')) as wanted (privilege)
) as place
where not service.superuser
  and case place.kind
    when 'schema' then has_schema_privilege(service.oid, place.name, place.privilege)
    else has_database_privilege(service.oid, place.name, place.privilege) end

union

select
  format('%s has %s on %s %s, which is not one of those that it is for', found.role, found.privilege, found.kind, found.object) as fault,
  format(
    'revoke %s on %s %s from %I', found.privilege,
    case when found.kind in ('view', 'materialized view', 'foreign table') then 'table' else found.kind end,
    found.object, found.role) as remedy
from audit.privileges as found
where found.kind in ('table', 'view', 'materialized view', 'foreign table', 'sequence', 'foreign server')
  and (
    found.role in (select service.role from audit.services as service) and coalesce(found.schema <> 'app', true)
    or found.role = 'task_auditor' and coalesce(found.schema <> 'audit', true))

union

select
  format(
    '%s large objects belong to %I: row-level security does not hold for them, and nothing of Duly makes any',
    count(*), owner.rolname) as fault,
  'find out who made them (select oid from pg_largeobject_metadata), and select lo_unlink(oid)' as remedy
from pg_catalog.pg_largeobject_metadata as large
inner join pg_catalog.pg_roles as owner on large.lomowner = owner.oid
where owner.oid in (select service.oid from audit.services as service)
group by owner.rolname;

comment on view audit.privilege_faults is 'What is off with privileges, and what to do about it.';

grant select on audit.privilege_faults to task_auditor;
-- end db/functions/audit/privilege_faults.sql

-- begin db/functions/audit/role_faults.sql
-- Part 7 of the report: roles.

create or replace view audit.role_faults with (security_invoker = true) as
select split_part(sentence, ': ', 1) as fault, substring(sentence from ': (.*)') as remedy
from audit.services as service
cross join audit.find_faults(service.role) as sentence

union

select
  format('role %I has the attribute %s', role.rolname, attribute.name) as fault,
  format('alter role %I no%s', role.rolname, attribute.name) as remedy
from pg_catalog.pg_roles as role
cross join lateral (values
  ('superuser', role.rolsuper), ('bypassrls', role.rolbypassrls), ('createrole', role.rolcreaterole),
  ('createdb', role.rolcreatedb), ('replication', role.rolreplication),
  ('login', role.rolcanlogin and role.rolname in ('task_owner', 'task_finder', 'task_keeper', 'task_porter'))
) as attribute (name, has)
where attribute.has
  and (
    role.rolname in ('task_owner', 'task_finder', 'task_keeper', 'task_porter', 'task_auditor')
    or role.oid in (select service.oid from audit.services as service) and attribute.name not in ('superuser', 'bypassrls'))

union

select
  format('role %I is a member of %I, and has or may take its rights', service.role, other.rolname) as fault,
  format('revoke %I from %I', other.rolname, service.role) as remedy
from audit.services as service
inner join pg_catalog.pg_auth_members as membership on service.oid = membership.member
inner join pg_catalog.pg_roles as other on membership.roleid = other.oid
where other.oid not in (select same.oid from audit.services as same)

union

select
  format('role %I has no %s, so that a request may hold a connection or a lock for ever', service.role, setting.name) as fault,
  format('alter role %I set %s = ''%s''', service.role, setting.name, setting.value) as remedy
from audit.services as service
cross join (values
  ('statement_timeout', '5s'), ('lock_timeout', '2s'), ('idle_in_transaction_session_timeout', '10s')
) as setting (name, value)
where not exists (
  select from audit.role_settings as found
  where found.role_oid in (0, service.oid) and found.name = setting.name and found.value !~ '^0+(ms|s|min|h|d|us)?$')

union

select
  format(
    '%s begins a session as the user %L, who nobody proved to be', coalesce('role ' || role.rolname, 'everybody'), setting.value) as fault,
  format(
    'alter %s reset app.user_id, and the same with in database, or for all roles, where it was set so',
    coalesce('role ' || quote_ident(role.rolname), 'database ' || quote_ident(current_database()))) as remedy
from audit.role_settings as setting
left join pg_catalog.pg_roles as role on setting.role_oid = role.oid
where setting.name = 'app.user_id'

union

select
  format('a session of the service is logged in as %I', activity.usename) as fault,
  'set DATABASE_URL to log in as task_api, and start the service again' as remedy
from pg_catalog.pg_stat_activity as activity
where activity.datname = current_database() and activity.application_name = 'duly'
  and activity.usesysid not in (select service.oid from audit.services as service);

comment on view audit.role_faults is 'What is off with the roles, and what to do about it.';

grant select on audit.role_faults to task_auditor;
-- end db/functions/audit/role_faults.sql

-- begin db/functions/audit/table_faults.sql
-- Part 7 of the report: tables, views and policies.

create or replace view audit.table_faults with (security_invoker = true) as
select
  format('table %s has no policy at all', found.relation) as fault,
  format('create its policies, as in db/migrations/*_policies.sql, or drop %s', found.relation) as remedy
from audit.relations as found
where found.kind = 'table' and (found.schema = 'app' or found.has_user_id)
  and not exists (select from audit.policies as policy
    where policy.relation_oid = found.oid)

union

-- Of the services' policies audit.find_faults speaks. All rows are for a role alone that nobody logs in as and that owns a
-- definer function, whose reason the report lists.
select
  format('policy %I lets %I see or write more than the user''s own rows in %s', policy.policy, role.rolname, policy.relation) as fault,
  format('drop policy %I on %s', policy.policy, policy.relation) as remedy
from audit.policies as policy
inner join pg_catalog.pg_roles as role on role.oid = any(policy.role_oids) and role.oid not in (select service.oid from audit.services as service)
inner join audit.relations as found on policy.relation_oid = found.oid and (found.schema = 'app' or found.has_user_id)
where policy.permissive
  and (policy.sees <> 'the user''s own rows' or policy.writes <> 'the user''s own rows')
  and (
    role.rolcanlogin
    or role.oid not in (
      select function.proowner from pg_catalog.pg_proc as function
      where function.prosecdef))

union

select
  format(
    'several policies let %s %s in %s: whatever one of them allows is allowed',
    coalesce(role.rolname, 'everybody'), command.name, policy.relation) as fault,
  format('keep one of %s', string_agg(policy.policy, ', ' order by policy.policy)) as remedy
from audit.policies as policy
cross join unnest(policy.role_oids) as named
left join pg_catalog.pg_roles as role on role.oid = named
cross join (values ('select'), ('insert'), ('update'), ('delete')) as command (name)
where policy.permissive and policy.command in (command.name, 'all')
group by policy.relation, role.rolname, command.name
having count(*) > 1

union

select
  format('view %s runs with the rights of its owner, and not with its reader''s', found.relation) as fault,
  format('alter view %s set (security_invoker = true)', found.relation) as remedy
from audit.relations as found
where found.kind = 'view' and not found.security_invoker
  and (
    found.schema in ('app', 'api', 'audit', 'finder', 'keeper', 'porter')
    or exists (
      select from pg_catalog.pg_rewrite as rule
      inner join pg_catalog.pg_depend as dependency
        on dependency.classid = 'pg_catalog.pg_rewrite'::regclass and rule.oid = dependency.objid
        and dependency.refclassid = 'pg_catalog.pg_class'::regclass
      inner join audit.relations as read on dependency.refobjid = read.oid and read.oid <> found.oid and (read.schema = 'app' or read.has_user_id)
      where rule.ev_class = found.oid))

union

select
  format('table %s has a rule, which runs with the rights of its owner', found.relation) as fault,
  format('drop the rules of %s; use a trigger', found.relation) as remedy
from audit.relations as found
where found.kind = 'table' and found.has_rules and (found.schema = 'app' or found.has_user_id)

union

select
  format('%s %s belongs to %I, who may log in and undo what protects it', found.kind, found.relation, found.owner) as fault,
  format('alter %s %s owner to task_owner', found.kind, found.relation) as remedy
from audit.relations as found
inner join pg_catalog.pg_roles as owner on found.owner_oid = owner.oid and (owner.rolcanlogin or owner.rolsuper or owner.rolbypassrls)
where found.schema in ('app', 'api', 'audit', 'finder', 'keeper', 'porter');

comment on view audit.table_faults is 'What is off with tables, views and policies, and what to do about it.';

grant select on audit.table_faults to task_auditor;
-- end db/functions/audit/table_faults.sql

-- begin db/functions/audit/faults.sql
-- All that is off. The audit is passed when there is no row.

create or replace view audit.faults with (security_invoker = true) as
select found.part, found.fault, found.remedy
from (
  select 'roles' as part, * from audit.role_faults
  union all
  select 'tables' as part, * from audit.table_faults
  union all
  select 'functions' as part, * from audit.function_faults
  union all
  select 'privileges' as part, * from audit.privilege_faults
) as found;

comment on view audit.faults is 'All that is off, each with what to do about it; no row where nothing is.';

grant select on audit.faults to task_auditor;
-- end db/functions/audit/faults.sql

reset role;

-- migrate:down

set local role task_owner;

-- drop db/functions/audit/faults.sql
drop view audit.faults;

-- drop db/functions/audit/table_faults.sql
drop view audit.table_faults;

-- drop db/functions/audit/role_faults.sql
drop view audit.role_faults;

-- drop db/functions/audit/privilege_faults.sql
drop view audit.privilege_faults;

-- drop db/functions/audit/function_faults.sql
drop view audit.function_faults;

-- drop db/functions/audit/services.sql
drop view audit.services;

-- drop db/functions/audit/roles.sql
drop view audit.roles;

-- drop db/functions/audit/role_settings.sql
drop view audit.role_settings;

-- drop db/functions/audit/privileges.sql
drop view audit.privileges;

-- drop db/functions/audit/relations.sql
drop view audit.relations;

-- drop db/functions/audit/policies.sql
drop view audit.policies;

-- drop db/functions/audit/functions.sql
drop view audit.functions;

-- drop db/functions/audit/find_faults.sql
drop function audit.find_faults;

-- drop db/functions/audit/describe_rows.sql
drop function audit.describe_rows;

-- drop db/functions/audit/default_privileges.sql
drop view audit.default_privileges;

reset role;
