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
