-- Part of suggest_remedy: what belongs to a table. "policy on table"; an index alone has a name of its own.

create or replace function audit.suggest_part_remedy(
  change text, kind text, name text, expected jsonb, actual jsonb) returns text[]
language plpgsql stable
set search_path = ''
as $$
declare
  v_match constant text[] := regexp_match(name, '^("(?:[^"]|"")*"|\S+) on (.*)$');
  v_part constant text := v_match[1];
  v_table constant text := v_match[2];
  -- All but the text of its definition differs.
  v_is_same constant boolean := change = 'changed' and expected -> 'definition' = actual -> 'definition';
  -- Of an index.
  v_indexed constant text := (
    select index.indrelid::regclass from pg_catalog.pg_index as index
    where kind = 'index' and index.indexrelid::regclass::text = name);
  v_drop text;
  v_create text;
begin
  if kind = 'constraint' then
    if v_is_same and actual -> 'enforced' = 'true' or actual ->> 'definition' ~ '^NOT NULL ' then
      return array[format('alter table %s validate constraint %s', v_table, v_part)];
    end if;
    v_drop := format('alter table %s drop constraint %s', v_table, v_part);
    v_create := format('alter table %s add constraint %s %s', v_table, v_part, expected ->> 'definition');
  elsif kind = 'index' then
    if v_is_same then
      return array_remove(array[
        case when actual -> 'valid' = 'false' then format('reindex index %s', name) end,
        case when actual ? 'clustered' then format('alter table %s set without cluster', v_indexed) end,
        case when expected -> 'owner' <> actual -> 'owner'
          then format('alter table %s owner to %s', v_indexed, expected ->> 'owner') end
      ], null) || audit.suggest_option_remedy('index', name, expected, actual);
    end if;
    v_drop := format('drop index %s', name);
    v_create := expected ->> 'definition';
  elsif name ~ '^one of a foreign key on ' then
    return array[format('alter table %s enable trigger all', substring(name from ' on (.*)$'))];
  elsif kind = 'trigger' then
    if v_is_same then
      return array[format('alter table %s enable trigger %s', v_table, v_part)];
    end if;
    v_drop := format('drop trigger %s', name);
    v_create := case
      when v_part = 'refuse_other_users' then 'by hand: make spread, which applies db/citus/spread.sql'
      else expected ->> 'definition'
    end;
  elsif v_part = '"_RETURN"' then
    return array[format(
      'by hand: drop the view %s, and apply the file of db/functions that creates it', v_table)];
  elsif kind = 'rule' then
    v_drop := format('drop rule %s', name);
  else
    v_drop := format('drop policy %s', name);
    v_create := format(
      'create policy %s as %s for %s to %s%s%s', name,
      case expected ->> 'permissive' when 'true' then 'permissive' else 'restrictive' end,
      expected ->> 'command', audit.print_value(expected -> 'roles'),
      ' using (' || (expected ->> 'using') || ')', ' with check (' || (expected ->> 'with check') || ')');
  end if;
  return array_remove(array[
    case when change <> 'missing' then v_drop end,
    case when change <> 'added' then v_create end], null);
end $$;

comment on function audit.suggest_part_remedy is
  'Remedies for a policy, a trigger, a rule, a constraint or an index.';

grant execute on function audit.suggest_part_remedy to task_auditor;
