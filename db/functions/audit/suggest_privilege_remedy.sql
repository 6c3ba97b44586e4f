-- Part of suggest_remedy: "select on table app.tasks for bob".

create or replace function audit.suggest_privilege_remedy(
  change text, kind text, name text, expected jsonb, actual jsonb) returns text[]
language plpgsql stable
set search_path = ''
as $$
declare
  v_part text[] := regexp_match(name, '^([a-z ]+) on (.*) for ("(?:[^"]|"")*"|[^"]+)$');
begin
  if kind = 'parameter privilege' then
    return array[format('revoke %s on parameter %s from %s cascade', v_part[1], v_part[2], v_part[3])];
  end if;
  v_part[2] := regexp_replace(v_part[2], '^database this$', 'database ' || quote_ident(current_database()));
  -- Also a procedure or an aggregate.
  v_part[2] := regexp_replace(v_part[2], '^function ', 'routine ');
  return array_remove(array[
    case when change <> 'missing' then format(
      'revoke %s%s on %s from %s cascade', v_part[1],
      case
        when actual ->> 'on the whole' = 'true' then ''
        else (
          select ' (' || string_agg(quote_ident(col), ', ') || ')'
          from jsonb_array_elements_text(actual -> 'columns') as col)
      end,
      v_part[2], v_part[3]) end,
    case when change <> 'added' then format(
      'grant %s%s on %s to %s%s', v_part[1],
      (
        select ' (' || string_agg(quote_ident(col), ', ') || ')'
        from jsonb_array_elements_text(expected -> 'columns') as col),
      v_part[2], v_part[3],
      case when (expected ->> 'grantable')::boolean then ' with grant option' end) end
  ], null);
end $$;

comment on function audit.suggest_privilege_remedy is 'Remedies for a privilege on an object or a parameter.';

grant execute on function audit.suggest_privilege_remedy to task_auditor;
