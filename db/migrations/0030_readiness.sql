-- migrate:up

-- Whether row-level security is in force for the role in use: what GET /health/ready asks, and what the audit begins with.

grant usage on schema public to task_auditor;
grant select on public.schema_migrations to task_auditor;

set local role task_owner;

-- The pinned path makes PostgreSQL print the expression with every name qualified, so that it can be compared. The second
-- form has no sub-select: Citus takes none in a policy.
create function audit.describe_rows(expression pg_node_tree, relation oid) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  v_text constant text := pg_get_expr(expression, relation);
begin
  return case
    when v_text in ('(user_id = ( SELECT app.user_id() AS user_id))', '(user_id = app.user_id())') then 'the user''s own rows'
    when v_text = 'true' then 'all rows'
    else 'rows where ' || v_text
  end;
end $$;

comment on function audit.describe_rows(pg_node_tree, oid) is 'Which rows of the table an expression of a policy lets through, in words.';

create function audit.find_faults(role name) returns setof text
language plpgsql stable
set search_path = ''
as $$
declare
  v_role pg_catalog.pg_roles;
  v_table record;
begin
  select * into strict v_role from pg_catalog.pg_roles as found where found.rolname = role;

  if v_role.rolsuper then
    return next format('role %I is a superuser, whom no policy holds: connect as task_api, and see that it is none', role);
  end if;
  if v_role.rolbypassrls then
    return next format('role %I has BYPASSRLS: alter role %1$I nobypassrls', role);
  end if;
  if not v_role.rolsuper then
    return query
      select format('role %I may become %I, whom no policy holds: revoke %2$I from %1$I', role, other.rolname)
      from pg_catalog.pg_roles as other
      where (other.rolsuper or other.rolbypassrls) and other.oid <> v_role.oid and pg_has_role(v_role.oid, other.oid, 'member');
  end if;

  for v_table in
    select class.oid, class.oid::regclass::text as name, class.relkind, class.relowner, class.relrowsecurity, class.relforcerowsecurity
    from pg_catalog.pg_class as class
    join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
    where class.relkind in ('r', 'p', 'f', 'm')
      and namespace.nspname !~ '^pg_' and namespace.nspname <> 'information_schema'
      and (
        namespace.nspname = 'app'
        or exists (
          select from pg_catalog.pg_attribute as attribute
          where attribute.attrelid = class.oid and attribute.attname = 'user_id' and not attribute.attisdropped))
    order by 2
  loop
    if v_table.relkind in ('f', 'm') then
      return next format('%s holds users'' rows, but can''t have row-level security: make it a table, or drop it', v_table.name);
      continue;
    end if;
    if not v_role.rolsuper and pg_has_role(v_role.oid, v_table.relowner, 'member') then
      return next format(
        'role %I owns table %s, or is a member of its owner, and could switch row-level security off: connect as task_api, or alter table %2$s owner to task_owner',
        role, v_table.name);
    end if;
    if not v_table.relrowsecurity then
      return next format('table %s has no row-level security: alter table %1$s enable row level security', v_table.name);
    end if;
    if not v_table.relforcerowsecurity then
      return next format('table %s does not force row-level security on its owner: alter table %1$s force row level security', v_table.name);
    end if;
    continue when v_role.rolsuper;
    -- What no policy allows is refused; but then the privilege is a mistake, or the policy was forgotten.
    return query
      select format('table %s has no policy for %s, which %I may do: create one, or revoke %2$s on %1$s from %3$I', v_table.name, command.name, role)
      from (values ('select', 'r'), ('insert', 'a'), ('update', 'w'), ('delete', 'd')) as command (name, letter)
      where case command.letter
          when 'd' then has_table_privilege(v_role.oid, v_table.oid, 'delete')
          else has_any_column_privilege(v_role.oid, v_table.oid, command.name) end
        and not exists (
          select from pg_catalog.pg_policy as policy
          where policy.polrelid = v_table.oid and policy.polpermissive and policy.polcmd in (command.letter, '*')
            and exists (
              select from unnest(policy.polroles) as named
              where named = 0 or pg_has_role(v_role.oid, named, 'usage')));
    return query
      select format(
        'policy %I lets %I %s in %s: create it anew with user_id = (select app.user_id())',
        policy.polname, role,
        concat_ws(
          ' and ',
          'see ' || audit.describe_rows(policy.polqual, policy.polrelid),
          'write ' || audit.describe_rows(policy.polwithcheck, policy.polrelid)),
        v_table.name)
      from pg_catalog.pg_policy as policy
      where policy.polrelid = v_table.oid and policy.polpermissive
        and exists (
          select from unnest(policy.polroles) as named
          where named = 0 or pg_has_role(v_role.oid, named, 'usage'))
        and (
          audit.describe_rows(policy.polqual, policy.polrelid) <> 'the user''s own rows'
          or audit.describe_rows(policy.polwithcheck, policy.polrelid) <> 'the user''s own rows');
  end loop;
end $$;

comment on function audit.find_faults(name) is
  'Why row-level security would not hold for the role: one sentence for each fault, which ends with what to do; none where it holds.';

-- Definer: the list of migrations belongs to whoever migrates, and the service has no right on any table but its own.
create function audit.list_migrations() returns setof text
language sql stable security definer
set search_path = ''
as $$
  select applied.version::text from public.schema_migrations as applied
$$;

comment on function audit.list_migrations() is
  'Definer, to let the service, which may not read the list, compare: the versions of the migrations that were applied.';

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
      -- Whoever logged in counts too: reset role would lead back to it.
      select distinct audit.find_faults(role) as reason from unnest(array[current_user, session_user]) as role
      union all
      select format('migration %s is pending: run make migrate', pending.version)
      from jsonb_array_elements_text(migrations) as pending (version)
      where pending.version not in (select audit.list_migrations())
    ) as reasons);
end $$;

comment on function api.check_readiness(jsonb) is 'Why the service may not serve: an array of sentences, empty where it may.';

grant execute on function audit.describe_rows(pg_node_tree, oid), audit.find_faults(name) to task_api, task_auditor;
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
drop function audit.describe_rows(pg_node_tree, oid);
set local role task_auditor;
drop function audit.list_migrations();
reset role;
revoke select on public.schema_migrations from task_auditor;
revoke usage on schema public from task_auditor;
