-- Part 7 of the report: roles.

create or replace view audit.role_faults with (security_invoker = true) as
-- What several rules read is read, and planned, once.
with service as (
  select found.oid, found.role, found.borrows from audit.services as found
)

-- Of a role that borrows the rights of another, only that: all that it may do follows from it.
select
  split_part(told.sentence, ': ', 1) as fault,
  regexp_replace(substring(told.sentence from ': (.*)'), '^(?!alter |revoke )', 'by hand: ') as remedy
from (
  select audit.find_role_faults(service.role) as sentence from service
  union all
  select audit.find_isolation_faults(service.role) as sentence from service
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
    -- On Citus it logs in from machine to machine.
    and not (role.rolname = 'task_porter' and audit.is_on_citus())
  )
) as attribute (name, has)
where attribute.has
  and (
    role.rolname in ('task_owner', 'task_finder', 'task_keeper', 'task_porter', 'task_auditor')
    or role.oid in (select service.oid from service)
    and attribute.name not in ('superuser', 'bypassrls'))

union

select
  format('role %I is a member of %I, and has or may take its rights', service.role, other.rolname) as fault,
  audit.suggest_membership_remedy(other.oid, service.oid) as remedy
from service
inner join pg_catalog.pg_auth_members as membership on service.oid = membership.member
inner join pg_catalog.pg_roles as other on membership.roleid = other.oid
where other.oid not in (select same.oid from service as same)

union

select
  format(
    'role %I has no %s, so that a request may hold a connection or a lock for ever',
    service.role, setting.name) as fault,
  format('alter role %I set %s = ''%s''', service.role, setting.name, setting.value) as remedy
from service
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
  and activity.usesysid not in (select service.oid from service);

comment on view audit.role_faults is 'The rules of roles that are broken, each with its remedy.';

grant select on audit.role_faults to task_auditor;
