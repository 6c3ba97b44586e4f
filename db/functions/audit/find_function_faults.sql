-- Readiness compares, of each function: owner, volatility, security, leakproof, settings and body. The service
-- hands over the expected ones, from db/audit/baseline.sql. Those of PostgreSQL come without an owner: the first
-- superuser has another name on each server.

create or replace function audit.find_function_faults(expected jsonb, role name) returns setof text
language sql stable
set search_path = ''
as $$
  select case
    when routine.oid is null
      then format('function %s is missing: run duly migrate (make migrate)', wanted.name)
    when wanted.definition <> present.definition then format(
      'function %s is not as it was made (%s): %s', wanted.name, (
        select string_agg(attribute.key, ', ' order by attribute.key)
        from jsonb_object_keys(wanted.definition || present.definition) as attribute (key)
        where present.definition -> attribute.key is distinct from wanted.definition -> attribute.key),
      case when wanted.definition ? 'owner' then 'apply the file of db/functions that makes it'
        else 'make audit says what to do' end)
    else format(
      '%1$I may not execute function %2$s: grant execute on function %2$s to task_api', role, wanted.name)
    end
  from (
    select entry.key as name, nullif(entry.value, 'null') as definition from jsonb_each(expected) as entry
  ) as wanted
  left join pg_catalog.pg_proc as routine on routine.oid = to_regprocedure(wanted.name)
  cross join lateral (
    select jsonb_strip_nulls(jsonb_build_object(
      'owner', case when wanted.definition ? 'owner' then pg_get_userbyid(routine.proowner) end,
      'volatility', case routine.provolatile
        when 'i' then 'immutable'
        when 's' then 'stable'
        else 'volatile'
      end,
      'security', case when routine.prosecdef then 'definer' else 'invoker' end,
      'leakproof', routine.proleakproof,
      'settings', routine.proconfig,
      'body', case when routine.prosqlbody is null
        then md5(routine.prosrc || coalesce(routine.probin, '')) end,
      'words', case when routine.prosqlbody is not null
        then audit.digest_words(pg_get_function_sqlbody(routine.oid)) end
    )) as definition
  ) as present
  where routine.oid is null
    or wanted.definition <> present.definition
    or wanted.name ~ '^api\.' and not has_function_privilege(role, routine.oid, 'execute')
$$;

comment on function audit.find_function_faults is
  'Which of these functions is missing, differs, or may not be executed by the role: a sentence for each.';

grant execute on function audit.find_function_faults to task_api, task_auditor;
