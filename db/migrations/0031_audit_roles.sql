-- migrate:up

-- Who there is, for the report of db/audit. These views, and those of the next migrations, read the catalog alone, with the
-- rights of whoever asks. A fault comes with what to do about it.

set local role task_owner;

-- A superuser is a member of every role: it counts where it was made one.
create view audit.services with (security_invoker = true) as
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

create view audit.role_settings with (security_invoker = true) as
select
  setting.setrole as role_oid,
  split_part(pair, '=', 1) as name,
  substring(pair from '=(.*)') as value
from pg_catalog.pg_db_role_setting as setting
cross join unnest(setting.setconfig) as pair
left join pg_catalog.pg_database as database on setting.setdatabase = database.oid
where setting.setdatabase = 0 or database.datname = current_database();

comment on view audit.role_settings is 'The settings that each role begins a session with in this database; role 0 means all roles.';

create view audit.roles with (security_invoker = true) as
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

create view audit.role_faults with (security_invoker = true) as
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
  ('login', role.rolcanlogin and role.rolname in ('task_owner', 'task_finder', 'task_keeper'))
) as attribute (name, has)
where attribute.has
  and (
    role.rolname in ('task_owner', 'task_finder', 'task_keeper', 'task_auditor')
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

grant select on audit.services, audit.role_settings, audit.roles, audit.role_faults to task_auditor;

reset role;

-- migrate:down

set local role task_owner;
drop view audit.role_faults;
drop view audit.roles;
drop view audit.role_settings;
drop view audit.services;
reset role;
