-- Part of suggest_remedy: roles, memberships, settings and default privileges.

create or replace function audit.suggest_role_remedy(
  change text, kind text, name text, expected jsonb, actual jsonb) returns text[]
language plpgsql stable
set search_path = ''
as $$
declare
  v_part text[];
  v_key text;
  v_steps text[] := '{}';
begin
  case kind
  when 'membership' then
    v_part := regexp_match(name, '^(.*) in (.*)$');
    if change = 'missing' then
      return array[format('grant %s to %s', v_part[2], v_part[1])];
    end if;
    return array[format('revoke %s from %s', v_part[2], v_part[1])];
  when 'setting' then
    v_part := regexp_match(name, '^(.*) of (.*) in (.*)$');
    return array[format(
      'alter %s %s',
      case
        when v_part[2] = 'every role' and v_part[3] = 'every database' then 'role all'
        when v_part[2] = 'every role' then format('database %I', current_database())
        when v_part[3] = 'every database' then format('role %I', v_part[2])
        else format('role %I in database %I', v_part[2], current_database())
      end,
      case
        when change = 'added' then 'reset ' || v_part[1]
        else format('set %s = %L', v_part[1], expected ->> 'value')
      end)];
  when 'default privilege' then
    v_part := regexp_match(name, '^(.*) on (.*) that (.*) creates(?: in (.*))? for (.*)$');
    return array[format(
      'alter default privileges for role %s%s %s %s on %s %s %s', v_part[3], ' in schema ' || v_part[4],
      case change when 'missing' then 'grant' else 'revoke' end, v_part[1], v_part[2],
      case change when 'missing' then 'to' else 'from' end, v_part[5])];
  else
    if change = 'added' then
      return array[format(
        'alter role %I nologin nosuperuser nobypassrls nocreaterole noreplication', name)];
    elsif change = 'missing' then
      return array['create it as in db/migrations/0001_roles.sql'];
    end if;
    for v_key in select jsonb_object_keys(actual) loop
      continue when expected -> v_key = actual -> v_key;
      v_steps := v_steps || format('alter role %I %s', name, case v_key
        when 'connection limit' then format('connection limit %s', expected ->> v_key)
        when 'valid until' then format('valid until %L', coalesce(expected ->> v_key, 'infinity'))
        else case when (expected ->> v_key)::boolean then '' else 'no' end || v_key
      end);
    end loop;
    return v_steps;
  end case;
end $$;

comment on function audit.suggest_role_remedy is
  'Remedies for a role, a membership, a setting or a default privilege.';

grant execute on function audit.suggest_role_remedy to task_auditor;
