-- Part of suggest_remedy: a table that differs.

create or replace function audit.suggest_table_remedy(name text, expected jsonb, actual jsonb)
returns text[]
language sql stable
set search_path = ''
as $$
  select audit.suggest_option_remedy('table', name, expected, actual) || array(
    select case differing.key
      when 'row-level security' then format(
        'alter table %s %s row level security', name,
        case differing.wanted when 'true' then 'enable' else 'disable' end)
      when 'forced' then format(
        'alter table %s %s row level security', name,
        case differing.wanted when 'true' then 'force' else 'no force' end)
      when 'replica identity' then format('alter table %s replica identity default', name)
      when 'unlogged' then format('alter table %s set logged', name)
      when 'parents' then (
        select string_agg(
          case
            when class.relkind = 'p' then format('alter table %s detach partition %s', parent.name, name)
            else format('alter table %s no inherit %s', name, parent.name)
          end, '; ')
        from jsonb_array_elements_text(actual -> 'parents') as parent (name)
        inner join pg_catalog.pg_class as class on class.oid::regclass::text = parent.name)
      else 'by hand: create it again as in db/schema.sql, and copy its rows'
    end
    from (
      select attribute.key, expected ->> attribute.key as wanted
      from jsonb_object_keys(expected || actual) as attribute (key)
      where expected -> attribute.key is distinct from actual -> attribute.key
        and attribute.key not in ('owner', 'options')
    ) as differing
    order by differing.key)
$$;

comment on function audit.suggest_table_remedy is 'Remedies for a table that differs.';

grant execute on function audit.suggest_table_remedy to task_auditor;
