-- What belongs to a table: constraints, indexes, policies, triggers, rules and statistics.

create or replace view audit.part_objects with (security_invoker = true) as
with watched as (
  select relation.oid from pg_catalog.pg_class as relation
  where audit.is_watched(relation.relnamespace)
    and not audit.is_in_extension('pg_catalog.pg_class'::regclass, relation.oid)
    and relation.oid not in (select shard.oid from audit.list_shards() as shard)
)

-- NOT NULL is with its column: releases before 18 have no constraint for it.
select
  'constraint' as kind,
  format('%I on %s', bond.conname, bond.conrelid::regclass) as name,
  jsonb_build_object(
    'definition', regexp_replace(pg_get_constraintdef(bond.oid), ' NOT (VALID|ENFORCED)$', ''),
    'validated', bond.convalidated,
    'enforced', coalesce((to_jsonb(bond) ->> 'conenforced')::boolean, true)) as definition
from pg_catalog.pg_constraint as bond
inner join watched on bond.conrelid = watched.oid
where bond.contype in ('c', 'p', 'u', 'x', 'f') or bond.contype = 'n' and not bond.convalidated

union all

select
  'index',
  class.oid::regclass::text,
  jsonb_strip_nulls(jsonb_build_object(
    'definition', pg_get_indexdef(class.oid), 'owner', audit.name_role(class.relowner),
    'valid', index.indisvalid and index.indisready and index.indislive,
    'clustered', nullif(index.indisclustered, false), 'options', class.reloptions))
from pg_catalog.pg_index as index
inner join watched on index.indrelid = watched.oid
inner join pg_catalog.pg_class as class on index.indexrelid = class.oid

union all

select
  'policy',
  format('%I on %s', policy.polname, policy.polrelid::regclass),
  jsonb_strip_nulls(jsonb_build_object(
    'command', case policy.polcmd
      when 'r' then 'select'
      when 'a' then 'insert'
      when 'w' then 'update'
      when 'd' then 'delete'
      else 'all'
    end,
    'permissive', policy.polpermissive,
    'roles', (
      select jsonb_agg(audit.name_role(named) order by audit.name_role(named))
      from unnest(policy.polroles) as named),
    'using', pg_get_expr(policy.polqual, policy.polrelid),
    'with check', pg_get_expr(policy.polwithcheck, policy.polrelid)))
from pg_catalog.pg_policy as policy
inner join watched on policy.polrelid = watched.oid

union all

-- PostgreSQL's own triggers of foreign keys have no lasting name: they count where they do not fire as they
-- were made to.
select distinct
  'trigger',
  format(
    '%s on %s', case when fired.tgisinternal then 'one of a foreign key' else quote_ident(fired.tgname) end,
    fired.tgrelid::regclass),
  jsonb_build_object(
    'definition', case when not fired.tgisinternal then pg_get_triggerdef(fired.oid) end,
    'enabled', case fired.tgenabled
      when 'O' then 'yes'
      when 'D' then 'no'
      when 'R' then 'on replicas only'
      else 'always'
    end)
from pg_catalog.pg_trigger as fired
inner join watched on fired.tgrelid = watched.oid
where not fired.tgisinternal or fired.tgenabled <> 'O'

union all

select
  'rule',
  format('%I on %s', rule.rulename, rule.ev_class::regclass),
  jsonb_build_object(
    'words', audit.digest_words(pg_get_ruledef(rule.oid)),
    'enabled', case rule.ev_enabled
      when 'O' then 'yes'
      when 'D' then 'no'
      when 'R' then 'on replicas only'
      else 'always'
    end)
from pg_catalog.pg_rewrite as rule
inner join watched on rule.ev_class = watched.oid
where rule.rulename <> '_RETURN' or rule.ev_enabled <> 'O'

union all

select
  'statistics',
  format('%s.%I', statistics.stxnamespace::regnamespace, statistics.stxname),
  jsonb_build_object(
    'definition', pg_get_statisticsobjdef(statistics.oid), 'owner', audit.name_role(statistics.stxowner))
from pg_catalog.pg_statistic_ext as statistics
where audit.is_watched(statistics.stxnamespace);

comment on view audit.part_objects is
  'The part of audit.objects about constraints, indexes, policies, triggers, rules and statistics.';

grant select on audit.part_objects to task_auditor;
