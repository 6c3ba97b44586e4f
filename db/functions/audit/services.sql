-- The views of this room read the catalog alone, with the rights of their reader.
--
-- A superuser is a member of every role: it counts only where it was made one.

create or replace view audit.services with (security_invoker = true) as
select
  service.oid,
  service.rolname as role,
  service.rolsuper as superuser
from pg_catalog.pg_roles as service
where service.rolname in ('task_api', 'task_worker')
  or not service.rolsuper
  and (pg_has_role(service.oid, 'task_api', 'usage') or pg_has_role(service.oid, 'task_worker', 'usage'))
  or exists (
    select from pg_catalog.pg_auth_members as membership
    inner join pg_catalog.pg_roles as api on membership.roleid = api.oid
      and api.rolname in ('task_api', 'task_worker')
    where service.rolsuper and membership.member = service.oid);

comment on view audit.services is
  'The roles that the service can connect as: task_api, task_worker, and those that inherit their rights.';

grant select on audit.services to task_auditor;
