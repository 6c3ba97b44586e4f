-- Part of suggest_remedy: schemas, tables and views with their columns, types, domains and functions.
--
-- PostgreSQL's own objects ("born") are never dropped. A name without a schema is one of pg_catalog: a table
-- there can be changed only where that is allowed.

create or replace function audit.suggest_object_remedy(
  change text, kind text, name text, expected jsonb, actual jsonb) returns text[]
language plpgsql stable
set search_path = ''
as $$
declare
  v_sort constant text := case kind
    when 'composite type' then 'type'
    when 'function' then 'routine'
    else kind
  end;
  v_is_born constant boolean := change = 'added' and case kind
    when 'table' then exists (
      select from pg_catalog.pg_class as class
      where class.oid < 16384 and class.oid::regclass::text = name)
    when 'function' then exists (
      select from pg_catalog.pg_proc as routine
      where routine.oid < 16384 and routine.oid::regprocedure::text = name)
    else false
  end;
  v_steps text[];
begin
  if v_is_born then
    v_steps := array_remove(array[
      case when actual ->> 'owner' <> 'the first superuser'
        then format('alter %s %s owner to the first superuser', v_sort, name) end,
      case when actual ->> 'security' = 'definer' then format('alter function %s security invoker', name) end,
      case when actual ->> 'settings' is not null then format('alter function %s reset all', name) end
    ], null);
    if kind = 'table' and cardinality(v_steps) = 0 then
      v_steps := array[format('alter table %s disable row level security', name)];
    end if;
  elsif change = 'added' then
    v_steps := array[format('drop %s %s', v_sort, name)];
  elsif change = 'missing' then
    return array[case
      when kind in ('view', 'function') then audit.suggest_file(kind, name, expected)
      when kind = 'table' then 'by hand: restore it from a backup'
      else 'by hand: create it as in db/schema.sql'
    end];
  else
    return array_cat(
      array(
        select format('alter %s %s owner to %s', v_sort, name, expected ->> 'owner')
        where expected -> 'owner' <> actual -> 'owner'),
      case kind
        when 'function' then audit.suggest_function_remedy(name, expected, actual)
        when 'domain' then audit.suggest_domain_remedy(name, expected, actual)
        when 'view' then audit.suggest_option_remedy(kind, name, expected, actual) || array(
          select audit.suggest_file(kind, name, expected)
          where expected - '{owner,options}'::text[] <> actual - '{owner,options}'::text[])
        when 'table' then audit.suggest_table_remedy(name, expected, actual)
        else array(
          select 'by hand: create it again as in db/schema.sql'
          where expected - 'owner' <> actual - 'owner')
      end);
  end if;
  if kind = 'table' and name !~ '\.' then
    v_steps := 'set allow_system_table_mods = on'::text || v_steps || 'reset allow_system_table_mods'::text;
  end if;
  return v_steps;
end $$;

comment on function audit.suggest_object_remedy is
  'Remedies for a schema, a table, a view, a type, a domain or a function.';

grant execute on function audit.suggest_object_remedy to task_auditor;
