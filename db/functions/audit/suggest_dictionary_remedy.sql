-- Part of suggest_remedy: a text search dictionary that differs. An option without a value goes away.

create or replace function audit.suggest_dictionary_remedy(name text, expected jsonb, actual jsonb)
returns text[]
language sql stable
set search_path = ''
as $$
  select array(
    select format('alter text search dictionary %s owner to %s', name, expected ->> 'owner')
    where expected -> 'owner' <> actual -> 'owner'
    union all
    select format('alter text search dictionary %s (%s)', name, concat_ws(', ', (
      select string_agg(option[1], ', ')
      from regexp_matches(actual ->> 'options', '(\w+) = ''', 'g') as option
      where (expected ->> 'options') !~ format('\m%s = ''', option[1])), expected ->> 'options'))
    where expected -> 'options' <> actual -> 'options'
    union all
    select 'by hand: create it again as in db/schema.sql'
    where expected -> 'template' <> actual -> 'template')
$$;

comment on function audit.suggest_dictionary_remedy is 'Remedies for a text search dictionary that differs.';

grant execute on function audit.suggest_dictionary_remedy to task_auditor;
