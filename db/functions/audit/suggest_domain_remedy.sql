-- Part of suggest_remedy: a domain that differs. PostgreSQL validates no constraint of a domain of which a
-- column has an array.

create or replace function audit.suggest_domain_remedy(name text, expected jsonb, actual jsonb)
returns text[]
language sql stable
set search_path = ''
as $$
  with both_constraints as (
    select
      bond.key as bond, expected -> 'constraints' ->> bond.key as wanted,
      actual -> 'constraints' ->> bond.key as present
    from jsonb_object_keys(
      coalesce(expected -> 'constraints', '{}') || coalesce(actual -> 'constraints', '{}')) as bond (key)
  )

  select array(
    select format('alter domain %s drop constraint %I', name, bond) from both_constraints
    where present <> coalesce(wanted, '')
    union all
    select format(
      'by hand: alter domain %s add constraint %I %s not valid; look for values that break it; '
      'then update pg_constraint set convalidated = true', name, bond, wanted)
    from both_constraints
    where wanted <> coalesce(present, '')
    union all
    select format(
      'alter domain %s %s not null', name, case when expected ? 'not null' then 'set' else 'drop' end)
    where expected -> 'not null' is distinct from actual -> 'not null'
    union all
    select format(
      'alter domain %s %s', name, coalesce('set default ' || (expected ->> 'default'), 'drop default'))
    where expected -> 'default' is distinct from actual -> 'default'
    union all
    select 'by hand: create it again as in db/schema.sql' where expected -> 'base' <> actual -> 'base')
$$;

comment on function audit.suggest_domain_remedy is 'Remedies for a domain that differs.';

grant execute on function audit.suggest_domain_remedy to task_auditor;
