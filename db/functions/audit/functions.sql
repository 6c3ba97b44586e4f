-- Part 5 of the report: above all the functions that run with their owner's rights.

create or replace view audit.functions with (security_invoker = true) as
select
  function.oid,
  namespace.nspname as schema,
  function.oid::regprocedure::text as function,
  function.proowner as owner_oid,
  owner.rolname as owner,
  function.prosecdef as definer,
  case function.provolatile
    when 'i' then 'immutable'
    when 's' then 'stable'
    else 'volatile'
  end as volatility,
  function.proleakproof as leakproof,
  (
    select substring(setting from '=(.*)')
    from unnest(function.proconfig) as setting
    where setting like 'search\_path=%') as search_path,
  -- A body without quotes is bound to its names when it is made.
  function.prosqlbody is not null as bound,
  obj_description(function.oid, 'pg_proc') as about,
  function.oid in (
    select dependency.objid from pg_catalog.pg_depend as dependency
    where dependency.classid = 'pg_catalog.pg_proc'::regclass and dependency.deptype = 'e') as in_extension,
  function.proacl as acl,
  case function.prokind
    when 'p' then 'procedure'
    when 'a' then 'aggregate'
    else 'function'
  end as sort
from pg_catalog.pg_proc as function
inner join pg_catalog.pg_namespace as namespace on function.pronamespace = namespace.oid
inner join pg_catalog.pg_roles as owner on function.proowner = owner.oid
where namespace.nspname !~ '^pg_' and namespace.nspname <> 'information_schema';

comment on view audit.functions is 'Every function outside of PostgreSQL''s own schemas.';

grant select on audit.functions to task_auditor;
