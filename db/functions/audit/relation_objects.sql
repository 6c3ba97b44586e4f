-- Schemas, tables, views and columns. What belongs to a table otherwise is in audit.part_objects; what
-- extensions bring is in audit.server_objects; and shards are compared with their tables.

create or replace view audit.relation_objects with (security_invoker = true) as
select
  'schema' as kind,
  quote_ident(namespace.nspname) as name,
  jsonb_build_object('owner', audit.name_role(namespace.nspowner)) as definition
from pg_catalog.pg_namespace as namespace
where audit.is_watched(namespace.oid)
  and not audit.is_in_extension('pg_catalog.pg_namespace'::regclass, namespace.oid)

union all

select
  case relation.relkind
    when 'v' then 'view'
    when 'm' then 'materialized view'
    when 'f' then 'foreign table'
    when 'S' then 'sequence'
    when 'c' then 'composite type'
    else 'table'
  end,
  relation.oid::regclass::text,
  jsonb_strip_nulls(jsonb_build_object(
    'owner', audit.name_role(relation.relowner),
    'options', relation.reloptions,
    'parents', (
      select jsonb_agg(parent.inhparent::regclass::text order by parent.inhseqno)
      from pg_catalog.pg_inherits as parent
      where parent.inhrelid = relation.oid))
  || case
    when relation.relkind in ('r', 'p') then jsonb_build_object(
      'row-level security', relation.relrowsecurity,
      'forced', relation.relforcerowsecurity,
      'replica identity', case relation.relreplident
        when 'd' then 'primary key'
        when 'n' then 'nothing'
        when 'f' then 'full'
        else 'index'
      end,
      'unlogged', relation.relpersistence = 'u',
      'partitioned', nullif(relation.relkind = 'p', false))
    when relation.relkind in ('v', 'm') then jsonb_build_object(
      'body', case when current_setting('server_version_num')::integer >= 160000
        then audit.digest_body(printed.text) end,
      'words', audit.digest_words(printed.text))
    else '{}'
  end)
from pg_catalog.pg_class as relation
-- Printed once: "offset" keeps the planner from putting the call in each place that reads it.
cross join lateral (
  select case when relation.relkind in ('v', 'm') then pg_get_viewdef(relation.oid) end as text
  offset 0
) as printed
where relation.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c') and audit.is_watched(relation.relnamespace)
  and not audit.is_in_extension('pg_catalog.pg_class'::regclass, relation.oid)
  and relation.oid not in (select shard.oid from audit.list_shards() as shard)

union all

select
  'column',
  format('%s.%I', relation.oid::regclass, attribute.attname),
  jsonb_strip_nulls(jsonb_build_object(
    'type', format_type(attribute.atttypid, attribute.atttypmod),
    'not null', nullif(attribute.attnotnull, false),
    'default', case when attribute.attgenerated = ''
      then pg_get_expr(expression.adbin, expression.adrelid) end,
    'generated', case when attribute.attgenerated <> ''
      then attribute.attgenerated::text || ' ' || pg_get_expr(expression.adbin, expression.adrelid) end,
    'identity', nullif(attribute.attidentity, ''),
    'collation', (
      select coll.collname from pg_catalog.pg_collation as coll
      where coll.oid = attribute.attcollation and attribute.attcollation <> type.typcollation)))
from pg_catalog.pg_class as relation
inner join pg_catalog.pg_attribute as attribute
  on relation.oid = attribute.attrelid and attribute.attnum > 0 and not attribute.attisdropped
inner join pg_catalog.pg_type as type on attribute.atttypid = type.oid
left join pg_catalog.pg_attrdef as expression
  on attribute.attrelid = expression.adrelid and attribute.attnum = expression.adnum
where relation.relkind in ('r', 'p', 'f', 'c') and audit.is_watched(relation.relnamespace)
  and not audit.is_in_extension('pg_catalog.pg_class'::regclass, relation.oid)
  and relation.oid not in (select shard.oid from audit.list_shards() as shard)

union all

-- None of PostgreSQL's own tables belongs to another role than the first superuser; none was added.
select
  'table',
  relation.oid::regclass::text,
  jsonb_build_object('owner', audit.name_role(relation.relowner))
from pg_catalog.pg_class as relation
where relation.relnamespace in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
  and (relation.relowner <> 10 or relation.oid >= 16384 or relation.relrowsecurity)
  -- What an extension has put there: an index belongs to its table, a row type to its type.
  and not audit.is_in_extension('pg_catalog.pg_type'::regclass, relation.reltype)
  and not audit.is_in_extension('pg_catalog.pg_class'::regclass, coalesce((
    select index.indrelid from pg_catalog.pg_index as index
    where index.indexrelid = relation.oid), relation.oid));

comment on view audit.relation_objects is
  'The part of audit.objects about schemas, tables, views and columns.';

grant select on audit.relation_objects to task_auditor;
