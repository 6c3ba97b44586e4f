-- The audit: what the catalog says about who may see and do what, and whether it is as it should be. Read only, no user data.
--
--   psql "$DATABASE_URL" -X -c '\i db/audit/report.sql'
--
-- as task_auditor, or as anybody who is a member of it. Ends with status 1 where anything is off (3 with psql -f).

\set ON_ERROR_STOP on
\set QUIET on
\set VERBOSITY terse
\pset pager off
\pset footer off
\pset format aligned
\pset border 1
\pset linestyle ascii
\pset null ''
\pset title
-- Long texts are folded at a blank: regexp_replace(…, :fold).
\set fold '''(.{1,84})( +|$)'', e''\\\\1\\n'', ''g'''

begin transaction read only;
set local role task_auditor;
-- Every name is printed with its schema.
set local search_path = '';

\echo DULY: WHO MAY SEE AND DO WHAT
select
  current_database() as database, current_setting('server_version') as postgresql, now()::timestamptz(0) as time,
  (select max(version) from keeper.list_migrations() as version) as migration;

\echo 1. ROLES
\echo
\echo The roles of Duly, and every role that the service can connect as.
select role.role, role.attributes, role.member_of as "member of", role.settings, rtrim(regexp_replace(role.about, :fold), e'\n') as about
from audit.roles as role
where role.role in ('task_owner', 'task_finder', 'task_keeper', 'task_porter', 'task_auditor', 'task_api')
  or role.oid in (select oid from audit.services)
order by role.role;

\echo Who can look past row-level security, or become somebody who can. These must be people whom you trust with all tasks.
select
  role.role, role.attributes,
  coalesce(
    'may become ' || (
      select string_agg(other.rolname, ', ' order by other.rolname)
      from pg_roles as other
      where other.rolname in ('task_owner', 'task_finder', 'task_keeper', 'task_porter') and not superuser.rolsuper
        and pg_has_role(role.oid, other.oid, 'member')),
    'no policy holds for it') as because
from audit.roles as role
join pg_roles as superuser on superuser.oid = role.oid
where role.role not in ('task_owner', 'task_finder', 'task_keeper', 'task_porter')
  and (
    superuser.rolsuper or superuser.rolbypassrls
    or exists (
      select from pg_roles as other
      where other.rolname in ('task_owner', 'task_finder', 'task_keeper', 'task_porter')
        and pg_has_role(role.oid, other.oid, 'member')))
order by role.role;

\echo 2. TABLES AND VIEWS
\echo
\echo 'forced: row-level security holds for the owner too. A view must run with the rights of whoever reads it.'
select
  relation.relation, relation.kind, relation.owner, relation.row_level_security as "row-level security",
  case when relation.security_invoker then 'reader''s' when not relation.security_invoker then 'OWNER''S' end as "rights",
  rtrim(regexp_replace(obj_description(relation.oid, 'pg_class'), :fold), e'\n') as about
from audit.relations as relation
where not relation.in_extension
order by relation.schema <> 'app', relation.schema, relation.kind, relation.relation;

\echo 3. POLICIES
\echo
\echo 'the user''s own rows: those whose user_id is app.user_id(), that is the setting app.user_id; none where it is not set.'
\echo What no policy allows is refused.
select
  policy.relation as table, policy.roles as role, policy.command, policy.sees as "may see", policy.writes as "may write",
  policy.policy || case when policy.permissive then '' else ' (restrictive)' end as policy
from audit.policies as policy
order by policy.relation, policy.roles, policy.command;

\echo 4. PRIVILEGES
\echo
\echo On tables and views, by column. The owner has all, under forced row-level security.
select granted.object, granted.role, granted.privilege || case when granted.grantable then ' (and may grant it)' else '' end as privilege,
  rtrim(regexp_replace(granted.columns, :fold), e'\n') as columns
from audit.privileges as granted
where granted.columns is not null and granted.schema <> 'audit'
order by granted.object, granted.role, granted.privilege;

\echo On all else.
select granted.kind, granted.object, granted.role, string_agg(granted.privilege, ', ' order by granted.privilege) as privileges
from audit.privileges as granted
where granted.columns is null and granted.kind <> 'function'
group by granted.kind, granted.object, granted.role
order by granted.kind, granted.object, granted.role;

\echo What new objects will be granted when their creator makes them.
select defaults.creator, coalesce(defaults.schema, 'every schema') as "in", defaults.objects, defaults.role, defaults.privilege
from audit.default_privileges as defaults
order by defaults.creator, defaults.schema nulls first, defaults.objects, defaults.role;

\echo 5. FUNCTIONS
\echo
\echo 'Those that run with their owner''s rights (security definer), each with its reason.'
select
  replace(found.function, ',', e',\n  ') as function, found.owner, coalesce('search_path = ' || found.search_path, 'NONE') as "pinned path",
  rtrim(regexp_replace(found.about, :fold), e'\n') as reason
from audit.functions as found
where found.definer
order by found.function;

\echo Those that the service calls.
select found.function, rtrim(regexp_replace(found.about, :fold), e'\n') as about
from audit.functions as found
where found.schema = 'api'
order by found.function;

\echo What holds the names in a function to their meaning, whoever calls it.
select
  case when found.search_path is not null then 'search_path = ' || found.search_path when found.bound then 'bound when it was made' else 'NOTHING' end
    as "pinned path",
  count(*) as functions, count(*) filter (where found.definer) as "with their owner's rights",
  case when found.search_path is null then
    rtrim(regexp_replace(string_agg(split_part(found.function, '(', 1), ', ' order by found.function), :fold), e'\n') end as names
from audit.functions as found
where not found.in_extension
group by 1, found.search_path is null
order by count(*) desc;

\echo Whom the others are for. All run with the rights of whoever calls them, but for those above.
select
  granted.schema, granted.role, count(*) as functions,
  rtrim(
    regexp_replace(string_agg(split_part(split_part(granted.object, '.', 2), '(', 1), ', ' order by granted.object), :fold), e'\n') as names
from audit.privileges as granted
where granted.kind = 'function' and granted.schema <> 'api'
group by granted.schema, granted.role
order by granted.schema, granted.role;

\echo 'Extensions. Their functions are executable by public, and hold no data. In the schema public nobody finds them who has no'
\echo 'usage of it (part 4): what can''t be looked up can''t be called. They belong to the superuser, who alone could revoke more.'
select extension.extname as extension, namespace.nspname as schema, count(found.oid) as functions
from pg_extension as extension
join pg_namespace as namespace on namespace.oid = extension.extnamespace
left join pg_depend as member
  on member.refclassid = 'pg_catalog.pg_extension'::regclass and member.refobjid = extension.oid and member.deptype = 'e'
  and member.classid = 'pg_catalog.pg_proc'::regclass
left join audit.functions as found on found.oid = member.objid
group by extension.extname, namespace.nspname
order by extension.extname;

\echo 6. WHAT POSTGRESQL GIVES TO EVERYBODY
\echo
\echo Executable by public in pg_catalog, so by task_api too. None of it shows a row of app, but none of it is under row-level
\echo security either. Of these the service uses advisory locks alone. A superuser can take them away, in each database:
select
  part.subject, part.what,
  case when has_function_privilege('task_api', function.oid, 'execute') then 'yes' else 'revoked' end as "task_api may",
  format('revoke execute on function %s from public', function.oid::regprocedure) as "to take it away"
from (values
  (1, 'advisory locks', 'hold a lock by number', 'pg_advisory_lock'),
  (2, 'large objects', 'make one', 'lo_creat'),
  (2, 'large objects', 'make one', 'lo_create'),
  (2, 'large objects', 'make one, and write to it', 'lo_from_bytea'),
  (3, 'notifications', 'tell whoever listens', 'pg_notify'),
  (4, 'sessions', 'end others of its own role', 'pg_terminate_backend'),
  (5, 'the log of changes', 'write messages into it', 'pg_logical_emit_message')
) as part (place, subject, what, function)
join pg_proc as function on function.proname = part.function and function.pronamespace = 'pg_catalog'::regnamespace
order by part.place, part.function, function.oid::regprocedure::text;

\echo 7. WHAT IS OFF
\echo
select count(*) as faults, count(*) = 0 as sound from audit.faults \gset
\if :sound
\echo Nothing. Every rule above is as it should be.
rollback;
\else
\pset format unaligned
\pset tuples_only on
\pset recordsep '\n\n'
select format(E'  [%s] %s\n      To do: %s', part, fault, remedy) from audit.faults order by part, fault;
\pset recordsep '\n'
\pset tuples_only off
do $$
begin
  raise exception 'the audit is not passed. Faults: %. Each says what to do', (select count(*) from audit.faults);
end $$;
\endif
