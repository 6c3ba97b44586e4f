-- migrate:up

-- Tables, views and policies, for the report.

set local role task_owner;

create view audit.relations with (security_invoker = true) as
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

create view audit.policies with (security_invoker = true) as
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

create view audit.table_faults with (security_invoker = true) as
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
    found.schema in ('app', 'api', 'audit')
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
where found.schema in ('app', 'api', 'audit');

comment on view audit.table_faults is 'What is off with tables, views and policies, and what to do about it.';

grant select on audit.relations, audit.policies, audit.table_faults to task_auditor;

reset role;

-- migrate:down

set local role task_owner;
drop view audit.table_faults;
drop view audit.policies;
drop view audit.relations;
reset role;
