-- The rules of the audit. audit.review adds the differences from the baseline.

create or replace view audit.faults with (security_invoker = true) as
select found.part, found.fault, found.remedy
from (
  select 'roles' as part, * from audit.role_faults
  union all
  select 'tables' as part, * from audit.table_faults
  union all
  select 'functions' as part, * from audit.function_faults
  union all
  select 'privileges' as part, * from audit.privilege_faults
  union all
  select 'shards' as part, * from audit.shard_faults
) as found;

comment on view audit.faults is 'The rules that are broken, each with its remedy.';

grant select on audit.faults to task_auditor;
