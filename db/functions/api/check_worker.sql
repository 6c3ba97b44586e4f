-- Called by the worker at its start, before it takes any work: a function that is missing, or that the role
-- may not execute, would otherwise be found at the first reminder. Those of the schema spread are expected
-- where db/citus/spread.sql was applied.

create or replace function api.check_worker(functions jsonb) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(
      case
        when routine.oid is null
          then format('function %s is missing: run %s', wanted.name,
            case when wanted.name ~ '^spread\.' then 'make spread' else 'duly migrate (make migrate)' end)
        else format('%1$I may not execute function %2$s: grant execute on function %2$s to task_worker',
          current_user, wanted.name) end
      order by wanted.name), '[]')
    from jsonb_array_elements_text(functions) as wanted (name)
    left join pg_catalog.pg_proc as routine on to_regprocedure(wanted.name) = routine.oid
    where (routine.oid is null or not has_function_privilege(routine.oid, 'execute'))
      and (wanted.name !~ '^spread\.' or to_regnamespace('spread') is not null));
end $$;

comment on function api.check_worker is
  'Which of these functions are missing, or may not be executed: a sentence for each. For the worker.';

grant execute on function api.check_worker to task_worker;
