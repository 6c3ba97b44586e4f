-- Citus copies all of it from a table to its shards, and appends the number of the shard to names.

create or replace function audit.describe_table(relation oid, suffix text) returns jsonb
language sql stable
set search_path = ''
as $$
  with part as (
    select
      'columns' as kind,
      format(
        '%I %s %s %s', attribute.attname, format_type(attribute.atttypid, attribute.atttypmod),
        attribute.attnotnull, pg_get_expr(expression.adbin, expression.adrelid)) as text
    from pg_catalog.pg_attribute as attribute
    left join pg_catalog.pg_attrdef as expression
      on attribute.attrelid = expression.adrelid and attribute.attnum = expression.adnum
    where attribute.attrelid = describe_table.relation and attribute.attnum > 0
      and not attribute.attisdropped
    union all
    select 'privileges', format('%s: %s', attribute.attname, entry)
    from pg_catalog.pg_attribute as attribute
    cross join unnest(attribute.attacl) as entry
    where attribute.attrelid = describe_table.relation and not attribute.attisdropped
    union all
    select 'privileges', entry::text
    from pg_catalog.pg_class as class
    cross join unnest(class.relacl) as entry
    where class.oid = describe_table.relation
    union all
    select
      'row-level security, owner or kind',
      format(
        '%s %s %s %s %s', class.relrowsecurity, class.relforcerowsecurity, class.relowner, class.relkind,
        class.relpersistence)
    from pg_catalog.pg_class as class
    where class.oid = describe_table.relation
    union all
    select
      'policies',
      format(
        '%I %s %s %s using %s with check %s', policy.polname, policy.polcmd, policy.polpermissive,
        array(select named from unnest(policy.polroles) as named order by named),
        pg_get_expr(policy.polqual, policy.polrelid), pg_get_expr(policy.polwithcheck, policy.polrelid))
    from pg_catalog.pg_policy as policy
    where policy.polrelid = describe_table.relation
    union all
    select 'triggers', format('%s %s', pg_get_triggerdef(fired.oid), fired.tgenabled)
    from pg_catalog.pg_trigger as fired
    where fired.tgrelid = describe_table.relation and not fired.tgisinternal
    union all
    select 'constraints', format('%I %s', bond.conname, pg_get_constraintdef(bond.oid))
    from pg_catalog.pg_constraint as bond
    where bond.conrelid = describe_table.relation and bond.contype in ('c', 'p', 'u', 'x')
    union all
    select 'rules', pg_get_ruledef(rule.oid)
    from pg_catalog.pg_rewrite as rule
    where rule.ev_class = describe_table.relation
  )

  select jsonb_object_agg(listed.kind, listed.texts)
  from (
    select
      part.kind,
      jsonb_agg(name.text order by name.text) as texts
    from part
    cross join lateral (
      select regexp_replace(part.text, format('%s\M', suffix), '', 'g') as text) as name
    group by part.kind
  ) as listed
$$;

comment on function audit.describe_table is
  'All that protects the rows of a table, by kind; without the suffix that names in it may have.';

grant execute on function audit.describe_table to task_auditor;
