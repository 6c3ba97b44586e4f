-- Part 7 of the report: functions.

create or replace view audit.function_faults with (security_invoker = true) as
-- What several rules read is read, and planned, once.
with routine as (
  select
    found.oid, found.schema, found.function, found.owner_oid, found.owner, found.definer, found.leakproof,
    found.search_path, found.bound, found.about, found.sort
  from audit.functions as found
  where not found.in_extension
)

-- A definer function must pin its path even where its body is bound: the functions that it calls run with its
-- owner's rights as well.
select
  format(
    'function %s has no pinned path: whoever calls it decides what the names in it mean', found.function
  ) as fault,
  format('alter %s %s set search_path = ''''', found.sort, found.function) as remedy
from routine as found
where found.sort <> 'aggregate'
  and (found.definer or found.schema in ('app', 'api', 'audit', 'finder', 'keeper', 'porter', 'spread'))
  and coalesce(found.search_path, '-') not in ('""', 'pg_catalog', 'pg_catalog, pg_temp')
  and (found.definer or not found.bound)

union

select
  format(
    'function %s runs with the rights of %I and does not say why', found.function, found.owner
  ) as fault,
  format(
    'by hand: comment on function %s is ''Definer, …'', or alter function %1$s security invoker',
    found.function
  ) as remedy
from routine as found
where found.definer and coalesce(found.about !~ '^Definer, ', true)

union

select
  format(
    'function %s runs with the rights of %I, and is in none of the schemas for that',
    found.function, found.owner) as fault,
  format(
    'by hand: alter function %s security invoker, or create it in finder, keeper or porter, as their owner',
    found.function) as remedy
from routine as found
where found.definer and found.schema not in ('finder', 'keeper', 'porter')

union

-- Where one of the definer roles itself may do more, that is one fault, of the role.
select
  format(
    'function %s runs with the rights of %I, who may do more than it needs', found.function, found.owner
  ) as fault,
  format(
    'by hand: alter function %s owner to a role of its own, without login, that owns no table', found.function
  ) as remedy
from routine as found
inner join pg_catalog.pg_roles as owner on found.owner_oid = owner.oid
where found.definer
  and owner.rolname not in ('task_finder', 'task_keeper', 'task_porter')
  and (
    owner.rolsuper or owner.rolbypassrls or owner.rolcanlogin
    or exists (
      select from audit.relations as owned
      where owned.owner_oid = owner.oid and owned.kind = 'table'))

union

-- These roles need app.search_entries, app.task_counts and the like, and no task.
select
  format(
    '%I may read %s of everybody''s tasks, which it does not need',
    owner.rolname, string_agg(attribute.attname, ', ' order by attribute.attnum)) as fault,
  format('revoke select on app.tasks from %I', owner.rolname) as remedy
from pg_catalog.pg_roles as owner
cross join audit.relations as tasks
inner join pg_catalog.pg_attribute as attribute on tasks.oid = attribute.attrelid
where owner.rolname in ('task_finder', 'task_keeper', 'task_porter')
  and tasks.schema = 'app' and tasks.relation in ('tasks', 'app.tasks')
  and attribute.attnum > 0 and not attribute.attisdropped
  and has_column_privilege(owner.oid, tasks.oid, attribute.attnum, 'select')
group by owner.rolname

union

select
  format(
    'function %s is leakproof: it may be shown rows before row-level security has taken them out',
    found.function) as fault,
  format('alter function %s not leakproof', found.function) as remedy
from routine as found
where found.leakproof

union

select
  format('function %s is in none of the schemas that %I is for', found.function, service.role) as fault,
  format(
    'by hand: revoke execute on function %s from %I, or from whom it has that', found.function, service.role
  ) as remedy
from routine as found
cross join audit.services as service
where not service.borrows
  and found.schema not in ('app', 'api', 'audit', 'finder', 'keeper', 'porter', 'spread')
  and has_schema_privilege(service.oid, found.schema, 'usage')
  and has_function_privilege(service.oid, found.oid, 'execute');

comment on view audit.function_faults is 'The rules of functions that are broken, each with its remedy.';

grant select on audit.function_faults to task_auditor;
