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
