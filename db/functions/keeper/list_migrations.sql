-- Definer: the list of migrations belongs to the role that migrates, and the service has no right on it.

create or replace function keeper.list_migrations() returns setof text
language sql stable security definer
set search_path = ''
as $$
  select applied.version::text from public.schema_migrations as applied
$$;

comment on function keeper.list_migrations is
  'Definer, because the service may not read the list itself: the versions of the migrations that were '
  'applied.';

grant execute on function keeper.list_migrations to task_api, task_auditor;
