-- GET /health/ready. The codes are for anybody; the sentences name tables, roles and policies, and are for
-- the log.

create or replace function api.check_readiness(migrations jsonb, functions jsonb) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_after_later constant boolean := exists (
    select from keeper.list_migrations() as applied (version)
    where applied.version > (
      select max(known.version) from jsonb_array_elements_text(migrations) as known (version)));
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object('code', found.code, 'reason', found.reason)), '[]')
    from (
      -- Whoever logged in counts too: reset role would lead back to it.
      select distinct 'isolation' as code, audit.find_isolation_faults(role, reachable_only => true) as reason
      from unnest(array[current_user, session_user]) as role
      union all
      select
        'migrations-pending',
        format('migration %s is pending: run duly migrate (make migrate)', pending.version)
      from jsonb_array_elements_text(migrations) as pending (version)
      where pending.version not in (select keeper.list_migrations())
      union all
      select 'functions', audit.find_function_faults(functions, current_user, v_after_later)
      union all
      select 'settings', audit.find_setting_faults()
    ) as found);
end $$;

comment on function api.check_readiness is
  'Why the service may not serve: an array of {code, reason}. functions: expected definitions, by name.';

grant execute on function api.check_readiness to task_api;
