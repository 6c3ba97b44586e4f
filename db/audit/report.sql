-- The audit: what the catalog says about who may see and do what, and how that differs from what it should
-- say. Read only, no user data.
--
--   psql "$AUDITOR_URL" -X -f db/audit/report.sql               verdict, and what is off
--   psql "$AUDITOR_URL" -X -v full=1 -f db/audit/report.sql     the tables behind it, too
--   psql "$AUDITOR_URL" -X -v json=1 -f db/audit/report.sql     all of it as JSON
--
-- as task_auditor, or as a member of it. Ends with status 3 where anything is off (1 with -c '\i …').
-- baseline.sql, spread.sql and accepted.sql, beside this file, say what should be there.

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
-- Every name is printed with its schema; and whatever the server is set to, these texts mean the same.
set local search_path = '';
set local standard_conforming_strings = on;
set local array_nulls = on;
set local transform_null_equals = off;
\ir baseline.sql
-- The rows are spread over machines: see db/citus. Citus hides shards otherwise.
set local citus.override_table_visibility = off;
select to_regnamespace('spread') is not null as spread \gset
\if :spread
\ir spread.sql
\endif
\ir accepted.sql

-- First the audit itself, without its own help: its views and functions are those of the repository.
select count(*) = 0 as itself, string_agg(entry ->> 'name', ', ') as changed
from jsonb_array_elements(current_setting('audit.baseline')::jsonb) as entry
left join pg_class as class
  on class.relnamespace = 'audit'::regnamespace and class.oid::regclass::text = entry ->> 'name'
    and entry ->> 'kind' = 'view'
left join pg_proc as routine
  on routine.pronamespace = 'audit'::regnamespace and routine.oid::regprocedure::text = entry ->> 'name'
    and entry ->> 'kind' = 'function'
cross join lateral (
  select coalesce(
    case when routine.prosqlbody is null then routine.prosrc end,
    -- As audit.digest_body does.
    regexp_replace(
      coalesce(pg_get_function_sqlbody(routine.oid), pg_get_viewdef(class.oid)),
      '::(\w+) AS \1\M', '::\1', 'g')) as text
) as body
where entry ->> 'kind' in ('view', 'function') and entry ->> 'name' like 'audit.%'
  and case
    when current_setting('server_version_num')::integer >= 160000 or entry -> 'since' is null
      then md5(body.text) is distinct from entry -> 'definition' ->> 'body'
    else body.text is null end \gset
\if :itself
\else
do $$
begin
  raise exception using message =
    'the audit itself was changed in this database, so it can''t be believed: '
    'apply db/migrations/*_audit_functions.sql again';
end $$;
\endif

-- Computed once: a setting of this transaction holds it.
select set_config('audit.found', (
  select coalesce(jsonb_agg(to_jsonb(found) order by found.place), '[]') from (
    select row_number() over () as place, review.*
    from audit.review(current_setting('audit.baseline')::jsonb,
      current_setting('audit.accepted')::jsonb) as review) as found
)::text, true) is not null as found \gset
select
  count(*) filter (where found ->> 'accepted_by' is null) = 0 as sound,
  count(*) filter (where found ->> 'accepted_by' is null) as faults
from jsonb_array_elements(current_setting('audit.found')::jsonb) as found \gset

\if :{?json}
\pset format unaligned
\pset tuples_only on
select jsonb_pretty(jsonb_build_object(
  'database', current_database(), 'postgresql', current_setting('server_version'), 'time',
    now()::timestamptz(0),
  'migration', (select max(version) from keeper.list_migrations() as version),
  'sound', :'sound'::boolean,
  'counts', (
    select jsonb_object_agg(level.name, (
      select count(*) from jsonb_array_elements(current_setting('audit.found')::jsonb) as found
      where case when level.name = 'accepted' then found ->> 'accepted_by' is not null
        else found ->> 'accepted_by' is null and found ->> 'severity' = level.name end))
    from unnest(array['critical', 'high', 'medium', 'low', 'accepted']) as level (name)),
  'findings', current_setting('audit.found')::jsonb,
  'roles', (
    select jsonb_agg(jsonb_build_object(
      'role', role.role, 'attributes', role.attributes, 'member_of', role.member_of, 'about', role.about,
      'past_row_level_security', strong.rolsuper or strong.rolbypassrls) order by role.role)
    from audit.roles as role
    join pg_roles as strong on strong.oid = role.oid
    where role.role ~ '^task_(owner|finder|keeper|porter|auditor|api|worker)$' or strong.rolsuper
      or strong.rolbypassrls
      or role.oid in (select oid from audit.services)
      or exists (
        select from pg_roles as other
        where other.rolname ~ '^task_(owner|finder|keeper|porter)$'
          and pg_has_role(role.oid, other.oid, 'member'))),
  'privileges', (
    select jsonb_agg(jsonb_build_object(
      'role', granted.role, 'kind', granted.kind, 'object', granted.object, 'privilege', granted.privilege,
        'columns', granted.columns)
      order by granted.role, granted.object, granted.privilege)
    from audit.privileges as granted
    where granted.kind in ('table', 'view', 'schema')
      and granted.schema in ('app', 'api', 'finder', 'keeper', 'porter')),
  'definer_functions', (
    select jsonb_agg(jsonb_build_object('function', found.function, 'owner', found.owner, 'reason',
      found.about) order by found.function)
    from audit.functions as found where found.definer)
));
\pset tuples_only off
\else
\echo DULY: WHO MAY SEE AND DO WHAT
select
  current_database() as database, current_setting('server_version') as postgresql,
    now()::timestamptz(0) as time,
  (select max(version) from keeper.list_migrations() as version) as migration;

\echo THE VERDICT
\echo
\if :sound
\echo Nothing is off. Every rule holds, and all is as in db/audit/baseline.sql, or accepted.
\else
\echo 'Not passed. What is off, by severity:'
\endif
select
  count(*) filter (where found ->> 'severity' = 'critical' and found ->> 'accepted_by' is null) as critical,
  count(*) filter (where found ->> 'severity' = 'high' and found ->> 'accepted_by' is null) as high,
  count(*) filter (where found ->> 'severity' = 'medium' and found ->> 'accepted_by' is null) as medium,
  count(*) filter (where found ->> 'severity' = 'low' and found ->> 'accepted_by' is null) as low,
  count(*) filter (where found ->> 'accepted_by' is not null) as accepted
from jsonb_array_elements(current_setting('audit.found')::jsonb) as found;
\if :sound
\else
\echo 'critical: a user may reach rows of others, or somebody may undo what prevents it.'
\echo 'high: functions are not, or may do more than, what was tested.'
\echo 'medium: a rule, a limit or a needed privilege. low: the rest.'
\echo
\endif
\echo WHAT IS OFF
\echo
select jsonb_array_length(current_setting('audit.found')::jsonb) = 0 as nothing \gset
\if :nothing
\echo '  Nothing.'
\endif
\pset format unaligned
\pset tuples_only on
\pset recordsep '\n\n'
select format(
  E'  [%s] %s\n      To do: %s\n      Id: %s', case when found.accepted_by is null then found.severity
    else format('accepted by %s: %s', found.accepted_by, found.accepted_because) end,
  found.fault, found.remedy || case when found.remedy ~ '^by hand: ' then '' else ';' end, found.id)
from jsonb_to_recordset(current_setting('audit.found')::jsonb)
  as found (place bigint, id text, severity text, fault text, remedy text, accepted_by text,
    accepted_because text)
order by found.place;
\pset recordsep '\n'
\pset tuples_only off
\pset format aligned
\echo
\if :{?full}
\echo 1. ROLES
\echo
\echo The roles of Duly, and every role that the service can connect as.
select role.role, role.attributes, role.member_of as "member of", role.settings,
  rtrim(regexp_replace(role.about, :fold), e'\n') as about
from audit.roles as role
where role.role ~ '^task_(owner|finder|keeper|porter|auditor|api|worker)$'
  or role.oid in (select oid from audit.services)
order by role.role;

\echo Who can look past row-level security, or become somebody who can: people whom you trust with all tasks.
select
  role.role, role.attributes,
  coalesce(
    'may become ' || (
      select string_agg(other.rolname, ', ' order by other.rolname)
      from pg_roles as other
      where other.rolname in ('task_owner', 'task_finder', 'task_keeper', 'task_porter')
        and not superuser.rolsuper
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
\echo 'forced: row-level security holds for the owner too. A view must run with its reader''s rights.'
select
  relation.relation, relation.kind, relation.owner, relation.row_level_security as "row-level security",
  case when relation.security_invoker then 'reader''s' when not relation.security_invoker then 'OWNER''S'
    end as "rights",
  rtrim(regexp_replace(obj_description(relation.oid, 'pg_class'), :fold), e'\n') as about
from audit.relations as relation
where not relation.in_extension
order by relation.schema <> 'app', relation.schema, relation.kind, relation.relation;

\echo 3. POLICIES
\echo
\echo 'the user''s own rows: user_id is app.user_id(), the setting of that name; none if it is not set.'
\echo What no policy allows is refused.
select
  policy.relation as table, policy.roles as role, policy.command, policy.sees as "may see",
    policy.writes as "may write",
  policy.policy || case when policy.permissive then '' else ' (restrictive)' end as policy
from audit.policies as policy
order by policy.relation, policy.roles, policy.command;

\echo 4. PRIVILEGES
\echo
\echo On tables and views, by column. The owner has all, under forced row-level security.
select granted.object, granted.role, granted.privilege || case when granted.grantable
  then ' (and may grant it)' else '' end as privilege,
  rtrim(regexp_replace(granted.columns, :fold), e'\n') as columns
from audit.privileges as granted
where granted.columns is not null and granted.schema <> 'audit'
order by granted.object, granted.role, granted.privilege;

\echo On all else.
select granted.kind, granted.object, granted.role,
  string_agg(granted.privilege, ', ' order by granted.privilege) as privileges
from audit.privileges as granted
where granted.columns is null and granted.kind <> 'function'
group by granted.kind, granted.object, granted.role
order by granted.kind, granted.object, granted.role;

\echo What new objects will be granted when their creator makes them.
select defaults.creator, coalesce(defaults.schema, 'every schema') as "in", defaults.objects, defaults.role,
  defaults.privilege
from audit.default_privileges as defaults
order by defaults.creator, defaults.schema nulls first, defaults.objects, defaults.role;

\echo 5. FUNCTIONS
\echo
\echo 'Those that run with their owner''s rights (security definer), each with its reason.'
select
  replace(found.function, ',', e',\n  ') as function, found.owner,
    coalesce('search_path = ' || found.search_path, 'NONE') as "pinned path",
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
  case when found.search_path is not null then 'search_path = ' || found.search_path when found.bound
    then 'bound when it was made' else 'NOTHING' end
    as "pinned path",
  count(*) as functions, count(*) filter (where found.definer) as "with their owner's rights",
  case when found.search_path is null then
    rtrim(regexp_replace(string_agg(split_part(found.function, '(', 1), ', ' order by found.function), :fold),
      e'\n') end as names
from audit.functions as found
where not found.in_extension
group by 1, found.search_path is null
order by count(*) desc;

\echo Whom the others are for. All run with the rights of whoever calls them, but for those above.
select
  granted.schema, granted.role, count(*) as functions,
  rtrim(
    regexp_replace(string_agg(split_part(split_part(granted.object, '.', 2), '(', 1), ', '
      order by granted.object), :fold), e'\n') as names
from audit.privileges as granted
where granted.kind = 'function' and granted.schema <> 'api'
group by granted.schema, granted.role
order by granted.schema, granted.role;

\echo 'Extensions. Their functions are executable by public, and hold no data. Without usage of the schema'
\echo 'public (part 4) nobody can look them up, so nobody can call them. They belong to the superuser: only a'
\echo 'superuser could revoke more.'
select extension.extname as extension, namespace.nspname as schema, count(found.oid) as functions
from pg_extension as extension
join pg_namespace as namespace on namespace.oid = extension.extnamespace
left join pg_depend as member
  on member.refclassid = 'pg_catalog.pg_extension'::regclass and member.refobjid = extension.oid
    and member.deptype = 'e'
  and member.classid = 'pg_catalog.pg_proc'::regclass
left join audit.functions as found on found.oid = member.objid
group by extension.extname, namespace.nspname
order by extension.extname;

\echo 6. WHAT POSTGRESQL GIVES TO EVERYBODY
\echo
\echo 'Executable by public in pg_catalog, so by task_api too. None of it shows a row of app; none of it is'
\echo 'under row-level security. The service needs advisory locks. A superuser can take the others away, in'
\echo 'each database.'
\echo NOTIFY needs no privilege and can not be taken away.
select
  part.subject, part.what,
  case when bool_or(has_function_privilege('task_api', function.oid, 'execute')) then 'yes'
    else 'revoked' end as "task_api may",
  rtrim(regexp_replace(
    format(
      'revoke execute on function %s from public',
      string_agg(function.oid::regprocedure::text, ', ' order by 1)),
    :fold), e'\n') as "to take it away"
from (values
  (2, 'large objects', 'make and change them',
    '^(lo_(creat|create|from_bytea|open|put|truncate|truncate64|unlink)|lowrite)$'),
  (4, 'sessions', 'end others of its own role', '^pg_(terminate|cancel)_backend$'),
  (5, 'the log of changes', 'write messages into it', '^pg_logical_emit_message$')
) as part (place, subject, what, functions)
join pg_proc as function
  on function.proname ~ part.functions and function.pronamespace = 'pg_catalog'::regnamespace
group by part.place, part.subject, part.what
order by part.place;

\else
\echo 'The tables behind this: -v full=1. What an operator meant: make audit-accept.'
\endif
\endif

\if :sound
rollback;
\else
do $$
begin
  raise exception 'the audit is not passed. Faults: %. Each says what to do', (
    select count(*) from jsonb_array_elements(current_setting('audit.found')::jsonb) as entry
    where entry ->> 'accepted_by' is null);
end $$;
\endif
