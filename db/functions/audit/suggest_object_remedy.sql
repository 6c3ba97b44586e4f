-- Part of suggest_remedy: schemas, tables and views with their columns, types and functions.

create or replace function audit.suggest_object_remedy(
  change text, kind text, name text, expected jsonb, actual jsonb) returns text[]
language plpgsql stable
set search_path = ''
as $$
declare
  -- Of a column.
  v_table constant text := regexp_replace(name, '\.("[^"]*"|[^.]*)$', '');
  v_column constant text := substring(name from '("[^"]*"|[^.]*)$');
  v_sort constant text := case kind
    when 'composite type' then 'type'
    when 'function' then 'routine'
    else kind
  end;
  v_again constant text := case
    when kind in ('function', 'view')
      then format('run the file of db/functions that makes %s', split_part(name, '(', 1))
    else 'make it again as in db/schema.sql'
  end;
  v_key text;
  v_wanted text;
  v_steps text[] := '{}';
begin
  if change = 'missing' then
    return array[v_again];
  elsif change = 'added' and kind = 'column' then
    return array[format('alter table %s drop column %s', v_table, v_column)];
  elsif change = 'added' then
    return array[format('drop %s %s', v_sort, name)];
  end if;
  for v_key in
    select keys.key
    from (select jsonb_object_keys(actual) as key union select jsonb_object_keys(expected)) as keys
    order by keys.key
  loop
    continue when expected -> v_key is not distinct from actual -> v_key;
    v_wanted := expected ->> v_key;
    v_steps := v_steps || case
      when v_key = 'owner' then format('alter %s %s owner to %s', v_sort, name, v_wanted)
      when kind = 'table' then case v_key
        when 'row-level security' then format('alter table %s enable row level security', name)
        when 'forced' then format('alter table %s force row level security', name)
        when 'replica identity' then format('alter table %s replica identity default', name)
        when 'unlogged' then format(
          'alter table %s set %s', name, case v_wanted when 'true' then 'unlogged' else 'logged' end)
        when 'options' then format('alter table %s reset or set what differs', name)
        when 'parents' then
          format('alter table %s no inherit, or detach it from, %s', name, actual ->> v_key)
        else v_again
      end
      when kind = 'column' and v_key = 'default' then format(
        'alter table %s alter column %s %s', v_table, v_column,
        coalesce('set default ' || v_wanted, 'drop default'))
      when kind = 'column' and v_key = 'not null' then format(
        'alter table %s alter column %s %s not null', v_table, v_column,
        case when v_wanted is null then 'drop' else 'set' end)
      when kind = 'function' then case v_key
        when 'volatility' then format('alter function %s %s', name, v_wanted)
        when 'security' then format('alter function %s security %s', name, v_wanted)
        when 'leakproof' then format('alter function %s not leakproof', name)
        when 'parallel' then format(
          'alter function %s parallel %s', name,
          case v_wanted when 's' then 'safe' when 'r' then 'restricted' else 'unsafe' end)
        when 'strict' then format(
          'alter function %s %s', name,
          case when v_wanted is null then 'called on null input' else 'strict' end)
        when 'settings' then format(
          'alter function %s reset all%s', name, (
            select string_agg(
              format(
                '; alter function %s set %s', name,
                regexp_replace(pair, '=(.*)$', case when pair ~ '=""$' then ' = ''''' else ' = \1' end)),
              '')
            from jsonb_array_elements_text(expected -> v_key) as pair))
        else v_again
      end
      else v_again
    end;
  end loop;
  return v_steps;
end $$;

comment on function audit.suggest_object_remedy is
  'Remedies for a schema, a table, a view, a column, a type or a function.';

grant execute on function audit.suggest_object_remedy to task_auditor;
