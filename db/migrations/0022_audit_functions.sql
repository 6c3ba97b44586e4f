-- migrate:up

-- A copy of db/functions/audit, written by make functions: change it there.

set local role task_owner;

-- begin db/functions/audit/compare.sql
-- The caller hands over the baseline of db/audit/baseline.sql. Of an entry: "releases" are the releases of
-- PostgreSQL that have the object, "since" the first with an attribute; an "optional" one may be missing.

create or replace function audit.compare(baseline jsonb)
returns table (id text, severity text, kind text, name text, fault text, remedy text)
language plpgsql stable
set search_path = ''
as $$
declare
  c_release constant integer := current_setting('server_version_num')::integer / 10000;
  v_owner constant oid := audit.find_owner();
  -- Where the first superuser owns the database, as in a container, both are called by the one name.
  v_first constant text := case when v_owner = 10 then 'the first superuser' else '' end;
begin
  return query
  with expected as (
    select
      entry ->> 'kind' as kind, entry ->> 'name' as name,
      coalesce((entry ->> 'optional')::boolean, false) as optional,
      replace((entry -> 'definition')::text, v_first, 'the database''s owner')::jsonb - array(
        select attribute.key from jsonb_each_text(entry -> 'since') as attribute
        where attribute.value::integer > c_release
      ) as definition
    from jsonb_array_elements(baseline) as entry
    where entry -> 'releases' is null or entry -> 'releases' @> to_jsonb(c_release)
  ),

  present as materialized (
    select object.kind, object.name, object.definition from audit.objects as object
  ),

  differing as (
    select
      coalesce(expected.kind, present.kind) as kind,
      coalesce(expected.name, present.name) as name,
      case
        when expected.kind is null then 'added'
        when present.kind is null then 'missing'
        else 'changed'
      end as change,
      expected.definition as expected, present.definition as actual
    from expected
    full join present on expected.kind = present.kind and expected.name = present.name
    where expected.kind is null
      or present.kind is null and not expected.optional
      or present.definition <> expected.definition
  ),

  -- Of a table that was added, the columns say nothing more; nor what belongs to an object that is missing,
  -- or the index of a constraint.
  whole as (
    select differing.change, differing.kind, differing.name from differing
    where differing.change <> 'changed'
  ),

  -- Where one of PostgreSQL's own functions was replaced, no remedy of anything else can be believed. "~"
  -- depends on none of those that are looked at.
  broken as (
    select from differing
    where differing.kind ~ '^built-in functions$'
      or differing.kind ~ '^function$' and differing.name !~ '\.' and differing.change ~ '^changed$'
  )

  select
    format(
      '%s-%s:%s', replace(found.kind, ' ', '-'), found.change,
      left(md5(concat_ws(' ', found.name, found.actual)), 8)),
    audit.rate(found.change, found.kind, found.name, found.expected, found.actual),
    found.kind, found.name,
    audit.describe_difference(found.change, found.kind, found.name, found.expected, found.actual),
    case
      when exists (select from broken)
        and (found.kind !~ '^(built-in functions|function)$' or found.name ~ '\.')
        then 'by hand: first mend the functions of PostgreSQL that differ'
      else regexp_replace(
        replace(
          replace(
            audit.suggest_remedy(found.change, found.kind, found.name, found.expected, found.actual),
            'the first superuser', quote_ident(pg_get_userbyid(10))),
          'the database''s owner',
          coalesce(quote_ident(pg_get_userbyid(v_owner)), 'the role that migrates')),
        '^(?!by hand: )(?=.*the role that migrates)', 'by hand: ')
    end
  from differing as found
  where not exists (
    select from whole
    where whole.change = found.change and case
      when found.kind = 'column'
        then whole.kind in ('table', 'foreign table', 'composite type')
          and starts_with(found.name, format('%s.', whole.name))
      when found.kind = 'index'
        then whole.kind = 'constraint'
          and split_part(whole.name, ' on ', 1) = regexp_replace(found.name, '^.*\.', '')
          or strpos(found.expected ->> 'definition', format(' ON %s USING ', whole.name)) > 0
      else found.change = 'missing' and whole.kind <> found.kind
        and strpos(format('%s for ', found.name), format(' %s for ', whole.name)) > 0
    end);
end $$;

comment on function audit.compare is
  'Each difference between audit.objects and the baseline: its severity, a sentence, and its remedy.';

grant execute on function audit.compare to task_auditor;
-- end db/functions/audit/compare.sql

-- begin db/functions/audit/default_privileges.sql
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
-- end db/functions/audit/default_privileges.sql

-- begin db/functions/audit/describe_rows.sql
-- The pinned path makes PostgreSQL print every name in the expression with its schema, so that it can be
-- compared. The last form is that of db/citus: Citus takes no sub-select in a policy.

create or replace function audit.describe_rows(expression pg_node_tree, relation oid) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  c_own constant text[] := array[
    '(user_id = ( SELECT app.user_id() AS user_id))', '(user_id = app.user_id())',
    '(user_id = app.present_user())'];
  v_text constant text := pg_get_expr(expression, relation);
begin
  return case
    when v_text = any(c_own) then 'the user''s own rows'
    when v_text = 'true' then 'all rows'
    else 'rows where ' || v_text
  end;
end $$;

comment on function audit.describe_rows is
  'In words, the rows of the table that an expression of a policy lets through.';

grant execute on function audit.describe_rows to task_api, task_auditor;
-- end db/functions/audit/describe_rows.sql

-- begin db/functions/audit/digest_body.sql
-- A constant in a union is printed a little otherwise after a restore ('x'::text as text).

create or replace function audit.digest_body(body text) returns text
language sql immutable
return md5(regexp_replace(digest_body.body, '::(\w+) AS \1\M', '::\1', 'g'));

comment on function audit.digest_body is 'A digest of printed SQL that is the same after a restore.';

grant execute on function audit.digest_body to task_auditor;
-- end db/functions/audit/digest_body.sql

-- begin db/functions/audit/digest_words.sql
-- PostgreSQL 15 prints more names of tables before columns than later releases do. These names, brackets and
-- white space are left out.

create or replace function audit.digest_words(body text) returns text
language sql immutable
return md5(regexp_replace(
  regexp_replace(
    regexp_replace(digest_words.body, '::(\w+) AS \1\M', '::\1', 'g'),
    '\m(?!(?:app|api|audit|finder|keeper|porter|pg_catalog)\.)[a-z_0-9]+\.(?=[a-z_"])', '', 'g'),
  '[\s()]+', '', 'g'));

comment on function audit.digest_words is
  'A digest of printed SQL that is the same on every release of PostgreSQL.';

grant execute on function audit.digest_words to task_api, task_auditor;
-- end db/functions/audit/digest_words.sql

-- begin db/functions/audit/find_function_faults.sql
-- Readiness compares, of each function: owner, volatility, security, leakproof, settings and body. The
-- service hands over the expected ones, from db/audit/baseline.sql. Those of PostgreSQL come without an
-- owner: the first superuser has another name on each server.
--
-- after_later: a later release has migrated this database, while this service still serves, as in a rolling
-- upgrade. Functions of Duly then have that release's texts, and may have more parameters. All else is
-- compared, and so is the text of what the policies call: no release changes that while services run.

create or replace function audit.find_function_faults(
  expected jsonb,
  role name,
  after_later boolean default false
) returns setof text
language sql stable
set search_path = ''
as $$
  select case
    when routine.oid is null
      then format('function %s is missing: run duly migrate (make migrate)', wanted.name)
    when wanted.definition <> present.definition then format(
      'function %s is not as it was made (%s): %s', wanted.name, (
        select string_agg(attribute.key, ', ' order by attribute.key)
        from jsonb_object_keys(wanted.definition || present.definition) as attribute (key)
        where present.definition -> attribute.key is distinct from wanted.definition -> attribute.key),
      case when wanted.definition ? 'owner' then 'apply the file of db/functions that makes it'
        else 'make audit says what to do' end)
    else format(
      '%1$I may not execute function %2$s: grant execute on function %2$s to task_api', role, wanted.name)
    end
  from (
    select
      entry.key as name,
      case
        when later.text then nullif(entry.value, 'null') - array['body', 'words']
        else nullif(entry.value, 'null') end as definition,
      later.text as has_later_text,
      case
        when later.text then to_regproc(split_part(entry.key, '(', 1))::oid
        else to_regprocedure(entry.key)::oid end as oid
    from jsonb_each(expected) as entry
    cross join lateral (
      select after_later
        and entry.key ~ '^(app|api|audit|finder|keeper|porter)\.'
        and entry.key !~ '^app\.(user_id|require_user_id|present_user)\(' as text
    ) as later
  ) as wanted
  left join pg_catalog.pg_proc as routine on wanted.oid = routine.oid
  cross join lateral (
    select jsonb_strip_nulls(jsonb_build_object(
      'owner', case when wanted.definition ? 'owner' then pg_get_userbyid(routine.proowner) end,
      'volatility', case routine.provolatile
        when 'i' then 'immutable'
        when 's' then 'stable'
        else 'volatile'
      end,
      'security', case when routine.prosecdef then 'definer' else 'invoker' end,
      'leakproof', routine.proleakproof,
      'settings', routine.proconfig,
      'body', case when routine.prosqlbody is null and not wanted.has_later_text
        then md5(routine.prosrc || coalesce(routine.probin, '')) end,
      'words', case when routine.prosqlbody is not null and not wanted.has_later_text
        then audit.digest_words(pg_get_function_sqlbody(routine.oid)) end
    )) as definition
  ) as present
  where routine.oid is null and (not wanted.has_later_text or wanted.name ~ '^api\.')
    or wanted.definition <> present.definition
    or wanted.name ~ '^api\.' and not has_function_privilege(role, routine.oid, 'execute')
$$;

comment on function audit.find_function_faults is
  'Which of these functions is missing, differs, or may not be executed by the role: a sentence for each.';

grant execute on function audit.find_function_faults to task_api, task_auditor;
-- end db/functions/audit/find_function_faults.sql

-- begin db/functions/audit/find_owner.sql
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
-- end db/functions/audit/find_owner.sql

-- begin db/functions/audit/find_role_faults.sql
-- Policies do not apply to superusers, to roles with BYPASSRLS, and to roles that may become one of these.

create or replace function audit.find_role_faults(role name) returns setof text
language sql stable
set search_path = ''
as $$
  select format('role %I is not there: run duly migrate (make migrate)', find_role_faults.role)
  where not exists (
    select from pg_catalog.pg_roles as reader
    where reader.rolname = find_role_faults.role)

  union all

  select format(
    'role %I is a superuser, and no policy applies to it: connect as task_api, and see that it is none',
    reader.rolname)
  from pg_catalog.pg_roles as reader
  where reader.rolname = find_role_faults.role and reader.rolsuper

  union all

  select format('role %I has BYPASSRLS: alter role %1$I nobypassrls', reader.rolname)
  from pg_catalog.pg_roles as reader
  where reader.rolname = find_role_faults.role and reader.rolbypassrls

  union all

  select format(
    'role %I may become %I, and no policy applies to that: revoke %2$I from %1$I',
    reader.rolname, other.rolname)
  from pg_catalog.pg_roles as reader
  inner join pg_catalog.pg_roles as other
    on other.oid <> reader.oid and (other.rolsuper or other.rolbypassrls)
  where reader.rolname = find_role_faults.role and not reader.rolsuper
    and pg_has_role(reader.oid, other.oid, 'member')
$$;

comment on function audit.find_role_faults is
  'Why no policy would apply to the role: a sentence for each fault, with its remedy.';

grant execute on function audit.find_role_faults to task_api, task_auditor;
-- end db/functions/audit/find_role_faults.sql

-- begin db/functions/audit/find_setting_faults.sql
-- The service brings settings of its own with each connection. Behind a pooler those of the role hold; the
-- timeouts and session_replication_role are always those of the server, the database or the role. A frozen
-- database (default_transaction_read_only) and a standby serve reads only: there the service is not ready.

create or replace function audit.find_setting_faults() returns setof text
language sql stable
set search_path = ''
as $$
  select format('%s is %L: it must be %s', wanted.name, current_setting(wanted.name), wanted.value)
  from (values
    ('row_security', '^on$', 'on'),
    ('session_replication_role', '^origin$', 'origin'),
    ('DateStyle', '^ISO', 'ISO'),
    ('TimeZone', '^(UTC|Etc/UTC)$', 'UTC'),
    ('IntervalStyle', '^postgres$', 'postgres'),
    ('default_transaction_read_only', '^off$', 'off'),
    ('transform_null_equals', '^off$', 'off')
  ) as wanted (name, form, value)
  where current_setting(wanted.name) !~ wanted.form

  union all

  select format(
    '%1$s is %2$s: alter role %3$I set %1$s = %4$L, at most %5$s s', bound.name, current_setting(bound.name),
    current_user, bound.usual, bound.most)
  from (values
    ('statement_timeout', '5s', 60),
    ('lock_timeout', '2s', 60),
    ('idle_in_transaction_session_timeout', '10s', 300)
  ) as bound (name, usual, most)
  where current_setting(bound.name)::interval not between interval '1 millisecond'
    and bound.most * interval '1 second'

  union all

  select 'the server is a standby, where nothing can be written: connect to the primary'
  where pg_is_in_recovery()
$$;

comment on function audit.find_setting_faults is
  'The settings of this session that would change answers or let a request last for ever, in sentences.';

grant execute on function audit.find_setting_faults to task_api, task_auditor;
-- end db/functions/audit/find_setting_faults.sql

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
  case function.provolatile
    when 'i' then 'immutable'
    when 's' then 'stable'
    else 'volatile'
  end as volatility,
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
  function.proacl as acl,
  case function.prokind
    when 'p' then 'procedure'
    when 'a' then 'aggregate'
    else 'function'
  end as sort
from pg_catalog.pg_proc as function
inner join pg_catalog.pg_namespace as namespace on function.pronamespace = namespace.oid
inner join pg_catalog.pg_roles as owner on function.proowner = owner.oid
where namespace.nspname !~ '^pg_' and namespace.nspname <> 'information_schema';

comment on view audit.functions is 'Every function outside of PostgreSQL''s own schemas.';

grant select on audit.functions to task_auditor;
-- end db/functions/audit/functions.sql

-- begin db/functions/audit/is_in_extension.sql
-- What an extension brings is listed with the extension: audit.server_objects.

create or replace function audit.is_in_extension(catalog oid, object oid) returns boolean
language sql stable
return (catalog, object) in (
  select member.classid, member.objid from pg_catalog.pg_depend as member
  where member.deptype = 'e');

comment on function audit.is_in_extension is
  'Whether an object, by the catalog that lists it and its number, is a member of an extension.';

grant execute on function audit.is_in_extension to task_auditor;
-- end db/functions/audit/is_in_extension.sql

-- begin db/functions/audit/is_watched.sql
-- The audit lists the objects of every schema but PostgreSQL's own.

create or replace function audit.is_watched(schema oid) returns boolean
language sql stable
return is_watched.schema not in (
  select namespace.oid from pg_catalog.pg_namespace as namespace
  where namespace.nspname in ('pg_catalog', 'information_schema', 'pg_toast')
    or namespace.nspname ~ '^pg_(temp|toast_temp)_');

comment on function audit.is_watched is
  'Whether the audit lists what is in a schema: all but PostgreSQL''s own.';

grant execute on function audit.is_watched to task_auditor;
-- end db/functions/audit/is_watched.sql

-- begin db/functions/audit/kinds.sql
-- How dangerous it is that an object of a kind has been added, differs, or is missing. Special cases are in
-- audit.rate.

create or replace view audit.kinds with (security_invoker = true) as
select kinds.kind, kinds.added, kinds.changed, kinds.missing
from (values
  ('role', 'critical', 'critical', 'high'),
  ('membership', 'critical', 'critical', 'medium'),
  ('setting', 'high', 'high', 'medium'),
  ('parameter privilege', 'critical', 'critical', 'medium'),
  ('default privilege', 'high', 'high', 'medium'),
  ('schema', 'high', 'critical', 'high'),
  ('table', 'high', 'critical', 'high'),
  ('view', 'high', 'critical', 'high'),
  ('materialized view', 'critical', 'critical', 'high'),
  ('foreign table', 'critical', 'critical', 'high'),
  ('sequence', 'low', 'high', 'medium'),
  ('composite type', 'low', 'high', 'high'),
  ('column', 'high', 'high', 'high'),
  ('constraint', 'medium', 'high', 'high'),
  ('index', 'low', 'medium', 'medium'),
  ('policy', 'critical', 'critical', 'high'),
  ('trigger', 'critical', 'critical', 'high'),
  ('rule', 'critical', 'critical', 'high'),
  ('statistics', 'low', 'low', 'low'),
  ('function', 'high', 'high', 'high'),
  ('built-in functions', 'critical', 'critical', 'high'),
  ('type', 'low', 'high', 'high'),
  ('domain', 'low', 'high', 'high'),
  ('cast', 'critical', 'critical', 'medium'),
  ('operator', 'high', 'high', 'medium'),
  ('operator class', 'high', 'high', 'medium'),
  ('operator family', 'medium', 'high', 'medium'),
  ('text search configuration', 'medium', 'high', 'high'),
  ('text search dictionary', 'medium', 'high', 'high'),
  ('text search parser', 'medium', 'high', 'high'),
  ('text search template', 'medium', 'high', 'high'),
  ('collation', 'low', 'medium', 'medium'),
  ('conversion', 'high', 'high', 'medium'),
  ('access method', 'high', 'high', 'medium'),
  ('transform', 'high', 'high', 'medium'),
  ('privilege', 'critical', 'critical', 'medium'),
  ('database', 'high', 'high', 'high'),
  ('extension', 'high', 'high', 'high'),
  ('language', 'critical', 'critical', 'medium'),
  ('event trigger', 'critical', 'critical', 'medium'),
  ('publication', 'critical', 'critical', 'medium'),
  ('subscription', 'critical', 'critical', 'medium'),
  ('replication slot', 'critical', 'critical', 'medium'),
  ('foreign data wrapper', 'high', 'high', 'medium'),
  ('foreign server', 'critical', 'critical', 'medium'),
  ('user mapping', 'critical', 'critical', 'medium'),
  ('large objects', 'medium', 'medium', 'medium'),
  ('security label', 'medium', 'medium', 'medium'),
  ('server setting', 'high', 'high', 'medium')
) as kinds (kind, added, changed, missing);

comment on view audit.kinds is
  'How severe it is that an object of a kind was added, differs from the baseline, or is missing.';

grant select on audit.kinds to task_auditor;
-- end db/functions/audit/kinds.sql

-- begin db/functions/audit/list_user_tables.sql
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
-- end db/functions/audit/list_user_tables.sql

-- begin db/functions/audit/find_policy_faults.sql
-- A command without a policy is refused; but then its privilege is a mistake, or the policy was forgotten.

create or replace function audit.find_policy_faults(role name, reachable_only boolean) returns setof text
language sql stable
set search_path = ''
as $$
  with reader as (
    select found.oid, found.rolname from pg_catalog.pg_roles as found
    where found.rolname = find_policy_faults.role and not found.rolsuper
  ),

  reached as (
    select found.oid, found.name from audit.list_user_tables(find_policy_faults.role, reachable_only) as found
    where found.securable
  ),

  applied as (
    select
      policy.polrelid, policy.polname, policy.polcmd,
      audit.describe_rows(policy.polqual, policy.polrelid) as sees,
      audit.describe_rows(policy.polwithcheck, policy.polrelid) as writes
    from pg_catalog.pg_policy as policy
    cross join reader
    where policy.polpermissive
      and exists (
        select from unnest(policy.polroles) as named
        where named = 0 or pg_has_role(reader.oid, named, 'usage'))
  )

  select format(
    'table %s has no policy for %s, which %I may do: create one, or revoke %2$s on %1$s from %3$I',
    reached.name, command.name, reader.rolname)
  from reader
  cross join reached
  cross join (values
    ('select', 'r'), ('insert', 'a'), ('update', 'w'), ('delete', 'd')
  ) as command (name, letter)
  where case command.letter
      when 'd' then has_table_privilege(reader.oid, reached.oid, 'delete')
      else has_any_column_privilege(reader.oid, reached.oid, command.name) end
    and not exists (
      select from applied
      where applied.polrelid = reached.oid and applied.polcmd in (command.letter, '*'))

  union all

  select format(
    'policy %I lets %I %s in %s: create it anew with user_id = (select app.user_id())',
    applied.polname, reader.rolname,
    concat_ws(' and ', 'see ' || applied.sees, 'write ' || applied.writes), reached.name)
  from reader
  cross join reached
  inner join applied on applied.polrelid = reached.oid
  where applied.sees <> 'the user''s own rows' or applied.writes <> 'the user''s own rows'
$$;

comment on function audit.find_policy_faults is
  'Which policies let the role reach more than the user''s own rows, or are missing: a sentence for each.';

grant execute on function audit.find_policy_faults to task_api, task_auditor;
-- end db/functions/audit/find_policy_faults.sql

-- begin db/functions/audit/find_table_faults.sql
-- Row-level security must be enabled, forced on the owner too, and not for the role to switch off.

create or replace function audit.find_table_faults(role name, reachable_only boolean) returns setof text
language sql stable
set search_path = ''
as $$
  select format(fault.sentence, found.name, find_table_faults.role)
  from audit.list_user_tables(find_table_faults.role, reachable_only) as found
  cross join lateral (values
    (
      not found.securable,
      '%s holds users'' rows, but can''t have row-level security: make it a table, or drop it'
    ),
    (
      found.securable and found.owned,
      'role %2$I owns table %1$s, or is a member of its owner, and could switch row-level security off: '
      'connect as task_api, or alter table %1$s owner to task_owner'
    ),
    (
      found.securable and not found.secured,
      'table %s has no row-level security: alter table %1$s enable row level security'
    ),
    (
      found.securable and not found.forced,
      'table %s does not force row-level security on its owner: alter table %1$s force row level security'
    )
  ) as fault (is_there, sentence)
  where fault.is_there
$$;

comment on function audit.find_table_faults is
  'Which tables do not keep users apart for the role: a sentence for each fault, with its remedy.';

grant execute on function audit.find_table_faults to task_api, task_auditor;
-- end db/functions/audit/find_table_faults.sql

-- begin db/functions/audit/find_isolation_faults.sql
-- Whether row-level security is in force for a role: GET /health/ready asks it of the tables that the
-- role can reach, and the audit of all.

create or replace function audit.find_isolation_faults(role name, reachable_only boolean default false)
returns setof text
language sql stable
set search_path = ''
as $$
  select audit.find_role_faults(find_isolation_faults.role)
  union all
  select audit.find_table_faults(find_isolation_faults.role, reachable_only)
  union all
  select audit.find_policy_faults(find_isolation_faults.role, reachable_only)
$$;

comment on function audit.find_isolation_faults is
  'Why row-level security would not hold for the role: a sentence for each fault, with its remedy.';

grant execute on function audit.find_isolation_faults to task_api, task_auditor;
-- end db/functions/audit/find_isolation_faults.sql

-- begin db/functions/audit/name_role.sql
-- Two roles have another name on each server, and mean the same.

create or replace function audit.name_role(role oid) returns text
language sql stable
return case
  when name_role.role = 0 then 'public'
  when name_role.role = audit.find_owner() then 'the database''s owner'
  when name_role.role = 10 then 'the first superuser'
  else coalesce(quote_ident(pg_get_userbyid(name_role.role)), 'nobody')
end;

comment on function audit.name_role is
  'The name of a role, or "the database''s owner", "the first superuser", "public".';

grant execute on function audit.name_role to task_auditor;
-- end db/functions/audit/name_role.sql

-- begin db/functions/audit/channel_objects.sql
-- What takes rows elsewhere, or brings them here: replication, and foreign servers.

create or replace view audit.channel_objects with (security_invoker = true) as
select
  'publication' as kind,
  quote_ident(publication.pubname) as name,
  jsonb_build_object(
    'owner', audit.name_role(publication.pubowner),
    'all tables', publication.puballtables,
    'tables', (
      select jsonb_agg(member.prrelid::regclass::text order by member.prrelid::regclass::text)
      from pg_catalog.pg_publication_rel as member
      where member.prpubid = publication.oid),
    'schemas', (
      select jsonb_agg(member.pnnspid::regnamespace::text order by member.pnnspid::regnamespace::text)
      from pg_catalog.pg_publication_namespace as member
      where member.pnpubid = publication.oid)) as definition
from pg_catalog.pg_publication as publication

union all

select
  'subscription',
  quote_ident(subscription.subname),
  jsonb_build_object('owner', audit.name_role(subscription.subowner), 'enabled', subscription.subenabled)
from pg_catalog.pg_subscription as subscription
inner join pg_catalog.pg_database as database
  on subscription.subdbid = database.oid and database.datname = current_database()

union all

select
  'replication slot',
  slot.slot_name::text,
  jsonb_build_object('type', slot.slot_type, 'plugin', slot.plugin)
from pg_catalog.pg_replication_slots as slot
where slot.database is null or slot.database = current_database()

union all

select
  'foreign data wrapper',
  quote_ident(wrapper.fdwname),
  jsonb_build_object('owner', audit.name_role(wrapper.fdwowner))
from pg_catalog.pg_foreign_data_wrapper as wrapper

union all

select
  'foreign server',
  quote_ident(server.srvname),
  jsonb_build_object('owner', audit.name_role(server.srvowner))
from pg_catalog.pg_foreign_server as server

union all

select
  'user mapping',
  format(
    '%s on %I', case mapping.umuser when 0 then 'public' else quote_ident(mapping.usename) end,
    mapping.srvname),
  '{}'
from pg_catalog.pg_user_mappings as mapping;

comment on view audit.channel_objects is
  'The part of audit.objects about replication and foreign servers.';

grant select on audit.channel_objects to task_auditor;
-- end db/functions/audit/channel_objects.sql

-- begin db/functions/audit/part_objects.sql
-- What belongs to a table: constraints, indexes, policies, triggers, rules and statistics.

create or replace view audit.part_objects with (security_invoker = true) as
with watched as (
  select relation.oid from pg_catalog.pg_class as relation
  where audit.is_watched(relation.relnamespace)
    and not audit.is_in_extension('pg_catalog.pg_class'::regclass, relation.oid)
)

-- NOT NULL is with its column: releases before 18 have no constraint for it.
select
  'constraint' as kind,
  format('%I on %s', bond.conname, bond.conrelid::regclass) as name,
  jsonb_build_object(
    'definition', regexp_replace(pg_get_constraintdef(bond.oid), ' NOT (VALID|ENFORCED)$', ''),
    'validated', bond.convalidated,
    'enforced', coalesce((to_jsonb(bond) ->> 'conenforced')::boolean, true)) as definition
from pg_catalog.pg_constraint as bond
inner join watched on bond.conrelid = watched.oid
where bond.contype in ('c', 'p', 'u', 'x', 'f') or bond.contype = 'n' and not bond.convalidated

union all

select
  'index',
  class.oid::regclass::text,
  jsonb_strip_nulls(jsonb_build_object(
    'definition', pg_get_indexdef(class.oid), 'owner', audit.name_role(class.relowner),
    'valid', index.indisvalid and index.indisready and index.indislive,
    'clustered', nullif(index.indisclustered, false), 'options', class.reloptions))
from pg_catalog.pg_index as index
inner join watched on index.indexrelid = watched.oid
inner join pg_catalog.pg_class as class on index.indexrelid = class.oid

union all

select
  'policy',
  format('%I on %s', policy.polname, policy.polrelid::regclass),
  jsonb_strip_nulls(jsonb_build_object(
    'command', case policy.polcmd
      when 'r' then 'select'
      when 'a' then 'insert'
      when 'w' then 'update'
      when 'd' then 'delete'
      else 'all'
    end,
    'permissive', policy.polpermissive,
    'roles', (
      select jsonb_agg(audit.name_role(named) order by audit.name_role(named))
      from unnest(policy.polroles) as named),
    'using', pg_get_expr(policy.polqual, policy.polrelid),
    'with check', pg_get_expr(policy.polwithcheck, policy.polrelid)))
from pg_catalog.pg_policy as policy
inner join watched on policy.polrelid = watched.oid

union all

-- PostgreSQL's own triggers of foreign keys have no lasting name: they count where they do not fire as they
-- were made to.
select distinct
  'trigger',
  format(
    '%s on %s', case when fired.tgisinternal then 'one of a foreign key' else quote_ident(fired.tgname) end,
    fired.tgrelid::regclass),
  jsonb_build_object(
    'definition', case when not fired.tgisinternal then pg_get_triggerdef(fired.oid) end,
    'enabled', case fired.tgenabled
      when 'O' then 'yes'
      when 'D' then 'no'
      when 'R' then 'on replicas only'
      else 'always'
    end)
from pg_catalog.pg_trigger as fired
inner join watched on fired.tgrelid = watched.oid
where not fired.tgisinternal or fired.tgenabled <> 'O'

union all

select
  'rule',
  format('%I on %s', rule.rulename, rule.ev_class::regclass),
  jsonb_build_object(
    'words', audit.digest_words(pg_get_ruledef(rule.oid)),
    'enabled', case rule.ev_enabled
      when 'O' then 'yes'
      when 'D' then 'no'
      when 'R' then 'on replicas only'
      else 'always'
    end)
from pg_catalog.pg_rewrite as rule
inner join watched on rule.ev_class = watched.oid
where rule.rulename <> '_RETURN' or rule.ev_enabled <> 'O'

union all

select
  'statistics',
  format('%s.%I', statistics.stxnamespace::regnamespace, statistics.stxname),
  jsonb_build_object(
    'definition', pg_get_statisticsobjdef(statistics.oid), 'owner', audit.name_role(statistics.stxowner))
from pg_catalog.pg_statistic_ext as statistics
where audit.is_watched(statistics.stxnamespace);

comment on view audit.part_objects is
  'The part of audit.objects about constraints, indexes, policies, triggers, rules and statistics.';

grant select on audit.part_objects to task_auditor;
-- end db/functions/audit/part_objects.sql

-- begin db/functions/audit/policies.sql
-- Part 3 of the report.

create or replace view audit.policies with (security_invoker = true) as
select
  policy.oid,
  policy.polrelid as relation_oid,
  policy.polrelid::regclass::text as relation,
  policy.polname as policy,
  case policy.polcmd
    when 'r' then 'select'
    when 'a' then 'insert'
    when 'w' then 'update'
    when 'd' then 'delete'
    else 'all'
  end as command,
  policy.polroles as role_oids,
  (
    select string_agg(coalesce(role.rolname, 'public'), ', ' order by role.rolname)
    from unnest(policy.polroles) as named (oid)
    left join pg_catalog.pg_roles as role on named.oid = role.oid) as roles,
  policy.polpermissive as permissive,
  audit.describe_rows(policy.polqual, policy.polrelid) as sees,
  -- Without a check of its own, the rows that may be seen are those that may be written.
  case when policy.polcmd in ('a', 'w', '*') then
    coalesce(
      audit.describe_rows(policy.polwithcheck, policy.polrelid),
      audit.describe_rows(policy.polqual, policy.polrelid)) end as writes
from pg_catalog.pg_policy as policy;

comment on view audit.policies is
  'Every policy: its roles, its command, the rows that it shows and those that it lets be written.';

grant select on audit.policies to task_auditor;
-- end db/functions/audit/policies.sql

-- begin db/functions/audit/print_value.sql
-- A sentence has no brackets and quotes of JSON: "roles task_api, task_worker".

create or replace function audit.print_value(attribute jsonb) returns text
language sql immutable
return case jsonb_typeof(attribute)
  when 'array' then coalesce(
    nullif(array_to_string(array(select jsonb_array_elements_text(attribute)), ', '), ''), 'none')
  else attribute #>> '{}'
end;

comment on function audit.print_value is 'An attribute of an object, as text for a sentence.';

grant execute on function audit.print_value to task_auditor;
-- end db/functions/audit/print_value.sql

-- begin db/functions/audit/describe_difference.sql
-- Digests say nothing to a reader: of these only that they differ.

create or replace function audit.describe_difference(
  change text, kind text, name text, expected jsonb, actual jsonb) returns text
language sql stable
set search_path = ''
as $$
  select format('%s %s ', describe_difference.kind, describe_difference.name) || case change
    when 'missing' then 'is missing'
    when 'added' then 'is not one of those that Duly makes' || coalesce(': ' || (
      select string_agg(
        format('%s %s', attribute.key, audit.print_value(attribute.value)), ', ' order by attribute.key)
      from jsonb_each(jsonb_strip_nulls(actual)) as attribute
      where attribute.value <> 'false' and attribute.key not in ('body', 'words', 'members', 'mapping')), '')
    else 'differs: ' || (
      select string_agg(
        distinct case
          when attribute.key in ('body', 'words') then 'its body is another'
          when attribute.key in ('members', 'mapping') then format('its %s is another', attribute.key)
          else format(
            '%s is %s instead of %s', attribute.key,
            coalesce(audit.print_value(actual -> attribute.key), 'not there'),
            coalesce(audit.print_value(expected -> attribute.key), 'none'))
        end, ', ')
      from jsonb_object_keys(actual || expected) as attribute (key)
      where actual -> attribute.key is distinct from expected -> attribute.key)
  end
$$;

comment on function audit.describe_difference is 'The sentence about a difference from the baseline.';

grant execute on function audit.describe_difference to task_auditor;
-- end db/functions/audit/describe_difference.sql

-- begin db/functions/audit/privilege_objects.sql
-- Each privilege of a role that does not own the object. Where nothing was granted or revoked, PostgreSQL's
-- defaults count: functions and types are born open to public.

create or replace view audit.privilege_objects with (security_invoker = true) as
with granted (subject, object, "column", grants, owner) as (
  select
    case relation.relkind when 'S' then 'sequence' else 'table' end, relation.oid::regclass::text, null,
    coalesce(
      relation.relacl,
      case relation.relkind
        when 'S' then acldefault('s', relation.relowner)
        else acldefault('r', relation.relowner)
      end),
    relation.relowner
  from pg_catalog.pg_class as relation
  where relation.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and audit.is_watched(relation.relnamespace)

  union all

  select 'table', relation.oid::regclass::text, attribute.attname, attribute.attacl, relation.relowner
  from pg_catalog.pg_class as relation
  inner join pg_catalog.pg_attribute as attribute on relation.oid = attribute.attrelid
    and not attribute.attisdropped
  where audit.is_watched(relation.relnamespace)

  union all

  select
    'function', routine.oid::regprocedure::text, null,
    coalesce(routine.proacl, acldefault('f', routine.proowner)), routine.proowner
  from pg_catalog.pg_proc as routine
  where audit.is_watched(routine.pronamespace)
    and not audit.is_in_extension('pg_catalog.pg_proc'::regclass, routine.oid)

  union all

  select 'schema', quote_ident(namespace.nspname), null, namespace.nspacl, namespace.nspowner
  from pg_catalog.pg_namespace as namespace
  where audit.is_watched(namespace.oid)

  union all

  -- An array's privilege is its element's, a multirange's is its range's; the row type of a table gives no
  -- rows.
  select
    'type', type.oid::regtype::text, null,
    coalesce(type.typacl, acldefault('T', type.typowner)), type.typowner
  from pg_catalog.pg_type as type
  left join pg_catalog.pg_class as class on type.typrelid = class.oid
  where audit.is_watched(type.typnamespace) and type.typcategory <> 'A'
    and type.typtype <> 'm' and (class.oid is null or class.relkind = 'c')
    and not audit.is_in_extension('pg_catalog.pg_type'::regclass, type.oid)

  union all

  select
    'database', 'this', null, coalesce(database.datacl, acldefault('d', database.datdba)), database.datdba
  from pg_catalog.pg_database as database
  where database.datname = current_database()

  union all

  select
    'language', quote_ident(language.lanname), null,
    case
      when language.lanname in ('internal', 'c', 'sql', 'plpgsql') then language.lanacl
      else coalesce(language.lanacl, acldefault('l', language.lanowner))
    end,
    language.lanowner
  from pg_catalog.pg_language as language

  union all

  select 'foreign server', quote_ident(server.srvname), null, server.srvacl, server.srvowner
  from pg_catalog.pg_foreign_server as server

  union all

  select 'foreign data wrapper', quote_ident(wrapper.fdwname), null, wrapper.fdwacl, wrapper.fdwowner
  from pg_catalog.pg_foreign_data_wrapper as wrapper

  union all

  select 'tablespace', quote_ident(tablespace.spcname), null, tablespace.spcacl, tablespace.spcowner
  from pg_catalog.pg_tablespace as tablespace

  union all

  select 'large object', large.oid::text, null, large.lomacl, large.lomowner
  from pg_catalog.pg_largeobject_metadata as large
),

-- In PostgreSQL's own schemas and in extensions, privileges beyond those that they were born with count.
born as (
  select init.classoid, init.objoid, init.objsubid, entry.grantee, entry.privilege_type
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
      select from born
      where born.classoid = init.classoid and born.objoid = init.objoid and born.grantee = 0)

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
-- end db/functions/audit/privilege_objects.sql

-- begin db/functions/audit/rate.sql
-- Critical: a user may reach rows of others, or somebody may undo what prevents it. High: what functions do,
-- or may do, is not what was tested. Medium: a rule, a limit or a privilege that the service needs. Low: the
-- rest. Kinds are rated in audit.kinds; here are the special cases.

create or replace function audit.rate(
  change text, kind text, name text, expected jsonb, actual jsonb) returns text
language sql stable
set search_path = ''
as $$
  select case
    when rate.kind = 'function' and change <> 'missing' and (
      actual ->> 'security' = 'definer' or expected ->> 'security' = 'definer'
      or actual -> 'leakproof' = 'true'
      or name ~ '^(finder|keeper|porter|audit)\.' or name ~ '^app\.(user_id|require_user_id|present_user)\(')
      then 'critical'
    when rate.kind = 'setting' and change <> 'missing'
      and name ~ '^(app\.user_id|row_security|role|session_\w+|search_path|local_preload_libraries) of '
      then 'critical'
    when rate.kind = 'database' and expected -> 'owner' <> actual -> 'owner'
      then 'critical'
    when rate.kind = 'column' and name ~ '\.user_id$'
      then 'critical'
    when rate.kind = 'role' and change = 'added' and not (
      (actual ->> 'superuser')::boolean or (actual ->> 'bypassrls')::boolean
      or (actual ->> 'replication')::boolean or (actual ->> 'createrole')::boolean)
      then 'high'
    when rate.kind = 'privilege' and change = 'added' and name !~ ' for (public|task_\w+)$'
      then 'high'
    when rate.kind = 'view' and change = 'added'
      and not coalesce(actual -> 'options' ? 'security_invoker=true', false)
      then 'critical'
    when rate.kind = 'index' and change = 'changed' and actual -> 'valid' = 'false'
      then 'high'
    else (
      select case change
        when 'added' then rated.added
        when 'changed' then rated.changed
        else rated.missing
      end
      from audit.kinds as rated
      where rated.kind = rate.kind)
  end
$$;

comment on function audit.rate is 'The severity of a difference: critical, high, medium or low.';

grant execute on function audit.rate to task_auditor;
-- end db/functions/audit/rate.sql

-- begin db/functions/audit/relation_objects.sql
-- Schemas, tables, views and columns. What belongs to a table otherwise is in audit.part_objects; what
-- extensions bring is in audit.server_objects.

create or replace view audit.relation_objects with (security_invoker = true) as
select
  'schema' as kind,
  quote_ident(namespace.nspname) as name,
  jsonb_build_object('owner', audit.name_role(namespace.nspowner)) as definition
from pg_catalog.pg_namespace as namespace
where audit.is_watched(namespace.oid)

union all

select
  case relation.relkind
    when 'v' then 'view'
    when 'm' then 'materialized view'
    when 'f' then 'foreign table'
    when 'S' then 'sequence'
    when 'c' then 'composite type'
    else 'table'
  end,
  relation.oid::regclass::text,
  jsonb_strip_nulls(jsonb_build_object(
    'owner', audit.name_role(relation.relowner),
    'options', relation.reloptions,
    'parents', (
      select jsonb_agg(parent.inhparent::regclass::text order by parent.inhseqno)
      from pg_catalog.pg_inherits as parent
      where parent.inhrelid = relation.oid))
  || case
    when relation.relkind in ('r', 'p') then jsonb_build_object(
      'row-level security', relation.relrowsecurity,
      'forced', relation.relforcerowsecurity,
      'replica identity', case relation.relreplident
        when 'd' then 'primary key'
        when 'n' then 'nothing'
        when 'f' then 'full'
        else 'index'
      end,
      'unlogged', relation.relpersistence = 'u',
      'partitioned', nullif(relation.relkind = 'p', false))
    when relation.relkind in ('v', 'm') then jsonb_build_object(
      'body', case when current_setting('server_version_num')::integer >= 160000
        then audit.digest_body(pg_get_viewdef(relation.oid)) end,
      'words', audit.digest_words(pg_get_viewdef(relation.oid)))
    else '{}'
  end)
from pg_catalog.pg_class as relation
where relation.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c') and audit.is_watched(relation.relnamespace)
  and not audit.is_in_extension('pg_catalog.pg_class'::regclass, relation.oid)

union all

select
  'column',
  format('%s.%I', relation.oid::regclass, attribute.attname),
  jsonb_strip_nulls(jsonb_build_object(
    'type', format_type(attribute.atttypid, attribute.atttypmod),
    'not null', nullif(attribute.attnotnull, false),
    'default', case when attribute.attgenerated = ''
      then pg_get_expr(expression.adbin, expression.adrelid) end,
    'generated', case when attribute.attgenerated <> ''
      then attribute.attgenerated::text || ' ' || pg_get_expr(expression.adbin, expression.adrelid) end,
    'identity', nullif(attribute.attidentity, ''),
    'collation', (
      select coll.collname from pg_catalog.pg_collation as coll
      where coll.oid = attribute.attcollation and attribute.attcollation <> type.typcollation)))
from pg_catalog.pg_class as relation
inner join pg_catalog.pg_attribute as attribute
  on relation.oid = attribute.attrelid and attribute.attnum > 0 and not attribute.attisdropped
inner join pg_catalog.pg_type as type on attribute.atttypid = type.oid
left join pg_catalog.pg_attrdef as expression
  on attribute.attrelid = expression.adrelid and attribute.attnum = expression.adnum
where relation.relkind in ('r', 'p', 'f', 'c') and audit.is_watched(relation.relnamespace)
  and not audit.is_in_extension('pg_catalog.pg_class'::regclass, relation.oid)

union all

-- None of PostgreSQL's own tables belongs to another role than the first superuser; none was added.
select
  'table',
  relation.oid::regclass::text,
  jsonb_build_object('owner', audit.name_role(relation.relowner))
from pg_catalog.pg_class as relation
where relation.relnamespace in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
  and (relation.relowner <> 10 or relation.oid >= 16384 or relation.relrowsecurity);

comment on view audit.relation_objects is
  'The part of audit.objects about schemas, tables, views and columns.';

grant select on audit.relation_objects to task_auditor;
-- end db/functions/audit/relation_objects.sql

-- begin db/functions/audit/relations.sql
-- Part 2 of the report.

create or replace view audit.relations with (security_invoker = true) as
select
  class.oid,
  class.oid::regclass::text as relation,
  namespace.nspname as schema,
  case class.relkind
    when 'v' then 'view'
    when 'm' then 'materialized view'
    when 'f' then 'foreign table'
    when 'S' then 'sequence'
    else 'table'
  end as kind,
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
  -- Not relhasrules: it stays until the next vacuum.
  class.oid in (
    select rule.ev_class from pg_catalog.pg_rewrite as rule
    where rule.rulename <> '_RETURN') as has_rules,
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
    and type.typcategory <> 'A' and type.typtype <> 'm' and (class.oid is null or class.relkind = 'c')
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
-- end db/functions/audit/privileges.sql

-- begin db/functions/audit/role_objects.sql
-- Roles of Duly, and every role that can look past row-level security or become one that can; their settings.
-- The owner of the database and the first superuser always exist: part 1 of the report speaks of them.

create or replace view audit.role_objects with (security_invoker = true) as
with recursive strong (oid) as (
  select role.oid from pg_catalog.pg_roles as role
  where role.rolname ~ '^(task_(owner|finder|keeper|porter|auditor|api|worker)$|pg_)'
    or role.rolsuper or role.rolbypassrls or role.rolreplication or role.rolcreaterole
  union
  select membership.member from pg_catalog.pg_auth_members as membership
  inner join strong on membership.roleid = strong.oid
)

select
  'role' as kind,
  audit.name_role(role.oid) as name,
  jsonb_build_object(
    'login', role.rolcanlogin and audit.name_role(role.oid) <> 'the database''s owner',
    'superuser', role.rolsuper,
    'bypassrls', role.rolbypassrls,
    'createrole', role.rolcreaterole and audit.name_role(role.oid) <> 'the database''s owner',
    'createdb', role.rolcreatedb and audit.name_role(role.oid) <> 'the database''s owner',
    'replication', role.rolreplication,
    'connection limit', role.rolconnlimit,
    'valid until', nullif(role.rolvaliduntil, 'infinity')::text) as definition
from strong
inner join pg_catalog.pg_roles as role on strong.oid = role.oid
where role.rolname !~ '^pg_' and role.oid <> 10
  and not (role.rolsuper and audit.name_role(role.oid) = 'the database''s owner')

union all

-- The owner of the database may grant itself the roles of Duly: its options are not compared.
select
  'membership',
  format('%s in %s', audit.name_role(membership.member), audit.name_role(membership.roleid)),
  case
    when audit.name_role(membership.member) = 'the database''s owner' then '{}'
    else jsonb_strip_nulls(jsonb_build_object(
      'admin', bool_or(membership.admin_option),
      'inherit', bool_or((to_jsonb(membership) ->> 'inherit_option')::boolean),
      'set', bool_or((to_jsonb(membership) ->> 'set_option')::boolean)))
  end
from pg_catalog.pg_auth_members as membership
inner join strong on membership.roleid = strong.oid
where pg_get_userbyid(membership.member) !~ '^pg_'
group by membership.member, membership.roleid

union all

-- In their precedence: a role's in this database, a role's, this database's, everybody's.
select
  'setting',
  format(
    '%s of %s in %s', split_part(pair, '=', 1),
    case setting.setrole when 0 then 'every role' else audit.name_role(setting.setrole) end,
    case setting.setdatabase when 0 then 'every database' else 'this database' end),
  jsonb_build_object('value', substring(pair from '=(.*)'))
from pg_catalog.pg_db_role_setting as setting
cross join unnest(setting.setconfig) as pair
left join pg_catalog.pg_database as database on setting.setdatabase = database.oid
where setting.setdatabase = 0 or database.datname = current_database()

union all

select
  'parameter privilege',
  format('%s on %s for %s', lower(entry.privilege_type), parameter.parname, audit.name_role(entry.grantee)),
  jsonb_build_object('grantable', bool_or(entry.is_grantable))
from pg_catalog.pg_parameter_acl as parameter
cross join aclexplode(parameter.paracl) as entry
where entry.grantee <> 10
group by parameter.parname, entry.privilege_type, entry.grantee

union all

select
  'default privilege',
  format(
    '%s on %s that %s creates%s for %s', lower(entry.privilege_type),
    case defaults.letter
      when 'f' then 'functions'
      when 'T' then 'types'
      when 'r' then 'tables'
      when 'S' then 'sequences'
      when 'n' then 'schemas'
      else 'large objects'
    end,
    audit.name_role(defaults.creator), ' in ' || nullif(defaults.namespace, 0)::regnamespace,
    audit.name_role(entry.grantee)),
  jsonb_build_object('grantable', entry.is_grantable)
from (
  select defaults.defaclrole, defaults.defaclnamespace, defaults.defaclobjtype::text, defaults.defaclacl
  from pg_catalog.pg_default_acl as defaults

  union all

  -- Where nothing was changed, functions and types are born open to public.
  select role.oid, 0, born.letter, born.grants
  from pg_catalog.pg_roles as role
  cross join lateral (values
    ('f', acldefault('f', role.oid)), ('T', acldefault('T', role.oid))
  ) as born (letter, grants)
  where role.rolname ~ '^task_(owner|finder|keeper|porter)$'
    and not exists (
      select from pg_catalog.pg_default_acl as defaults
      where defaults.defaclrole = role.oid and defaults.defaclnamespace = 0
        and defaults.defaclobjtype::text = born.letter)
) as defaults (creator, namespace, letter, grants)
cross join aclexplode(defaults.grants) as entry;

comment on view audit.role_objects is
  'The part of audit.objects about roles: attributes, memberships, settings and default privileges.';

grant select on audit.role_objects to task_auditor;
-- end db/functions/audit/role_objects.sql

-- begin db/functions/audit/role_settings.sql
-- For audit.roles and audit.role_faults.

create or replace view audit.role_settings with (security_invoker = true) as
select
  setting.setrole as role_oid,
  split_part(pair, '=', 1) as name,
  substring(pair from '=(.*)') as value,
  setting.setdatabase = 0 as everywhere
from pg_catalog.pg_db_role_setting as setting
cross join unnest(setting.setconfig) as pair
left join pg_catalog.pg_database as database on setting.setdatabase = database.oid
where setting.setdatabase = 0 or database.datname = current_database();

comment on view audit.role_settings is
  'The settings that each role begins a session with in this database; role 0 means all roles.';

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

comment on view audit.roles is
  'The roles of the server: attributes, memberships, settings and comments.';

grant select on audit.roles to task_auditor;
-- end db/functions/audit/roles.sql

-- begin db/functions/audit/routine_objects.sql
-- Functions, procedures and aggregates; those of extensions are in audit.server_objects.

create or replace view audit.routine_objects with (security_invoker = true) as
select
  'function' as kind,
  routine.oid::regprocedure::text as name,
  jsonb_strip_nulls(jsonb_build_object(
    'owner', audit.name_role(routine.proowner),
    'language', language.lanname,
    'sort', case routine.prokind
      when 'p' then 'procedure'
      when 'a' then 'aggregate'
      when 'w' then 'window'
    end,
    'volatility', case routine.provolatile
      when 'i' then 'immutable'
      when 's' then 'stable'
      else 'volatile'
    end,
    'security', case when routine.prosecdef then 'definer' else 'invoker' end,
    'leakproof', routine.proleakproof,
    'strict', nullif(routine.proisstrict, false),
    'parallel', routine.proparallel,
    'settings', routine.proconfig,
    'returns', pg_get_function_result(routine.oid),
    'arguments', pg_get_function_arguments(routine.oid),
    'planner support', nullif(routine.prosupport, 0)::regproc::text,
    'body', case
      when routine.prosqlbody is null then md5(routine.prosrc || coalesce(routine.probin, ''))
      when current_setting('server_version_num')::integer >= 160000
        then audit.digest_body(pg_get_function_sqlbody(routine.oid))
    end,
    'words', case when routine.prosqlbody is not null
      then audit.digest_words(pg_get_function_sqlbody(routine.oid)) end
  )) as definition
from pg_catalog.pg_proc as routine
inner join pg_catalog.pg_language as language on routine.prolang = language.oid
where (
    audit.is_watched(routine.pronamespace)
    -- app.user_id and the policies stand on these.
    or routine.oid in (
      'pg_catalog.current_setting(text,boolean)'::regprocedure,
      'pg_catalog.set_config(text,text,boolean)'::regprocedure,
      'pg_catalog.texteq(text,text)'::regprocedure))
  and not audit.is_in_extension('pg_catalog.pg_proc'::regclass, routine.oid)

union all

-- None of PostgreSQL's own functions runs with its owner's rights or has settings, none belongs to another
-- role than the first superuser, and none was added.
select
  'function',
  routine.oid::regprocedure::text,
  jsonb_build_object(
    'owner', audit.name_role(routine.proowner),
    'security', case when routine.prosecdef then 'definer' else 'invoker' end,
    'settings', routine.proconfig)
from pg_catalog.pg_proc as routine
where not audit.is_watched(routine.pronamespace)
  and (
    routine.prosecdef or routine.proconfig is not null
    or routine.proowner <> 10 or routine.oid >= 16384)
  and routine.oid not in (
    'pg_catalog.current_setting(text,boolean)'::regprocedure,
    'pg_catalog.set_config(text,text,boolean)'::regprocedure,
    'pg_catalog.texteq(text,text)'::regprocedure)
  and not audit.is_in_extension('pg_catalog.pg_proc'::regclass, routine.oid)

union all

-- A function of PostgreSQL can be replaced by one in SQL, which the planner then runs instead. The functions
-- that are not "internal" are the same in 15 to 18; one that was replaced is among them.
select
  'built-in functions',
  'of pg_catalog',
  jsonb_build_object('body', md5(string_agg(
    concat_ws(
      ' ', routine.oid::regprocedure, routine.prosrc, routine.probin,
      pg_get_function_sqlbody(routine.oid)),
    ',' order by convert_to(routine.oid::regprocedure::text, 'UTF8'))))
from pg_catalog.pg_proc as routine
inner join pg_catalog.pg_language as language on routine.prolang = language.oid
where routine.pronamespace = 'pg_catalog'::regnamespace and routine.oid < 16384
  and language.lanname <> 'internal'

union all

-- A leakproof function may be shown rows before row-level security takes them out. Those named are leakproof
-- in some releases only.
select
  'built-in functions',
  'that are leakproof',
  jsonb_build_object('members', md5(string_agg(
    routine.oid::regprocedure::text, ',' order by convert_to(routine.oid::regprocedure::text, 'UTF8'))))
from pg_catalog.pg_proc as routine
where routine.proleakproof and not audit.is_watched(routine.pronamespace)
  and routine.proname not in (
    'bytea', 'bytea_larger', 'bytea_smaller', 'crc32', 'crc32c', 'gen_random_uuid',
    'uuid_extract_timestamp', 'uuid_extract_version');

comment on view audit.routine_objects is
  'The part of audit.objects about functions: owner, volatility, security, path, and a digest of the body.';

grant select on audit.routine_objects to task_auditor;
-- end db/functions/audit/routine_objects.sql

-- begin db/functions/audit/search_objects.sql
-- What decides which words a text is made of.

create or replace view audit.search_objects with (security_invoker = true) as
select
  'text search configuration' as kind,
  config.oid::regconfig::text as name,
  jsonb_build_object(
    'owner', audit.name_role(config.cfgowner),
    'mapping', (
      select md5(string_agg(
        format('%s %s %s', map.maptokentype, map.mapseqno, map.mapdict::regdictionary), ','
        order by map.maptokentype, map.mapseqno))
      from pg_catalog.pg_ts_config_map as map
      where map.mapcfg = config.oid)) as definition
from pg_catalog.pg_ts_config as config
where audit.is_watched(config.cfgnamespace)
  and not audit.is_in_extension('pg_catalog.pg_ts_config'::regclass, config.oid)

union all

-- Those of extensions too: the words of every search go through unaccent.
select
  'text search dictionary',
  dictionary.oid::regdictionary::text,
  jsonb_build_object(
    -- An extension that a superuser creates belongs to that one, else to the first superuser.
    'owner', audit.name_role(case when owner.rolsuper then 10 else owner.oid end),
    'options', dictionary.dictinitoption,
    'template', (
      select template.tmplname from pg_catalog.pg_ts_template as template
      where template.oid = dictionary.dicttemplate))
from pg_catalog.pg_ts_dict as dictionary
inner join pg_catalog.pg_roles as owner on dictionary.dictowner = owner.oid
where audit.is_watched(dictionary.dictnamespace)

union all

select
  'text search parser',
  format('%s.%I', parser.prsnamespace::regnamespace, parser.prsname),
  jsonb_build_object('start', parser.prsstart::regproc::text)
from pg_catalog.pg_ts_parser as parser
where parser.oid >= 16384
  and not audit.is_in_extension('pg_catalog.pg_ts_parser'::regclass, parser.oid)

union all

select
  'text search template',
  format('%s.%I', template.tmplnamespace::regnamespace, template.tmplname),
  jsonb_build_object('lexize', template.tmpllexize::regproc::text)
from pg_catalog.pg_ts_template as template
where template.oid >= 16384
  and not audit.is_in_extension('pg_catalog.pg_ts_template'::regclass, template.oid);

comment on view audit.search_objects is 'The part of audit.objects about text search.';

grant select on audit.search_objects to task_auditor;
-- end db/functions/audit/search_objects.sql

-- begin db/functions/audit/server_objects.sql
-- The database, its extensions and languages, and the settings of the server. What takes rows elsewhere is in
-- audit.channel_objects.

create or replace view audit.server_objects with (security_invoker = true) as
select
  'database' as kind,
  'this' as name,
  jsonb_build_object(
    'owner', case when database.datdba = audit.find_owner() then 'the role that migrates'
      else audit.name_role(database.datdba) end,
    'encoding', pg_encoding_to_char(database.encoding),
    'template', database.datistemplate,
    'connections', database.datallowconn,
    'connection limit', database.datconnlimit) as definition
from pg_catalog.pg_database as database
where database.datname = current_database()

union all

select
  'extension',
  quote_ident(extension.extname),
  jsonb_build_object(
    'schema', extension.extnamespace::regnamespace::text,
    -- Those that run with their owner's rights, are leakproof or have settings; that belong to another role
    -- than the first superuser or the database's owner; and that were replaced by one of another language.
    'functions to look at', coalesce((
      select jsonb_agg(routine.oid::regprocedure::text order by routine.oid::regprocedure::text)
      from pg_catalog.pg_depend as member
      inner join pg_catalog.pg_proc as routine
        on member.classid = 'pg_catalog.pg_proc'::regclass and member.objid = routine.oid
      where member.refclassid = 'pg_catalog.pg_extension'::regclass and member.refobjid = extension.oid
        and member.deptype = 'e'
        and (
          routine.prosecdef or routine.proleakproof or routine.proconfig is not null
          or audit.name_role(routine.proowner) not in ('the first superuser', 'the database''s owner')
          or coalesce(routine.probin !~ '^\$libdir/', routine.prokind <> 'a'))), '[]'),
    'members', (
      select md5(string_agg(described.name, ',' order by convert_to(described.name, 'UTF8')))
      from (
        select pg_describe_object(member.classid, member.objid, 0) as name
        from pg_catalog.pg_depend as member
        where member.refclassid = 'pg_catalog.pg_extension'::regclass and member.refobjid = extension.oid
          and member.deptype = 'e'
          -- The types of arrays are members since PostgreSQL 18.
          and member.classid <> 'pg_catalog.pg_type'::regclass) as described))
from pg_catalog.pg_extension as extension

union all

select
  'language',
  quote_ident(language.lanname),
  jsonb_build_object(
    'trusted', language.lanpltrusted,
    'owner', case when language.oid >= 16384 then audit.name_role(language.lanowner) end)
from pg_catalog.pg_language as language
where language.oid >= 16384 or language.lanname in ('internal', 'c', 'sql', 'plpgsql')

union all

select
  'event trigger',
  quote_ident(event.evtname),
  jsonb_build_object(
    'owner', audit.name_role(event.evtowner), 'event', event.evtevent,
    'function', event.evtfoid::regproc::text, 'enabled', event.evtenabled <> 'D')
from pg_catalog.pg_event_trigger as event

union all

select
  'large objects',
  format('of %s', audit.name_role(large.lomowner)),
  '{}'
from pg_catalog.pg_largeobject_metadata as large
group by large.lomowner

union all

-- Of columns, too.
select
  'security label',
  pg_describe_object(label.classoid, label.objoid, label.objsubid),
  jsonb_build_object('provider', label.provider, 'label', label.label)
from (
  select local.classoid, local.objoid, local.objsubid, local.provider, local.label
  from pg_catalog.pg_seclabel as local
  union all
  select shared.classoid, shared.objoid, 0, shared.provider, shared.label
  from pg_catalog.pg_shseclabel as shared
) as label

union all

-- The server's own value, as a session has it where no role and no database changes it. What these change is
-- listed with the role; the report itself sets some for its transaction.
select
  'server setting',
  setting.name,
  jsonb_build_object('value', case
    when setting.source in ('database', 'user', 'database user', 'client') then setting.boot_val
    when setting.source = 'session' then setting.reset_val
    else setting.setting
  end)
from pg_catalog.pg_settings as setting
where setting.name in (
  'allow_system_table_mods', 'array_nulls', 'default_transaction_read_only', 'ignore_checksum_failure',
  'ignore_system_indexes', 'lo_compat_privileges', 'log_min_duration_statement',
  'log_parameter_max_length_on_error', 'log_statement', 'password_encryption', 'row_security',
  'session_replication_role', 'standard_conforming_strings', 'transform_null_equals', 'zero_damaged_pages');

comment on view audit.server_objects is
  'The part of audit.objects about the database: extensions, languages, event triggers, server settings.';

grant select on audit.server_objects to task_auditor;
-- end db/functions/audit/server_objects.sql

-- begin db/functions/audit/services.sql
-- The views of this room read the catalog alone, with the rights of their reader.
--
-- A superuser is a member of every role: it counts only where it was made one. "Borrows": what such a role
-- may do is told as one fault, of its membership.

create or replace view audit.services with (security_invoker = true) as
with service as (
  select found.oid, found.rolname, found.rolsuper
  from pg_catalog.pg_roles as found
  where found.rolname in ('task_api', 'task_worker')
    or not found.rolsuper
    and (pg_has_role(found.oid, 'task_api', 'usage') or pg_has_role(found.oid, 'task_worker', 'usage'))
    or exists (
      select from pg_catalog.pg_auth_members as membership
      inner join pg_catalog.pg_roles as api on membership.roleid = api.oid
        and api.rolname in ('task_api', 'task_worker')
      where found.rolsuper and membership.member = found.oid)
)

select
  service.oid,
  service.rolname as role,
  service.rolsuper
    or exists (
      select from pg_catalog.pg_database as database
      where database.datname = current_database() and database.datdba = service.oid)
    or exists (
      select from pg_catalog.pg_auth_members as membership
      where membership.member = service.oid
        and membership.roleid not in (select other.oid from service as other)) as borrows
from service;

comment on view audit.services is
  'The roles that the service can connect as: task_api, task_worker, and those that inherit their rights; '
  'and whether one is a superuser, owns the database, or is a member of another role.';

grant select on audit.services to task_auditor;
-- end db/functions/audit/services.sql

-- begin db/functions/audit/function_faults.sql
-- Part 7 of the report: functions.

create or replace view audit.function_faults with (security_invoker = true) as
-- A definer function must pin its path even where its body is bound: the functions that it calls run with its
-- owner's rights as well.
select
  format(
    'function %s has no pinned path: whoever calls it decides what the names in it mean', found.function
  ) as fault,
  format('alter %s %s set search_path = ''''', found.sort, found.function) as remedy
from audit.functions as found
where not found.in_extension and found.sort <> 'aggregate'
  and (found.definer or found.schema in ('app', 'api', 'audit', 'finder', 'keeper', 'porter'))
  and coalesce(found.search_path, '-') not in ('""', 'pg_catalog', 'pg_catalog, pg_temp')
  and (found.definer or not found.bound)

union

select
  format(
    'function %s runs with the rights of %I and does not say why', found.function, found.owner
  ) as fault,
  format(
    'by hand: comment on function %s is ''Definer, …'', or alter function %1$s security invoker',
    found.function
  ) as remedy
from audit.functions as found
where not found.in_extension and found.definer and coalesce(found.about !~ '^Definer, ', true)

union

select
  format(
    'function %s runs with the rights of %I, and is in none of the schemas for that',
    found.function, found.owner) as fault,
  format(
    'by hand: alter function %s security invoker, or create it in finder, keeper or porter, as their owner',
    found.function) as remedy
from audit.functions as found
where not found.in_extension and found.definer and found.schema not in ('finder', 'keeper', 'porter')

union

-- Where one of the definer roles itself may do more, that is one fault, of the role.
select
  format(
    'function %s runs with the rights of %I, who may do more than it needs', found.function, found.owner
  ) as fault,
  format(
    'by hand: alter function %s owner to a role of its own, without login, that owns no table', found.function
  ) as remedy
from audit.functions as found
inner join pg_catalog.pg_roles as owner on found.owner_oid = owner.oid
where not found.in_extension and found.definer
  and owner.rolname not in ('task_finder', 'task_keeper', 'task_porter')
  and (
    owner.rolsuper or owner.rolbypassrls or owner.rolcanlogin
    or exists (
      select from audit.relations as owned
      where owned.owner_oid = owner.oid and owned.kind = 'table'))

union

-- These roles need app.search_entries, app.task_counts and the like, and no task.
select
  format(
    '%I may read %s of everybody''s tasks, which it does not need',
    owner.rolname, string_agg(attribute.attname, ', ' order by attribute.attnum)) as fault,
  format('revoke select on app.tasks from %I', owner.rolname) as remedy
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
  format(
    'function %s is leakproof: it may be shown rows before row-level security has taken them out',
    found.function) as fault,
  format('alter function %s not leakproof', found.function) as remedy
from audit.functions as found
where not found.in_extension and found.leakproof

union

select
  format('function %s is in none of the schemas that %I is for', found.function, service.role) as fault,
  format(
    'by hand: revoke execute on function %s from %I, or from whom it has that', found.function, service.role
  ) as remedy
from audit.functions as found
cross join audit.services as service
where not found.in_extension and not service.borrows
  and found.schema not in ('app', 'api', 'audit', 'finder', 'keeper', 'porter')
  and has_schema_privilege(service.oid, found.schema, 'usage')
  and has_function_privilege(service.oid, found.oid, 'execute');

comment on view audit.function_faults is 'The rules of functions that are broken, each with its remedy.';

grant select on audit.function_faults to task_auditor;
-- end db/functions/audit/function_faults.sql

-- begin db/functions/audit/privilege_faults.sql
-- Part 7 of the report: privileges. Those that a role has as the owner, or borrows, are left out: they are
-- one fault, of the owner or of the membership.

create or replace view audit.privilege_faults with (security_invoker = true) as
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
from audit.privileges as found
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
    or found.schema in ('app', 'api', 'audit', 'finder', 'keeper', 'porter'))

union

select
  format(
    '%I may %s %s, which row-level security does not hold', service.role, privilege.name, found.relation
  ) as fault,
  format('revoke %s on %s from %I', privilege.name, found.relation, service.role) as remedy
from audit.services as service
cross join audit.relations as found
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
from audit.services as service
inner join audit.relations as found on found.has_user_id and found.kind in ('table', 'view')
cross join (values ('insert'), ('update')) as privilege (name)
where has_column_privilege(service.oid, found.oid, 'user_id', privilege.name)
  and not service.borrows and found.owner_oid <> service.oid

union

select
  format('%I may %s in %s %I', service.role, place.privilege, place.kind, place.name) as fault,
  format(
    'by hand: revoke %s on %s %I from %I, or from whom it has that',
    place.privilege, place.kind, place.name, service.role) as remedy
from audit.services as service
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
from audit.privileges as found
where found.kind in ('table', 'view', 'materialized view', 'foreign table', 'sequence', 'foreign server')
  and (
    found.role in (select service.role from audit.services as service)
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
where owner.oid in (select service.oid from audit.services as service)
group by owner.rolname;

comment on view audit.privilege_faults is 'The rules of privileges that are broken, each with its remedy.';

grant select on audit.privilege_faults to task_auditor;
-- end db/functions/audit/privilege_faults.sql

-- begin db/functions/audit/suggest_column_remedy.sql
-- Part of suggest_remedy: "app.tasks.title". The columns of a composite type are its attributes.

create or replace function audit.suggest_column_remedy(
  change text, name text, expected jsonb, actual jsonb) returns text[]
language sql stable
set search_path = ''
as $$
  with part as (
    select
      split.name[1] as relation, split.name[2] as column_name,
      coalesce((
        select format('alter type %s %%s attribute %s', split.name[1], split.name[2])
        from pg_catalog.pg_class as class
        where class.oid::regclass::text = split.name[1] and class.relkind = 'c'
      ), format('alter table %s %%s column %s', split.name[1], split.name[2])) as statement
    from regexp_match(suggest_column_remedy.name, '^(.*)\.("(?:[^"]|"")*"|[^".]+)$') as split (name)
  )

  select case
    when change = 'added' then array[format(part.statement, 'drop')]
    when change = 'missing' or expected -> 'generated' is distinct from actual -> 'generated'
      or expected -> 'identity' is distinct from actual -> 'identity'
      then array['by hand: create it again as in db/schema.sql, or restore its table from a backup']
    else array(
      select format(part.statement, 'alter') || format(
        ' type %s%s', expected ->> 'type', case when expected || actual ? 'collation'
          then ' collate ' || coalesce(quote_ident(expected ->> 'collation'), '"default"') end)
      where expected -> 'type' <> actual -> 'type'
        or expected -> 'collation' is distinct from actual -> 'collation'
      union all
      select format(part.statement, 'alter')
        || coalesce(' set default ' || (expected ->> 'default'), ' drop default')
      where expected -> 'default' is distinct from actual -> 'default'
      union all
      select format(part.statement, 'alter')
        || case when expected ? 'not null' then ' set not null' else ' drop not null' end
      where expected -> 'not null' is distinct from actual -> 'not null')
  end
  from part
$$;

comment on function audit.suggest_column_remedy is 'Remedies for a column.';

grant execute on function audit.suggest_column_remedy to task_auditor;
-- end db/functions/audit/suggest_column_remedy.sql

-- begin db/functions/audit/suggest_database_remedy.sql
-- Part of suggest_remedy: the database.

create or replace function audit.suggest_database_remedy(expected jsonb, actual jsonb) returns text[]
language sql stable
set search_path = ''
as $$
  select array(
    select case
      when attribute.key = 'encoding' then 'by hand: move the data to a database in UTF8'
      when attribute.key = 'owner' and audit.find_owner() is null
        then 'by hand: make the role that migrates its owner'
      else format('alter database %I %s', current_database(), case attribute.key
        when 'owner' then format('owner to %I', pg_get_userbyid(audit.find_owner()))
        when 'template' then 'is_template false'
        when 'connections' then 'allow_connections true'
        else 'connection limit -1'
      end)
    end
    from jsonb_each(actual) as attribute
    where expected -> attribute.key <> attribute.value)
$$;

comment on function audit.suggest_database_remedy is 'Remedies for the database.';

grant execute on function audit.suggest_database_remedy to task_auditor;
-- end db/functions/audit/suggest_database_remedy.sql

-- begin db/functions/audit/suggest_dictionary_remedy.sql
-- Part of suggest_remedy: a text search dictionary that differs. An option without a value goes away.

create or replace function audit.suggest_dictionary_remedy(name text, expected jsonb, actual jsonb)
returns text[]
language sql stable
set search_path = ''
as $$
  select array(
    select format('alter text search dictionary %s owner to %s', name, expected ->> 'owner')
    where expected -> 'owner' <> actual -> 'owner'
    union all
    select format('alter text search dictionary %s (%s)', name, concat_ws(', ', (
      select string_agg(option[1], ', ')
      from regexp_matches(actual ->> 'options', '(\w+) = ''', 'g') as option
      where (expected ->> 'options') !~ format('\m%s = ''', option[1])), expected ->> 'options'))
    where expected -> 'options' <> actual -> 'options'
    union all
    select 'by hand: create it again as in db/schema.sql'
    where expected -> 'template' <> actual -> 'template')
$$;

comment on function audit.suggest_dictionary_remedy is 'Remedies for a text search dictionary that differs.';

grant execute on function audit.suggest_dictionary_remedy to task_auditor;
-- end db/functions/audit/suggest_dictionary_remedy.sql

-- begin db/functions/audit/suggest_domain_remedy.sql
-- Part of suggest_remedy: a domain that differs. PostgreSQL validates no constraint of a domain of which a
-- column has an array.

create or replace function audit.suggest_domain_remedy(name text, expected jsonb, actual jsonb)
returns text[]
language sql stable
set search_path = ''
as $$
  with both_constraints as (
    select
      bond.key as bond, expected -> 'constraints' ->> bond.key as wanted,
      actual -> 'constraints' ->> bond.key as present
    from jsonb_object_keys(
      coalesce(expected -> 'constraints', '{}') || coalesce(actual -> 'constraints', '{}')) as bond (key)
  )

  select array(
    select format('alter domain %s drop constraint %I', name, bond) from both_constraints
    where present <> coalesce(wanted, '')
    union all
    select format(
      'by hand: alter domain %s add constraint %I %s not valid; look for values that break it; '
      'then update pg_constraint set convalidated = true', name, bond, wanted)
    from both_constraints
    where wanted <> coalesce(present, '')
    union all
    select format(
      'alter domain %s %s not null', name, case when expected ? 'not null' then 'set' else 'drop' end)
    where expected -> 'not null' is distinct from actual -> 'not null'
    union all
    select format(
      'alter domain %s %s', name, coalesce('set default ' || (expected ->> 'default'), 'drop default'))
    where expected -> 'default' is distinct from actual -> 'default'
    union all
    select 'by hand: create it again as in db/schema.sql' where expected -> 'base' <> actual -> 'base')
$$;

comment on function audit.suggest_domain_remedy is 'Remedies for a domain that differs.';

grant execute on function audit.suggest_domain_remedy to task_auditor;
-- end db/functions/audit/suggest_domain_remedy.sql

-- begin db/functions/audit/suggest_file.sql
-- Part of suggest_remedy: what has a file of its own, which is applied as the owner of what it creates.

create or replace function audit.suggest_file(kind text, name text, expected jsonb) returns text
language sql immutable
return format(
  case
    when name !~ '\.' and kind = 'function'
      then 'by hand: create it as on a new server of this release, as the first superuser'
    when kind = 'function' and name ~ '^app\.(require_)?user_id\('
      then 'by hand: as %1$s, create it as in db/migrations/0003_user_id.sql'
    else 'by hand: as %1$s, apply the file of db/functions that creates %2$s'
  end,
  expected ->> 'owner', split_part(name, '(', 1));

comment on function audit.suggest_file is 'Which file creates a function or a view.';

grant execute on function audit.suggest_file to task_auditor;
-- end db/functions/audit/suggest_file.sql

-- begin db/functions/audit/suggest_function_remedy.sql
-- Part of suggest_remedy: a function that differs. Its file sets all but the owner.

create or replace function audit.suggest_function_remedy(name text, expected jsonb, actual jsonb)
returns text[]
language sql stable
set search_path = ''
as $$
  with differing as (
    select attribute.key, expected ->> attribute.key as wanted
    from jsonb_object_keys(expected || actual) as attribute (key)
    where expected -> attribute.key is distinct from actual -> attribute.key
  )

  select case
    when exists (select from differing where differing.key in ('arguments', 'returns', 'sort'))
      then array[
        format('by hand: drop routine %s', name), audit.suggest_file('function', name, expected)]
    when exists (
      select from differing
      where differing.key in ('body', 'words', 'language', 'planner support'))
      then array[audit.suggest_file('function', name, expected)]
    else array(
      select format('alter function %s %s', name, case differing.key
        when 'volatility' then differing.wanted
        when 'security' then 'security ' || differing.wanted
        when 'leakproof' then 'not leakproof'
        when 'parallel' then 'parallel ' || case differing.wanted
          when 's' then 'safe'
          when 'r' then 'restricted'
          else 'unsafe'
        end
        when 'strict' then coalesce('strict' || nullif(differing.wanted, 'true'), 'called on null input')
        else 'reset all' || coalesce((
          select string_agg(
            format(
              '; alter function %s set %s = %s', name, split_part(pair, '=', 1),
              coalesce(nullif(substring(pair from '=(.*)'), '""'), '''''')), '')
          from jsonb_array_elements_text(expected -> 'settings') as pair), '')
      end)
      from differing
      where differing.key <> 'owner'
      order by differing.key)
  end
$$;

comment on function audit.suggest_function_remedy is 'Remedies for a function that differs.';

grant execute on function audit.suggest_function_remedy to task_auditor;
-- end db/functions/audit/suggest_function_remedy.sql

-- begin db/functions/audit/suggest_member_remedy.sql
-- Part of suggest_remedy: what was added to an operator family of PostgreSQL's own.

create or replace function audit.suggest_member_remedy(family text, method text) returns text[]
language sql stable
set search_path = ''
as $$
  select array(
    select format(
      'alter operator family %s using %s drop %s %s (%s, %s)',
      suggest_member_remedy.family, method, member.kind, member.number, member.lefttype::regtype,
      member.righttype::regtype)
    from (
      select
        'operator' as kind, operator.amopfamily as family, operator.amopstrategy as number,
        operator.amoplefttype as lefttype, operator.amoprighttype as righttype, operator.oid
      from pg_catalog.pg_amop as operator
      union all
      select
        'function', routine.amprocfamily, routine.amprocnum, routine.amproclefttype, routine.amprocrighttype,
        routine.oid
      from pg_catalog.pg_amproc as routine
    ) as member
    inner join pg_catalog.pg_opfamily as found on member.family = found.oid
    inner join pg_catalog.pg_am as access on found.opfmethod = access.oid
    where member.oid >= 16384 and access.amname = method
      and format('%s.%I', found.opfnamespace::regnamespace, found.opfname) = suggest_member_remedy.family
    order by member.kind, member.number)
$$;

comment on function audit.suggest_member_remedy is 'Remedies for members of an operator family.';

grant execute on function audit.suggest_member_remedy to task_auditor;
-- end db/functions/audit/suggest_member_remedy.sql

-- begin db/functions/audit/suggest_membership_remedy.sql
-- Since PostgreSQL 16 a membership is revoked by the role that granted it, and several may have granted it.

create or replace function audit.suggest_membership_remedy(role oid, holder oid) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select string_agg(
      format(
        'revoke %I from %I%s cascade',
        pg_get_userbyid(membership.roleid), pg_get_userbyid(membership.member),
        case when current_setting('server_version_num')::integer >= 160000
          then ' granted by ' || quote_ident(pg_get_userbyid(membership.grantor)) end),
      '; ' order by membership.grantor)
    from pg_catalog.pg_auth_members as membership
    where membership.roleid = role and membership.member = holder);
end $$;

comment on function audit.suggest_membership_remedy is 'The statements that end a membership.';

grant execute on function audit.suggest_membership_remedy to task_auditor;
-- end db/functions/audit/suggest_membership_remedy.sql

-- begin db/functions/audit/suggest_object_remedy.sql
-- Part of suggest_remedy: schemas, tables and views with their columns, types, domains and functions.
--
-- PostgreSQL's own objects ("born") are never dropped. A name without a schema is one of pg_catalog: a table
-- there can be changed only where that is allowed.

create or replace function audit.suggest_object_remedy(
  change text, kind text, name text, expected jsonb, actual jsonb) returns text[]
language plpgsql stable
set search_path = ''
as $$
declare
  v_sort constant text := case kind
    when 'composite type' then 'type'
    when 'function' then 'routine'
    else kind
  end;
  v_is_born constant boolean := change = 'added' and case kind
    when 'table' then exists (
      select from pg_catalog.pg_class as class
      where class.oid < 16384 and class.oid::regclass::text = name)
    when 'function' then exists (
      select from pg_catalog.pg_proc as routine
      where routine.oid < 16384 and routine.oid::regprocedure::text = name)
    else false
  end;
  v_steps text[];
begin
  if v_is_born then
    v_steps := array_remove(array[
      case when actual ->> 'owner' <> 'the first superuser'
        then format('alter %s %s owner to the first superuser', v_sort, name) end,
      case when actual ->> 'security' = 'definer' then format('alter function %s security invoker', name) end,
      case when actual ->> 'settings' is not null then format('alter function %s reset all', name) end
    ], null);
    if kind = 'table' and cardinality(v_steps) = 0 then
      v_steps := array[format('alter table %s disable row level security', name)];
    end if;
  elsif change = 'added' then
    v_steps := array[format('drop %s %s', v_sort, name)];
  elsif change = 'missing' then
    return array[case
      when kind in ('view', 'function') then audit.suggest_file(kind, name, expected)
      when kind = 'table' then 'by hand: restore it from a backup'
      else 'by hand: create it as in db/schema.sql'
    end];
  else
    return array_cat(
      array(
        select format('alter %s %s owner to %s', v_sort, name, expected ->> 'owner')
        where expected -> 'owner' <> actual -> 'owner'),
      case kind
        when 'function' then audit.suggest_function_remedy(name, expected, actual)
        when 'domain' then audit.suggest_domain_remedy(name, expected, actual)
        when 'view' then audit.suggest_option_remedy(kind, name, expected, actual) || array(
          select audit.suggest_file(kind, name, expected)
          where expected - '{owner,options}'::text[] <> actual - '{owner,options}'::text[])
        when 'table' then audit.suggest_table_remedy(name, expected, actual)
        else array(
          select 'by hand: create it again as in db/schema.sql'
          where expected - 'owner' <> actual - 'owner')
      end);
  end if;
  if kind = 'table' and name !~ '\.' then
    v_steps := 'set allow_system_table_mods = on'::text || v_steps || 'reset allow_system_table_mods'::text;
  end if;
  return v_steps;
end $$;

comment on function audit.suggest_object_remedy is
  'Remedies for a schema, a table, a view, a type, a domain or a function.';

grant execute on function audit.suggest_object_remedy to task_auditor;
-- end db/functions/audit/suggest_object_remedy.sql

-- begin db/functions/audit/suggest_option_remedy.sql
-- Part of suggest_remedy: storage parameters of a table or an index.

create or replace function audit.suggest_option_remedy(
  kind text, name text, expected jsonb, actual jsonb) returns text[]
language sql stable
set search_path = ''
as $$
  select array_remove(array[
    (
      select format(
        'alter %s %s reset (%s)', kind, name, string_agg(split_part(option.value, '=', 1), ', '))
      from jsonb_array_elements_text(actual -> 'options') as option
      where not coalesce(expected -> 'options' ? option.value, false)
      having count(*) > 0),
    (
      select format('alter %s %s set (%s)', kind, name, string_agg(option.value, ', '))
      from jsonb_array_elements_text(expected -> 'options') as option
      where not coalesce(actual -> 'options' ? option.value, false)
      having count(*) > 0)
  ], null)
$$;

comment on function audit.suggest_option_remedy is
  'Remedies for the storage parameters of a table or an index.';

grant execute on function audit.suggest_option_remedy to task_auditor;
-- end db/functions/audit/suggest_option_remedy.sql

-- begin db/functions/audit/suggest_part_remedy.sql
-- Part of suggest_remedy: what belongs to a table. "policy on table"; an index alone has a name of its own.

create or replace function audit.suggest_part_remedy(
  change text, kind text, name text, expected jsonb, actual jsonb) returns text[]
language plpgsql stable
set search_path = ''
as $$
declare
  v_match constant text[] := regexp_match(name, '^("(?:[^"]|"")*"|\S+) on (.*)$');
  v_part constant text := v_match[1];
  v_table constant text := v_match[2];
  -- All but the text of its definition differs.
  v_is_same constant boolean := change = 'changed' and expected -> 'definition' = actual -> 'definition';
  -- Of an index.
  v_indexed constant text := (
    select index.indrelid::regclass from pg_catalog.pg_index as index
    where kind = 'index' and index.indexrelid::regclass::text = name);
  v_drop text;
  v_create text;
begin
  if kind = 'constraint' then
    if v_is_same and actual -> 'enforced' = 'true' or actual ->> 'definition' ~ '^NOT NULL ' then
      return array[format('alter table %s validate constraint %s', v_table, v_part)];
    end if;
    v_drop := format('alter table %s drop constraint %s', v_table, v_part);
    v_create := format('alter table %s add constraint %s %s', v_table, v_part, expected ->> 'definition');
  elsif kind = 'index' then
    if v_is_same then
      return array_remove(array[
        case when actual -> 'valid' = 'false' then format('reindex index %s', name) end,
        case when actual ? 'clustered' then format('alter table %s set without cluster', v_indexed) end,
        case when expected -> 'owner' <> actual -> 'owner'
          then format('alter table %s owner to %s', v_indexed, expected ->> 'owner') end
      ], null) || audit.suggest_option_remedy('index', name, expected, actual);
    end if;
    v_drop := format('drop index %s', name);
    v_create := expected ->> 'definition';
  elsif name ~ '^one of a foreign key on ' then
    return array[format('alter table %s enable trigger all', substring(name from ' on (.*)$'))];
  elsif kind = 'trigger' then
    if v_is_same then
      return array[format('alter table %s enable trigger %s', v_table, v_part)];
    end if;
    v_drop := format('drop trigger %s', name);
    v_create := expected ->> 'definition';
  elsif v_part = '"_RETURN"' then
    return array[format(
      'by hand: drop the view %s, and apply the file of db/functions that creates it', v_table)];
  elsif kind = 'rule' then
    v_drop := format('drop rule %s', name);
  else
    v_drop := format('drop policy %s', name);
    v_create := format(
      'create policy %s as %s for %s to %s%s%s', name,
      case expected ->> 'permissive' when 'true' then 'permissive' else 'restrictive' end,
      expected ->> 'command', audit.print_value(expected -> 'roles'),
      ' using (' || (expected ->> 'using') || ')', ' with check (' || (expected ->> 'with check') || ')');
  end if;
  return array_remove(array[
    case when change <> 'missing' then v_drop end,
    case when change <> 'added' then v_create end], null);
end $$;

comment on function audit.suggest_part_remedy is
  'Remedies for a policy, a trigger, a rule, a constraint or an index.';

grant execute on function audit.suggest_part_remedy to task_auditor;
-- end db/functions/audit/suggest_part_remedy.sql

-- begin db/functions/audit/suggest_privilege_remedy.sql
-- Part of suggest_remedy: "select on table app.tasks for bob".

create or replace function audit.suggest_privilege_remedy(
  change text, kind text, name text, expected jsonb, actual jsonb) returns text[]
language plpgsql stable
set search_path = ''
as $$
declare
  v_part text[] := regexp_match(name, '^([a-z ]+) on (.*) for ("(?:[^"]|"")*"|[^"]+)$');
begin
  if kind = 'parameter privilege' then
    return array[format('revoke %s on parameter %s from %s cascade', v_part[1], v_part[2], v_part[3])];
  end if;
  v_part[2] := regexp_replace(v_part[2], '^database this$', 'database ' || quote_ident(current_database()));
  -- Also a procedure or an aggregate.
  v_part[2] := regexp_replace(v_part[2], '^function ', 'routine ');
  return array_remove(array[
    case when change <> 'missing' then format(
      'revoke %s%s on %s from %s cascade', v_part[1],
      case
        when actual ->> 'on the whole' = 'true' then ''
        else (
          select ' (' || string_agg(quote_ident(col), ', ') || ')'
          from jsonb_array_elements_text(actual -> 'columns') as col)
      end,
      v_part[2], v_part[3]) end,
    case when change <> 'added' then format(
      'grant %s%s on %s to %s%s', v_part[1],
      (
        select ' (' || string_agg(quote_ident(col), ', ') || ')'
        from jsonb_array_elements_text(expected -> 'columns') as col),
      v_part[2], v_part[3],
      case when (expected ->> 'grantable')::boolean then ' with grant option' end) end
  ], null);
end $$;

comment on function audit.suggest_privilege_remedy is 'Remedies for a privilege on an object or a parameter.';

grant execute on function audit.suggest_privilege_remedy to task_auditor;
-- end db/functions/audit/suggest_privilege_remedy.sql

-- begin db/functions/audit/suggest_remedy.sql
-- A remedy is SQL that can be pasted and takes the difference away, or begins with "by hand:" and says what a
-- person decides or does. Names of objects are written so: "policy on table", "member in role".

create or replace function audit.suggest_remedy(
  change text, kind text, name text, expected jsonb, actual jsonb) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  -- Of "this on that", "this in that", "this for that".
  v_part constant text[] := regexp_match(name, '^(.*) (?:on|in|for) ("(?:[^"]|"")*"|\S+)$');
  v_steps text[];
begin
  v_steps := case
    when kind in ('role', 'membership', 'setting', 'default privilege')
      then audit.suggest_role_remedy(change, kind, name, expected, actual)
    when kind in ('privilege', 'parameter privilege')
      then audit.suggest_privilege_remedy(change, kind, name, expected, actual)
    when kind in ('policy', 'trigger', 'rule', 'constraint', 'index')
      then audit.suggest_part_remedy(change, kind, name, expected, actual)
    when kind = 'column'
      then audit.suggest_column_remedy(change, name, expected, actual)
    when kind in (
      'schema', 'table', 'view', 'materialized view', 'foreign table', 'sequence', 'composite type', 'type',
      'domain', 'function')
      then audit.suggest_object_remedy(change, kind, name, expected, actual)
    when kind = 'cast'
      then array[format('drop cast (%s)', replace(name, ' to ', ' as '))]
    when kind = 'operator family' and actual ? 'added'
      then audit.suggest_member_remedy(v_part[1], v_part[2])
    when kind in ('operator class', 'operator family')
      then array[format('drop %s %s using %s', kind, v_part[1], v_part[2])]
    when kind = 'transform'
      then array[format('drop transform for %s language %s', v_part[1], v_part[2])]
    when kind = 'user mapping'
      then array[format('drop user mapping for %s server %s', v_part[1], v_part[2])]
    when kind = 'foreign server'
      then array[format('drop server %s', name)]
    when kind = 'replication slot'
      then array[format('select pg_drop_replication_slot(%L)', name)]
    when kind = 'subscription'
      -- Its slot stays with the publisher, which may not answer.
      then array[
        format('alter subscription %s disable', name),
        format('alter subscription %s set (slot_name = none)', name),
        format('drop subscription %s', name)]
    when kind = 'large objects'
      then array[format(
        'by hand: look at them, then select lo_unlink(oid) from pg_largeobject_metadata '
        'where lomowner = %L::regrole', regexp_replace(name, '^of ', ''))]
    when kind = 'server setting'
      then array[
        format('alter system set %s = %L', name, expected ->> 'value'), 'select pg_reload_conf()']
    when kind = 'security label'
      then array[format(
        'by hand: security label for %I on %s is null; or, where that is not loaded, delete it from '
        'pg_seclabel or pg_shseclabel', actual ->> 'provider', name)]
    when kind = 'database'
      then audit.suggest_database_remedy(expected, actual)
    when kind = 'language' and change = 'changed'
      then array[format(
        'update pg_catalog.pg_language set lanpltrusted = %L where lanname = %L',
        expected ->> 'trusted', name)]
    when kind = 'text search dictionary' and change = 'changed'
      then audit.suggest_dictionary_remedy(name, expected, actual)
    when kind = 'extension' and change = 'missing'
      then array[format('create extension %s schema %s', name, expected ->> 'schema')]
    when kind = 'extension' and change = 'changed' and expected -> 'schema' <> actual -> 'schema'
      then array[format('alter extension %s set schema %s', name, expected ->> 'schema')]
    when kind = 'extension' and change = 'changed'
      then array[format('by hand: compare its members (\dx+ %s) with those of a new database', name)]
    when kind = 'built-in functions'
      then array[
        'by hand: compare pg_proc with that of a new server of this release, and move the data to one']
    when change = 'added'
      then array[format('drop %s %s', kind, name)]
    else array['by hand: create it as in db/schema.sql']
  end;
  -- Two attributes may ask for the same. Words and statements together are words.
  return (
    select
      case when bool_or(once.step ~ '^by hand: ') then 'by hand: ' else '' end
      || string_agg(regexp_replace(once.step, '^by hand: ', ''), '; ' order by once.place)
    from (
      select given.step, min(given.place) as place
      from unnest(v_steps) with ordinality as given (step, place)
      group by given.step
    ) as once);
end $$;

comment on function audit.suggest_remedy is
  'The remedy of a difference: statements that can be pasted, or "by hand:" and a sentence.';

grant execute on function audit.suggest_remedy to task_auditor;
-- end db/functions/audit/suggest_remedy.sql

-- begin db/functions/audit/suggest_role_remedy.sql
-- Part of suggest_remedy: roles, memberships, settings and default privileges.

create or replace function audit.suggest_role_remedy(
  change text, kind text, name text, expected jsonb, actual jsonb) returns text[]
language plpgsql stable
set search_path = ''
as $$
declare
  v_part text[];
  v_steps text[];
begin
  case kind
  when 'membership' then
    return array(
      select audit.suggest_membership_remedy(membership.roleid, membership.member)
      from pg_catalog.pg_auth_members as membership
      where name = format(
        '%s in %s', audit.name_role(membership.member), audit.name_role(membership.roleid)));
  when 'setting' then
    v_part := regexp_match(name, '^(\S+) of (.*) in (every|this) database$');
    return array(
      select audit.suggest_setting_remedy(coalesce(role.oid, 0), v_part[3] = 'every', case
        when change = 'added' then 'reset ' || v_part[1]
        else format('set %s = %L', v_part[1], expected ->> 'value')
      end)
      from (values (v_part[2])) as named (role)
      left join pg_catalog.pg_roles as role on named.role = audit.name_role(role.oid));
  when 'default privilege' then
    v_part := regexp_match(
      name, '^(\w+) on ([a-z ]+) that ("[^"]*"|[^"]+) creates(?: in ("[^"]*"|\S+))? for (.*)$');
    return array(
      select format(
        'alter default privileges for role %s%s %s %s on %s %s %s%s', v_part[3], ' in schema ' || v_part[4],
        step.verb, v_part[1], v_part[2], step.preposition, v_part[5],
        case when step.verb = 'grant' and (expected ->> 'grantable')::boolean then ' with grant option' end)
      from (values
        ('revoke', 'from', change <> 'missing'), ('grant', 'to', change <> 'added')
      ) as step (verb, preposition, wanted)
      where step.wanted);
  else
    if change = 'missing' then
      return array['by hand: create it as in db/migrations/0001_roles.sql'];
    end if;
    -- Of a role that is none of Duly's, what makes it strong; else its memberships do.
    v_steps := array(
      select format(
        'alter role %s %s', name, case
          when attribute.key = 'connection limit'
            then format('connection limit %s', expected ->> attribute.key)
          when attribute.key = 'valid until'
            then format('valid until %L', coalesce(expected ->> attribute.key, 'infinity'))
          when coalesce((expected ->> attribute.key)::boolean, false) then attribute.key
          else 'no' || attribute.key
        end)
      from jsonb_each(actual) as attribute
      where case change
        when 'changed' then expected -> attribute.key <> attribute.value
        else attribute.key in ('superuser', 'bypassrls', 'createrole', 'replication')
          and attribute.value = 'true' end);
    if change = 'added' and cardinality(v_steps) = 0 then
      v_steps := array(
        select unnest(audit.suggest_role_remedy('added', object.kind, object.name, null, null))
        from audit.role_objects as object
        where object.kind = 'membership' and starts_with(object.name, suggest_role_remedy.name || ' in '));
    end if;
    return v_steps;
  end case;
end $$;

comment on function audit.suggest_role_remedy is
  'Remedies for a role, a membership, a setting or a default privilege.';

grant execute on function audit.suggest_role_remedy to task_auditor;
-- end db/functions/audit/suggest_role_remedy.sql

-- begin db/functions/audit/suggest_setting_remedy.sql
-- A setting is one of a role, a database, both or neither. Role 0 means all roles.

create or replace function audit.suggest_setting_remedy(role oid, everywhere boolean, change text)
returns text
language sql stable
return format(
  'alter %s %s',
  case
    when suggest_setting_remedy.role = 0 and everywhere then 'role all'
    when suggest_setting_remedy.role = 0 then format('database %I', current_database())
    when everywhere then format('role %I', pg_get_userbyid(suggest_setting_remedy.role))
    else format('role %I in database %I', pg_get_userbyid(suggest_setting_remedy.role), current_database())
  end,
  change);

comment on function audit.suggest_setting_remedy is
  'The statement that sets or resets a setting where it was made.';

grant execute on function audit.suggest_setting_remedy to task_auditor;
-- end db/functions/audit/suggest_setting_remedy.sql

-- begin db/functions/audit/role_faults.sql
-- Part 7 of the report: roles.

create or replace view audit.role_faults with (security_invoker = true) as
-- Of a role that borrows the rights of another, only that: all that it may do follows from it.
select
  split_part(told.sentence, ': ', 1) as fault,
  regexp_replace(substring(told.sentence from ': (.*)'), '^(?!alter |revoke )', 'by hand: ') as remedy
from (
  select audit.find_role_faults(service.role) as sentence from audit.services as service
  union all
  select audit.find_isolation_faults(service.role) as sentence from audit.services as service
  where not service.borrows
) as told

union

select
  format('role %I has the attribute %s', role.rolname, attribute.name) as fault,
  format('alter role %I no%s', role.rolname, attribute.name) as remedy
from pg_catalog.pg_roles as role
cross join lateral (values
  ('superuser', role.rolsuper), ('bypassrls', role.rolbypassrls), ('createrole', role.rolcreaterole),
  ('createdb', role.rolcreatedb), ('replication', role.rolreplication),
  (
    'login',
    role.rolcanlogin and role.rolname in ('task_owner', 'task_finder', 'task_keeper', 'task_porter')
  )
) as attribute (name, has)
where attribute.has
  and (
    role.rolname in ('task_owner', 'task_finder', 'task_keeper', 'task_porter', 'task_auditor')
    or role.oid in (select service.oid from audit.services as service)
    and attribute.name not in ('superuser', 'bypassrls'))

union

select
  format('role %I is a member of %I, and has or may take its rights', service.role, other.rolname) as fault,
  audit.suggest_membership_remedy(other.oid, service.oid) as remedy
from audit.services as service
inner join pg_catalog.pg_auth_members as membership on service.oid = membership.member
inner join pg_catalog.pg_roles as other on membership.roleid = other.oid
where other.oid not in (select same.oid from audit.services as same)

union

select
  format(
    'role %I has no %s, so that a request may hold a connection or a lock for ever',
    service.role, setting.name) as fault,
  format('alter role %I set %s = ''%s''', service.role, setting.name, setting.value) as remedy
from audit.services as service
cross join (values
  ('statement_timeout', '5s'), ('lock_timeout', '2s'), ('idle_in_transaction_session_timeout', '10s')
) as setting (name, value)
where not exists (
  select from audit.role_settings as found
  where found.role_oid in (0, service.oid) and found.name = setting.name
    and found.value !~ '^0+(ms|s|min|h|d|us)?$')

union

select
  format(
    '%s begins a session as the user %L, who nobody proved to be',
    coalesce('role ' || role.rolname, 'everybody'), setting.value) as fault,
  audit.suggest_setting_remedy(setting.role_oid, setting.everywhere, 'reset app.user_id') as remedy
from audit.role_settings as setting
left join pg_catalog.pg_roles as role on setting.role_oid = role.oid
where setting.name = 'app.user_id'

union

select
  format('a session of the service is logged in as %I', activity.usename) as fault,
  'by hand: set DATABASE_URL to log in as task_api, and start the service again' as remedy
from pg_catalog.pg_stat_activity as activity
where activity.datname = current_database() and activity.application_name = 'duly'
  and activity.usesysid not in (select service.oid from audit.services as service);

comment on view audit.role_faults is 'The rules of roles that are broken, each with its remedy.';

grant select on audit.role_faults to task_auditor;
-- end db/functions/audit/role_faults.sql

-- begin db/functions/audit/suggest_table_remedy.sql
-- Part of suggest_remedy: a table that differs.

create or replace function audit.suggest_table_remedy(name text, expected jsonb, actual jsonb)
returns text[]
language sql stable
set search_path = ''
as $$
  select audit.suggest_option_remedy('table', name, expected, actual) || array(
    select case differing.key
      when 'row-level security' then format(
        'alter table %s %s row level security', name,
        case differing.wanted when 'true' then 'enable' else 'disable' end)
      when 'forced' then format(
        'alter table %s %s row level security', name,
        case differing.wanted when 'true' then 'force' else 'no force' end)
      when 'replica identity' then format('alter table %s replica identity default', name)
      when 'unlogged' then format('alter table %s set logged', name)
      when 'parents' then (
        select string_agg(
          case
            when class.relkind = 'p' then format('alter table %s detach partition %s', parent.name, name)
            else format('alter table %s no inherit %s', name, parent.name)
          end, '; ')
        from jsonb_array_elements_text(actual -> 'parents') as parent (name)
        inner join pg_catalog.pg_class as class on class.oid::regclass::text = parent.name)
      else 'by hand: create it again as in db/schema.sql, and copy its rows'
    end
    from (
      select attribute.key, expected ->> attribute.key as wanted
      from jsonb_object_keys(expected || actual) as attribute (key)
      where expected -> attribute.key is distinct from actual -> attribute.key
        and attribute.key not in ('owner', 'options')
    ) as differing
    order by differing.key)
$$;

comment on function audit.suggest_table_remedy is 'Remedies for a table that differs.';

grant execute on function audit.suggest_table_remedy to task_auditor;
-- end db/functions/audit/suggest_table_remedy.sql

-- begin db/functions/audit/table_faults.sql
-- Part 7 of the report: tables, views and policies.

create or replace view audit.table_faults with (security_invoker = true) as
select
  format('table %s has no policy at all', found.relation) as fault,
  format(
    'by hand: create its policies, as in db/migrations/*_policies.sql, or drop %s', found.relation) as remedy
from audit.relations as found
where found.kind = 'table' and (found.schema = 'app' or found.has_user_id)
  and not exists (
    select from audit.policies as policy
    where policy.relation_oid = found.oid)

union

-- The policies of the services are left to audit.find_policy_faults, and those of Duly's definer roles to the
-- baseline. Any other role may have all rows only without a login, and as the owner of a definer function;
-- the report lists its reason.
select
  format(
    'policy %I lets %I see or write more than the user''s own rows in %s',
    policy.policy, role.rolname, policy.relation) as fault,
  format('drop policy %I on %s', policy.policy, policy.relation) as remedy
from audit.policies as policy
inner join pg_catalog.pg_roles as role on role.oid = any(policy.role_oids)
  and role.oid not in (select service.oid from audit.services as service)
  and role.rolname not in ('task_finder', 'task_keeper', 'task_porter')
inner join audit.relations as found on policy.relation_oid = found.oid
  and (found.schema = 'app' or found.has_user_id)
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
  format('by hand: keep one of %s', string_agg(policy.policy, ', ' order by policy.policy)) as remedy
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
      inner join audit.relations as read on dependency.refobjid = read.oid and read.oid <> found.oid
        and (read.schema = 'app' or read.has_user_id)
      where rule.ev_class = found.oid))

union

select
  format('table %s has a rule, which runs with the rights of its owner', found.relation) as fault,
  format('by hand: drop the rules of %s; use a trigger', found.relation) as remedy
from audit.relations as found
where found.kind = 'table' and found.has_rules and (found.schema = 'app' or found.has_user_id)

union

-- Where task_owner itself may log in, that is one fault, of the role.
select
  format(
    '%s %s belongs to %I, who may log in and undo what protects it', found.kind, found.relation, found.owner
  ) as fault,
  format('alter %s %s owner to task_owner', found.kind, found.relation) as remedy
from audit.relations as found
inner join pg_catalog.pg_roles as owner on found.owner_oid = owner.oid
  and (owner.rolcanlogin or owner.rolsuper or owner.rolbypassrls) and owner.rolname <> 'task_owner'
where found.schema in ('app', 'api', 'audit', 'finder', 'keeper', 'porter');

comment on view audit.table_faults is
  'The rules of tables, views and policies that are broken, each with its remedy.';

grant select on audit.table_faults to task_auditor;
-- end db/functions/audit/table_faults.sql

-- begin db/functions/audit/faults.sql
-- The rules of the audit. audit.review adds the differences from the baseline.

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

comment on view audit.faults is 'The rules that are broken, each with its remedy.';

grant select on audit.faults to task_auditor;
-- end db/functions/audit/faults.sql

-- begin db/functions/audit/review.sql
-- The rules (audit.faults) and the differences from the baseline, together. An accepted fault is known by its
-- id, which changes with what was found: after another change it is not accepted any more.

create or replace function audit.review(baseline jsonb, accepted jsonb)
returns table (id text, severity text, fault text, remedy text, accepted_by text, accepted_because text)
language sql stable
set search_path = ''
as $$
  with found as (
    select
      format('rule-%s:%s', rule.part, left(md5(rule.fault), 8)) as id,
      case
        when rule.fault ~ ' has no \w*timeout' then 'medium'
        when rule.part in ('roles', 'tables') or rule.fault ~ '^public ' then 'critical'
        else 'high'
      end as severity,
      rule.fault, rule.remedy
    from audit.faults as rule

    union all

    select difference.id, difference.severity, difference.fault, difference.remedy
    from audit.compare(baseline) as difference
  )

  select found.id, found.severity, found.fault, found.remedy, entry ->> 'name', entry ->> 'reason'
  from found
  left join jsonb_array_elements(accepted) as entry on entry ->> 'id' = found.id
  order by
    entry is not null, array_position(array['critical', 'high', 'medium', 'low'], found.severity), found.id
$$;

comment on function audit.review is
  'All faults, by the rules and by the baseline; the more dangerous first, the accepted ones last.';

grant execute on function audit.review to task_auditor;
-- end db/functions/audit/review.sql

-- begin db/functions/audit/type_objects.sql
-- Types, and what decides how values are compared and converted. Objects with a number from 16384 on are not
-- PostgreSQL's own.

create or replace view audit.type_objects with (security_invoker = true) as
select
  case type.typtype when 'd' then 'domain' else 'type' end as kind,
  type.oid::regtype::text as name,
  jsonb_strip_nulls(jsonb_build_object(
    'owner', audit.name_role(type.typowner),
    'base', case when type.typtype = 'd' then format_type(type.typbasetype, type.typtypmod) end,
    'not null', nullif(type.typnotnull, false),
    'default', type.typdefault,
    'constraints', (
      select jsonb_object_agg(
        bond.conname,
        pg_get_constraintdef(bond.oid) || case when bond.convalidated then '' else ' (not valid)' end)
      from pg_catalog.pg_constraint as bond
      where bond.contypid = type.oid and bond.contype = 'c'),
    'labels', (
      select jsonb_agg(label.enumlabel order by label.enumsortorder) from pg_catalog.pg_enum as label
      where label.enumtypid = type.oid))) as definition
from pg_catalog.pg_type as type
left join pg_catalog.pg_class as class on type.typrelid = class.oid
where audit.is_watched(type.typnamespace) and type.typcategory <> 'A' and type.typtype <> 'm'
  and (class.oid is null or class.relkind = 'c')
  and not audit.is_in_extension('pg_catalog.pg_type'::regclass, type.oid)

union all

select
  'cast',
  format('%s to %s', made.castsource::regtype, made.casttarget::regtype),
  jsonb_build_object(
    'function', nullif(made.castfunc, 0)::regprocedure::text, 'context', made.castcontext::text,
    'method', made.castmethod::text)
from pg_catalog.pg_cast as made
where made.oid >= 16384 and not audit.is_in_extension('pg_catalog.pg_cast'::regclass, made.oid)

union all

select
  'operator',
  operator.oid::regoperator::text,
  jsonb_build_object(
    'owner', audit.name_role(operator.oprowner), 'function', operator.oprcode::regproc::text)
from pg_catalog.pg_operator as operator
where operator.oid >= 16384
  and not audit.is_in_extension('pg_catalog.pg_operator'::regclass, operator.oid)

union all

select
  'operator class',
  format('%s.%I for %s', class.opcnamespace::regnamespace, class.opcname, method.amname),
  jsonb_build_object(
    'owner', audit.name_role(class.opcowner), 'type', class.opcintype::regtype::text,
    'default', class.opcdefault)
from pg_catalog.pg_opclass as class
inner join pg_catalog.pg_am as method on class.opcmethod = method.oid
where class.oid >= 16384 and not audit.is_in_extension('pg_catalog.pg_opclass'::regclass, class.oid)

union all

-- To a family of PostgreSQL's own, operators and functions can be added.
select
  'operator family',
  format('%s.%I for %s', family.opfnamespace::regnamespace, family.opfname, method.amname),
  jsonb_build_object('owner', audit.name_role(family.opfowner)) || case
    when family.oid < 16384 then jsonb_build_object('added', added.members)
    else '{}'
  end
from pg_catalog.pg_opfamily as family
inner join pg_catalog.pg_am as method on family.opfmethod = method.oid
cross join lateral (
  select jsonb_agg(member.name order by member.name) as members
  from (
    select operator.amopopr::regoperator::text as name
    from pg_catalog.pg_amop as operator
    where operator.amopfamily = family.oid and operator.oid >= 16384
      and not audit.is_in_extension('pg_catalog.pg_amop'::regclass, operator.oid)
    union all
    select routine.amproc::regprocedure::text
    from pg_catalog.pg_amproc as routine
    where routine.amprocfamily = family.oid and routine.oid >= 16384
      and not audit.is_in_extension('pg_catalog.pg_amproc'::regclass, routine.oid)
  ) as member
) as added
where (family.oid >= 16384 or added.members is not null)
  and not audit.is_in_extension('pg_catalog.pg_opfamily'::regclass, family.oid)

union all

select
  'collation',
  format('%s.%I', coll.collnamespace::regnamespace, coll.collname),
  jsonb_build_object('owner', audit.name_role(coll.collowner), 'provider', coll.collprovider::text)
from pg_catalog.pg_collation as coll
where coll.oid >= 16384 and (audit.is_watched(coll.collnamespace) or coll.collowner <> 10)

union all

select
  'conversion',
  format('%s.%I', conversion.connamespace::regnamespace, conversion.conname),
  jsonb_build_object(
    'owner', audit.name_role(conversion.conowner), 'function', conversion.conproc::regproc::text,
    'default', conversion.condefault)
from pg_catalog.pg_conversion as conversion
where conversion.oid >= 16384

union all

select
  'access method',
  quote_ident(method.amname),
  jsonb_build_object('handler', method.amhandler::regproc::text)
from pg_catalog.pg_am as method
where method.oid >= 16384

union all

select
  'transform',
  format('%s for %s', transform.trftype::regtype, language.lanname),
  jsonb_build_object('from', transform.trffromsql::regproc::text, 'to', transform.trftosql::regproc::text)
from pg_catalog.pg_transform as transform
inner join pg_catalog.pg_language as language on transform.trflang = language.oid;

comment on view audit.type_objects is
  'The part of audit.objects about types, domains, casts, operators and collations.';

grant select on audit.type_objects to task_auditor;
-- end db/functions/audit/type_objects.sql

-- begin db/functions/audit/objects.sql
-- The audit compares this view with db/audit/baseline.sql.

create or replace view audit.objects with (security_invoker = true) as
select kind, name, definition from audit.role_objects
union all
select kind, name, definition from audit.relation_objects
union all
select kind, name, definition from audit.part_objects
union all
select kind, name, definition from audit.routine_objects
union all
select kind, name, definition from audit.type_objects
union all
select kind, name, definition from audit.search_objects
union all
select kind, name, definition from audit.privilege_objects
union all
select kind, name, definition from audit.server_objects
union all
select kind, name, definition from audit.channel_objects;

comment on view audit.objects is
  'Every object that bears on who may see or do what: its kind, its name, and its definition by attribute.';

grant select on audit.objects to task_auditor;
-- end db/functions/audit/objects.sql

reset role;

-- migrate:down

set local role task_owner;

-- drop db/functions/audit/objects.sql
drop view audit.objects;

-- drop db/functions/audit/type_objects.sql
drop view audit.type_objects;

-- drop db/functions/audit/review.sql
drop function audit.review;

-- drop db/functions/audit/faults.sql
drop view audit.faults;

-- drop db/functions/audit/table_faults.sql
drop view audit.table_faults;

-- drop db/functions/audit/suggest_table_remedy.sql
drop function audit.suggest_table_remedy;

-- drop db/functions/audit/role_faults.sql
drop view audit.role_faults;

-- drop db/functions/audit/suggest_setting_remedy.sql
drop function audit.suggest_setting_remedy;

-- drop db/functions/audit/suggest_role_remedy.sql
drop function audit.suggest_role_remedy;

-- drop db/functions/audit/suggest_remedy.sql
drop function audit.suggest_remedy;

-- drop db/functions/audit/suggest_privilege_remedy.sql
drop function audit.suggest_privilege_remedy;

-- drop db/functions/audit/suggest_part_remedy.sql
drop function audit.suggest_part_remedy;

-- drop db/functions/audit/suggest_option_remedy.sql
drop function audit.suggest_option_remedy;

-- drop db/functions/audit/suggest_object_remedy.sql
drop function audit.suggest_object_remedy;

-- drop db/functions/audit/suggest_membership_remedy.sql
drop function audit.suggest_membership_remedy;

-- drop db/functions/audit/suggest_member_remedy.sql
drop function audit.suggest_member_remedy;

-- drop db/functions/audit/suggest_function_remedy.sql
drop function audit.suggest_function_remedy;

-- drop db/functions/audit/suggest_file.sql
drop function audit.suggest_file;

-- drop db/functions/audit/suggest_domain_remedy.sql
drop function audit.suggest_domain_remedy;

-- drop db/functions/audit/suggest_dictionary_remedy.sql
drop function audit.suggest_dictionary_remedy;

-- drop db/functions/audit/suggest_database_remedy.sql
drop function audit.suggest_database_remedy;

-- drop db/functions/audit/suggest_column_remedy.sql
drop function audit.suggest_column_remedy;

-- drop db/functions/audit/privilege_faults.sql
drop view audit.privilege_faults;

-- drop db/functions/audit/function_faults.sql
drop view audit.function_faults;

-- drop db/functions/audit/services.sql
drop view audit.services;

-- drop db/functions/audit/server_objects.sql
drop view audit.server_objects;

-- drop db/functions/audit/search_objects.sql
drop view audit.search_objects;

-- drop db/functions/audit/routine_objects.sql
drop view audit.routine_objects;

-- drop db/functions/audit/roles.sql
drop view audit.roles;

-- drop db/functions/audit/role_settings.sql
drop view audit.role_settings;

-- drop db/functions/audit/role_objects.sql
drop view audit.role_objects;

-- drop db/functions/audit/privileges.sql
drop view audit.privileges;

-- drop db/functions/audit/relations.sql
drop view audit.relations;

-- drop db/functions/audit/relation_objects.sql
drop view audit.relation_objects;

-- drop db/functions/audit/rate.sql
drop function audit.rate;

-- drop db/functions/audit/privilege_objects.sql
drop view audit.privilege_objects;

-- drop db/functions/audit/describe_difference.sql
drop function audit.describe_difference;

-- drop db/functions/audit/print_value.sql
drop function audit.print_value;

-- drop db/functions/audit/policies.sql
drop view audit.policies;

-- drop db/functions/audit/part_objects.sql
drop view audit.part_objects;

-- drop db/functions/audit/channel_objects.sql
drop view audit.channel_objects;

-- drop db/functions/audit/name_role.sql
drop function audit.name_role;

-- drop db/functions/audit/find_isolation_faults.sql
drop function audit.find_isolation_faults;

-- drop db/functions/audit/find_table_faults.sql
drop function audit.find_table_faults;

-- drop db/functions/audit/find_policy_faults.sql
drop function audit.find_policy_faults;

-- drop db/functions/audit/list_user_tables.sql
drop function audit.list_user_tables;

-- drop db/functions/audit/kinds.sql
drop view audit.kinds;

-- drop db/functions/audit/is_watched.sql
drop function audit.is_watched;

-- drop db/functions/audit/is_in_extension.sql
drop function audit.is_in_extension;

-- drop db/functions/audit/functions.sql
drop view audit.functions;

-- drop db/functions/audit/find_setting_faults.sql
drop function audit.find_setting_faults;

-- drop db/functions/audit/find_role_faults.sql
drop function audit.find_role_faults;

-- drop db/functions/audit/find_owner.sql
drop function audit.find_owner;

-- drop db/functions/audit/find_function_faults.sql
drop function audit.find_function_faults;

-- drop db/functions/audit/digest_words.sql
drop function audit.digest_words;

-- drop db/functions/audit/digest_body.sql
drop function audit.digest_body;

-- drop db/functions/audit/describe_rows.sql
drop function audit.describe_rows;

-- drop db/functions/audit/default_privileges.sql
drop view audit.default_privileges;

-- drop db/functions/audit/compare.sql
drop function audit.compare;

reset role;
