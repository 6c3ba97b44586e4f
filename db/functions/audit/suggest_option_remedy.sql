-- Part of suggest_remedy: storage parameters of a table or an index.

create or replace function audit.suggest_option_remedy(
  kind text, name text, expected jsonb, actual jsonb) returns text[]
language sql stable
set search_path = ''
as $$
  select array_remove(array[
    (
      select format(
        'alter %s %s reset (%s)', kind, name, string_agg(split_part(option.value, '=', 1), ', '))
      from jsonb_array_elements_text(actual -> 'options') as option
      where not coalesce(expected -> 'options' ? option.value, false)
      having count(*) > 0),
    (
      select format('alter %s %s set (%s)', kind, name, string_agg(option.value, ', '))
      from jsonb_array_elements_text(expected -> 'options') as option
      where not coalesce(actual -> 'options' ? option.value, false)
      having count(*) > 0)
  ], null)
$$;

comment on function audit.suggest_option_remedy is
  'Remedies for the storage parameters of a table or an index.';

grant execute on function audit.suggest_option_remedy to task_auditor;
