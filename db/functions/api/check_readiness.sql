-- GET /health/ready.

create or replace function api.check_readiness(migrations jsonb) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(reason), '[]')
    from (
      -- Whoever logged in counts too: reset role would lead back to it.
      select distinct audit.find_faults(role) as reason from unnest(array[current_user, session_user]) as role
      union all
      select format('migration %s is pending: run make migrate', pending.version)
      from jsonb_array_elements_text(migrations) as pending (version)
      where pending.version not in (select keeper.list_migrations())
    ) as reasons);
end $$;

comment on function api.check_readiness is 'Why the service may not serve: an array of sentences, empty where it may.';

grant execute on function api.check_readiness to task_api;
