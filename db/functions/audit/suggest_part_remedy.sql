-- Part of suggest_remedy: what belongs to a table. "policy on table"; an index alone has a name of its own.

create or replace function audit.suggest_part_remedy(
  change text, kind text, name text, expected jsonb, actual jsonb) returns text[]
language plpgsql stable
set search_path = ''
as $$
declare
  v_part constant text := regexp_replace(name, ' on .*$', '');
  v_table constant text := regexp_replace(name, '^.* on ', '');
  v_drop text;
  v_create text;
begin
  if kind = 'constraint' then
    if change = 'changed' and expected -> 'definition' = actual -> 'definition' then
      return array[case
        when expected -> 'enforced' <> actual -> 'enforced' then
          format('alter table %s alter constraint %s enforced', v_table, v_part)
        else format('alter table %s validate constraint %s', v_table, v_part)
      end];
    end if;
    v_drop := format('alter table %s drop constraint %s', v_table, v_part);
    v_create := format(
      'alter table %s add constraint %s %s', v_table, v_part, expected ->> 'definition');
  elsif kind = 'index' then
    if change = 'changed' and actual -> 'valid' = 'false' then
      return array[format('reindex index %s', name)];
    end if;
    v_drop := format('drop index %s', name);
    v_create := expected ->> 'definition';
  elsif kind = 'trigger' then
    if v_part = 'one of a foreign key' then
      return array[format('alter table %s enable trigger all', v_table)];
    elsif change = 'changed' and actual ->> 'enabled' <> expected ->> 'enabled' then
      return array[format('alter table %s enable trigger %s', v_table, v_part)];
    end if;
    v_drop := format('drop trigger %s', name);
    v_create := replace(expected ->> 'definition', 'CREATE TRIGGER', 'create trigger');
  elsif kind = 'rule' then
    if v_part = '"_RETURN"' then
      return array[format('drop view %s', v_table)];
    end if;
    v_drop := format('drop rule %s', name);
    v_create := 'create it as in db/schema.sql';
  else
    v_drop := format('drop policy %s', name);
    v_create := 'create it as in db/migrations/*_policies.sql';
  end if;
  return array_remove(array[
    case when change <> 'missing' then v_drop end,
    case when change <> 'added' then v_create end], null);
end $$;

comment on function audit.suggest_part_remedy is
  'Remedies for a policy, a trigger, a rule, a constraint or an index.';

grant execute on function audit.suggest_part_remedy to task_auditor;
