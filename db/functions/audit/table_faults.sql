-- Part 7 of the report: tables, views and policies.

create or replace view audit.table_faults with (security_invoker = true) as
-- What several rules read is read, and planned, once.
with relation as (
  select
    found.oid, found.relation, found.schema, found.kind, found.owner, found.owner_oid,
    found.security_invoker, found.has_user_id, found.has_rules
  from audit.relations as found
),

permit as (
  select
    found.relation_oid, found.relation, found.policy, found.command, found.role_oids, found.permissive,
    found.sees, found.writes
  from audit.policies as found
)

select
  format('table %s has no policy at all', found.relation) as fault,
  format(
    'by hand: create its policies, as in db/migrations/*_policies.sql, or drop %s', found.relation) as remedy
from relation as found
where found.kind = 'table' and (found.schema = 'app' or found.has_user_id)
  and not exists (
    select from permit as policy
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
from permit as policy
inner join pg_catalog.pg_roles as role on role.oid = any(policy.role_oids)
  and role.oid not in (select service.oid from audit.services as service)
  and role.rolname not in ('task_finder', 'task_keeper', 'task_porter')
inner join relation as found on policy.relation_oid = found.oid
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
from permit as policy
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
from relation as found
where found.kind = 'view' and not found.security_invoker
  and (
    found.schema in ('app', 'api', 'audit', 'finder', 'keeper', 'porter', 'spread')
    or exists (
      select from pg_catalog.pg_rewrite as rule
      inner join pg_catalog.pg_depend as dependency
        on dependency.classid = 'pg_catalog.pg_rewrite'::regclass and rule.oid = dependency.objid
        and dependency.refclassid = 'pg_catalog.pg_class'::regclass
      inner join relation as read on dependency.refobjid = read.oid and read.oid <> found.oid
        and (read.schema = 'app' or read.has_user_id)
      where rule.ev_class = found.oid))

union

select
  format('table %s has a rule, which runs with the rights of its owner', found.relation) as fault,
  format('by hand: drop the rules of %s; use a trigger', found.relation) as remedy
from relation as found
where found.kind = 'table' and found.has_rules and (found.schema = 'app' or found.has_user_id)

union

-- Where task_owner itself may log in, that is one fault, of the role.
select
  format(
    '%s %s belongs to %I, who may log in and undo what protects it', found.kind, found.relation, found.owner
  ) as fault,
  format('alter %s %s owner to task_owner', found.kind, found.relation) as remedy
from relation as found
inner join pg_catalog.pg_roles as owner on found.owner_oid = owner.oid
  and (owner.rolcanlogin or owner.rolsuper or owner.rolbypassrls) and owner.rolname <> 'task_owner'
where found.schema in ('app', 'api', 'audit', 'finder', 'keeper', 'porter', 'spread');

comment on view audit.table_faults is
  'The rules of tables, views and policies that are broken, each with its remedy.';

grant select on audit.table_faults to task_auditor;
