-- migrate:up

-- Whether row-level security is in force for the role in use: what GET /health/ready asks, and what the audit begins with.

grant usage on schema public to task_auditor;
grant select on public.schema_migrations to task_auditor;

set local role task_owner;

create function audit.find_faults(role name) returns setof text
language sql stable
set search_path = ''
as $$
  select format('role %s is a superuser: connect as task_api', found.rolname)
  from pg_catalog.pg_roles as found where found.rolname = role and found.rolsuper
  union all
  select format('role %s has BYPASSRLS: alter role %1$s nobypassrls', found.rolname)
  from pg_catalog.pg_roles as found where found.rolname = role and found.rolbypassrls
  union all
  select format('role %s owns, or is a member of the owner of, table %s: connect as task_api', role, owned.oid::regclass)
  from pg_catalog.pg_class as owned
  where owned.relnamespace = any(array['app', 'api', 'audit']::regnamespace[])
    and owned.relkind in ('r', 'p')
    and pg_catalog.pg_has_role(role, owned.relowner, 'member')
    and not (select found.rolsuper from pg_catalog.pg_roles as found where found.rolname = role)
  union all
  select format('table %s has no row-level security: alter table %1$s enable row level security', unprotected.oid::regclass)
  from pg_catalog.pg_class as unprotected
  where unprotected.relnamespace = 'app'::regnamespace and unprotected.relkind in ('r', 'p') and not unprotected.relrowsecurity
  union all
  select format('table %s does not force row-level security: alter table %1$s force row level security', unforced.oid::regclass)
  from pg_catalog.pg_class as unforced
  where unforced.relnamespace = 'app'::regnamespace and unforced.relkind in ('r', 'p') and not unforced.relforcerowsecurity
  union all
  select format(
    'table %s has no policy for %s, which %s may do: create a policy or revoke the privilege',
    granted.oid::regclass, command.name, role)
  from pg_catalog.pg_class as granted
  cross join (values ('select', 'r'), ('insert', 'a'), ('update', 'w'), ('delete', 'd')) as command (name, letter)
  where granted.relnamespace = 'app'::regnamespace and granted.relkind in ('r', 'p')
    and (
      pg_catalog.has_table_privilege(role, granted.oid, command.name)
      or command.name <> 'delete' and pg_catalog.has_any_column_privilege(role, granted.oid, command.name))
    and not exists (
      select from pg_catalog.pg_policy as policy
      where policy.polrelid = granted.oid and policy.polcmd in (command.letter::"char", '*')
        and (
          policy.polroles = '{0}'
          or policy.polroles @> array[(select found.oid from pg_catalog.pg_roles as found where found.rolname = role)]))
$$;

comment on function audit.find_faults(name) is 'Why row-level security would not hold for the role: one sentence for each fault, none where it holds.';

-- Definer: the list of migrations belongs to whoever migrates, and the service has no right on any table but its own.
create function audit.list_migrations() returns setof text
language sql stable security definer
set search_path = ''
as $$
  select applied.version::text from public.schema_migrations as applied
$$;

comment on function audit.list_migrations() is 'Definer, to let the service compare: the versions of the migrations that were applied.';

grant execute on function audit.find_faults(name) to task_api, task_auditor;

create function api.check_readiness(migrations jsonb, out status integer, out headers text[], out response text)
returns record
language plpgsql stable
set search_path = ''
as $$
begin
  status := 200;
  headers := '{}';
  response := (
    select coalesce(jsonb_agg(reason), '[]')
    from (
      select audit.find_faults(current_user) as reason
      union all
      select format('migration %s is pending: run make migrate', pending.version)
      from jsonb_array_elements_text(migrations) as pending (version)
      where pending.version not in (select audit.list_migrations())
    ) as reasons);
end $$;

comment on function api.check_readiness(jsonb) is 'Why the service may not serve: an array of sentences, empty where it may.';

grant execute on function api.check_readiness(jsonb) to task_api;

grant create on schema audit to task_auditor;
reset role;

alter function audit.list_migrations() owner to task_auditor;
set local role task_auditor;
revoke execute on function audit.list_migrations() from public;
grant execute on function audit.list_migrations() to task_api;
set local role task_owner;
revoke create on schema audit from task_auditor;

reset role;

-- migrate:down

set local role task_owner;
drop function api.check_readiness(jsonb);
drop function audit.find_faults(name);
set local role task_auditor;
drop function audit.list_migrations();
reset role;
revoke select on public.schema_migrations from task_auditor;
revoke usage on schema public from task_auditor;
