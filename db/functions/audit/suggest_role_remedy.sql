-- Part of suggest_remedy: roles, memberships, settings and default privileges.

create or replace function audit.suggest_role_remedy(
  change text, kind text, name text, expected jsonb, actual jsonb) returns text[]
language plpgsql stable
set search_path = ''
as $$
declare
  v_part text[];
  v_steps text[];
begin
  case kind
  when 'membership' then
    return array(
      select audit.suggest_membership_remedy(membership.roleid, membership.member)
      from pg_catalog.pg_auth_members as membership
      where name = format(
        '%s in %s', audit.name_role(membership.member), audit.name_role(membership.roleid)));
  when 'setting' then
    v_part := regexp_match(name, '^(\S+) of (.*) in (every|this) database$');
    return array(
      select audit.suggest_setting_remedy(coalesce(role.oid, 0), v_part[3] = 'every', case
        when change = 'added' then 'reset ' || v_part[1]
        else format('set %s = %L', v_part[1], expected ->> 'value')
      end)
      from (values (v_part[2])) as named (role)
      left join pg_catalog.pg_roles as role on named.role = audit.name_role(role.oid));
  when 'default privilege' then
    v_part := regexp_match(
      name, '^(\w+) on ([a-z ]+) that ("[^"]*"|[^"]+) creates(?: in ("[^"]*"|\S+))? for (.*)$');
    return array(
      select format(
        'alter default privileges for role %s%s %s %s on %s %s %s%s', v_part[3], ' in schema ' || v_part[4],
        step.verb, v_part[1], v_part[2], step.preposition, v_part[5],
        case when step.verb = 'grant' and (expected ->> 'grantable')::boolean then ' with grant option' end)
      from (values
        ('revoke', 'from', change <> 'missing'), ('grant', 'to', change <> 'added')
      ) as step (verb, preposition, wanted)
      where step.wanted);
  else
    if change = 'missing' then
      return array['by hand: create it as in db/migrations/0001_roles.sql'];
    end if;
    -- Of a role that is none of Duly's, what makes it strong; else its memberships do.
    v_steps := array(
      select format(
        'alter role %s %s', name, case
          when attribute.key = 'connection limit'
            then format('connection limit %s', expected ->> attribute.key)
          when attribute.key = 'valid until'
            then format('valid until %L', coalesce(expected ->> attribute.key, 'infinity'))
          when coalesce((expected ->> attribute.key)::boolean, false) then attribute.key
          else 'no' || attribute.key
        end)
      from jsonb_each(actual) as attribute
      where case change
        when 'changed' then expected -> attribute.key <> attribute.value
        else attribute.key in ('superuser', 'bypassrls', 'createrole', 'replication')
          and attribute.value = 'true' end);
    if change = 'added' and cardinality(v_steps) = 0 then
      v_steps := array(
        select unnest(audit.suggest_role_remedy('added', object.kind, object.name, null, null))
        from audit.role_objects as object
        where object.kind = 'membership' and starts_with(object.name, suggest_role_remedy.name || ' in '));
    end if;
    return v_steps;
  end case;
end $$;

comment on function audit.suggest_role_remedy is
  'Remedies for a role, a membership, a setting or a default privilege.';

grant execute on function audit.suggest_role_remedy to task_auditor;
