-- Schemas, tables and views, and what belongs to a table. What extensions bring is in audit.server_objects.

create or replace view audit.relation_objects with (security_invoker = true) as
with watched as (
  select
    class.oid, class.relkind, class.relowner, class.reloptions, class.relrowsecurity,
      class.relforcerowsecurity,
    class.relreplident, class.relpersistence
  from pg_catalog.pg_class as class
  where audit.is_watched(class.relnamespace)
    and class.oid not in (
      select member.objid from pg_catalog.pg_depend as member
      where member.classid = 'pg_catalog.pg_class'::regclass and member.deptype = 'e')
)

select
  'schema' as kind,
  quote_ident(namespace.nspname) as name,
  jsonb_build_object('owner', audit.name_role(namespace.nspowner)) as definition
from pg_catalog.pg_namespace as namespace
where audit.is_watched(namespace.oid)

union all

select
  case relation.relkind
    when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' when 'S'
      then 'sequence'
    when 'c' then 'composite type' else 'table' end,
  relation.oid::regclass::text,
  jsonb_strip_nulls(jsonb_build_object(
    'owner', audit.name_role(relation.relowner),
    'options', relation.reloptions,
    'row-level security', case when relation.relkind in ('r', 'p') then relation.relrowsecurity end,
    'forced', case when relation.relkind in ('r', 'p') then relation.relforcerowsecurity end,
    'replica identity',
    case when relation.relkind in ('r', 'p') then
      case relation.relreplident
        when 'd' then 'primary key' when 'n' then 'nothing' when 'f' then 'full' else 'index' end end,
    'unlogged', case when relation.relkind in ('r', 'p') then relation.relpersistence = 'u' end,
    'partitioned', nullif(relation.relkind = 'p', false),
    'parents', (
      select jsonb_agg(parent.inhparent::regclass::text order by parent.inhseqno)
      from pg_catalog.pg_inherits as parent
      where parent.inhrelid = relation.oid),
    'body', case when relation.relkind in ('v', 'm')
      and current_setting('server_version_num')::integer >= 160000
      then audit.digest_body(pg_get_viewdef(relation.oid)) end,
    'words', case when relation.relkind in ('v', 'm')
      then audit.digest_words(pg_get_viewdef(relation.oid)) end))
from watched as relation
where relation.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c')

union all

select
  'column',
  format('%s.%I', relation.oid::regclass, attribute.attname),
  jsonb_strip_nulls(jsonb_build_object(
    'type', format_type(attribute.atttypid, attribute.atttypmod),
    'not null', nullif(attribute.attnotnull, false),
    'default', case when attribute.attgenerated = ''
      then pg_get_expr(expression.adbin, expression.adrelid) end,
    'generated', case when attribute.attgenerated <> '' then
      attribute.attgenerated::text || ' ' || pg_get_expr(expression.adbin, expression.adrelid) end,
    'identity', nullif(attribute.attidentity, ''),
    'collation', (
      select coll.collname from pg_catalog.pg_collation as coll
      where coll.oid = attribute.attcollation and attribute.attcollation <> type.typcollation)))
from watched as relation
inner join pg_catalog.pg_attribute as attribute
  on relation.oid = attribute.attrelid and attribute.attnum > 0 and not attribute.attisdropped
inner join pg_catalog.pg_type as type on attribute.atttypid = type.oid
left join pg_catalog.pg_attrdef as expression
  on attribute.attrelid = expression.adrelid and attribute.attnum = expression.adnum
where relation.relkind in ('r', 'p', 'f', 'c')

union all

-- NOT NULL is with its column: releases before 18 have no constraint for it.
select
  'constraint',
  format('%I on %s', bond.conname, bond.conrelid::regclass),
  jsonb_build_object(
    'definition', regexp_replace(pg_get_constraintdef(bond.oid), ' NOT (VALID|ENFORCED)$', ''),
    'validated', bond.convalidated,
    'enforced', coalesce((to_jsonb(bond) ->> 'conenforced')::boolean, true))
from pg_catalog.pg_constraint as bond
inner join watched as relation on bond.conrelid = relation.oid
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
inner join watched as class on index.indexrelid = class.oid

union all

select
  'policy',
  format('%I on %s', policy.polname, policy.polrelid::regclass),
  jsonb_strip_nulls(jsonb_build_object(
    'command', case policy.polcmd
      when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete'
        else 'all' end,
    'permissive', policy.polpermissive,
    'roles', (
      select jsonb_agg(audit.name_role(named) order by audit.name_role(named))
        from unnest(policy.polroles) as named),
    'using', pg_get_expr(policy.polqual, policy.polrelid),
    'with check', pg_get_expr(policy.polwithcheck, policy.polrelid)))
from pg_catalog.pg_policy as policy
inner join watched as relation on policy.polrelid = relation.oid

union all

-- PostgreSQL's own triggers of foreign keys have no name that lasts: they count when they are not as they
-- were made.
select
  'trigger',
  format('%s on %s', case when fired.tgisinternal then 'one of a foreign key'
    else quote_ident(fired.tgname) end, fired.tgrelid::regclass),
  jsonb_build_object(
    'definition', case when not fired.tgisinternal then pg_get_triggerdef(fired.oid) end,
    'enabled', case fired.tgenabled
      when 'O' then 'yes' when 'D' then 'no' when 'R' then 'on replicas only' else 'always' end)
from pg_catalog.pg_trigger as fired
inner join watched as relation on fired.tgrelid = relation.oid
where not fired.tgisinternal or fired.tgenabled <> 'O'

union all

select
  'rule',
  format('%I on %s', rule.rulename, rule.ev_class::regclass),
  jsonb_build_object(
    'words', audit.digest_words(pg_get_ruledef(rule.oid)),
    'enabled', case rule.ev_enabled
      when 'O' then 'yes' when 'D' then 'no' when 'R' then 'on replicas only' else 'always' end)
from pg_catalog.pg_rewrite as rule
inner join watched as relation on rule.ev_class = relation.oid
where rule.rulename <> '_RETURN' or rule.ev_enabled <> 'O'

union all

select
  'statistics',
  format('%s.%I', statistics.stxnamespace::regnamespace, statistics.stxname),
  jsonb_build_object('definition', pg_get_statisticsobjdef(statistics.oid), 'owner',
    audit.name_role(statistics.stxowner))
from pg_catalog.pg_statistic_ext as statistics
where audit.is_watched(statistics.stxnamespace);

comment on view audit.relation_objects is
  'The part of audit.objects about schemas, tables and views, and the parts of a table.';

grant select on audit.relation_objects to task_auditor;
