-- Part of suggest_remedy: "app.tasks.title". The columns of a composite type are its attributes.

create or replace function audit.suggest_column_remedy(
  change text, name text, expected jsonb, actual jsonb) returns text[]
language sql stable
set search_path = ''
as $$
  with part as (
    select
      split.name[1] as relation, split.name[2] as column_name,
      coalesce((
        select format('alter type %s %%s attribute %s', split.name[1], split.name[2])
        from pg_catalog.pg_class as class
        where class.oid::regclass::text = split.name[1] and class.relkind = 'c'
      ), format('alter table %s %%s column %s', split.name[1], split.name[2])) as statement
    from regexp_match(suggest_column_remedy.name, '^(.*)\.("(?:[^"]|"")*"|[^".]+)$') as split (name)
  )

  select case
    when change = 'added' then array[format(part.statement, 'drop')]
    when change = 'missing' or expected -> 'generated' is distinct from actual -> 'generated'
      or expected -> 'identity' is distinct from actual -> 'identity'
      then array['by hand: create it again as in db/schema.sql, or restore its table from a backup']
    else array(
      select format(part.statement, 'alter') || format(
        ' type %s%s', expected ->> 'type', case when expected || actual ? 'collation'
          then ' collate ' || coalesce(quote_ident(expected ->> 'collation'), '"default"') end)
      where expected -> 'type' <> actual -> 'type'
        or expected -> 'collation' is distinct from actual -> 'collation'
      union all
      select format(part.statement, 'alter')
        || coalesce(' set default ' || (expected ->> 'default'), ' drop default')
      where expected -> 'default' is distinct from actual -> 'default'
      union all
      select format(part.statement, 'alter')
        || case when expected ? 'not null' then ' set not null' else ' drop not null' end
      where expected -> 'not null' is distinct from actual -> 'not null')
  end
  from part
$$;

comment on function audit.suggest_column_remedy is 'Remedies for a column.';

grant execute on function audit.suggest_column_remedy to task_auditor;
