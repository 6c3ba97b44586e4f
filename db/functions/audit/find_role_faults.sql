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
