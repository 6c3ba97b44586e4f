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
