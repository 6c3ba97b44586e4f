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
