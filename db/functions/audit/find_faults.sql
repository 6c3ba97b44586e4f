-- Whether row-level security is in force for a role: what GET /health/ready asks, and what the audit begins with.
-- A table that the role can't reach is the audit's matter, and not readiness'.

create or replace function audit.find_faults(role name, reachable_only boolean default false) returns setof text
language plpgsql stable
set search_path = ''
as $$
declare
  v_role pg_catalog.pg_roles;
  v_table record;
begin
  select * into v_role from pg_catalog.pg_roles as found where found.rolname = role;
  if v_role.oid is null then
    return next format('role %I is not there: run make migrate', role);
    return;
  end if;

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
      and (
        not reachable_only or v_role.rolsuper
        or pg_has_role(v_role.oid, class.relowner, 'member')
        or has_any_column_privilege(v_role.oid, class.oid, 'select, insert, update')
        or has_table_privilege(v_role.oid, class.oid, 'delete, truncate'))
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

comment on function audit.find_faults is
  'Why row-level security would not hold for the role: one sentence for each fault, which ends with what to do; none where it holds.';

grant execute on function audit.find_faults to task_api, task_auditor;
