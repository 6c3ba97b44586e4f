-- Part 2 of the report.

create or replace view audit.relations with (security_invoker = true) as
select
  class.oid,
  class.oid::regclass::text as relation,
  namespace.nspname as schema,
  case class.relkind
    when 'v' then 'view'
    when 'm' then 'materialized view'
    when 'f' then 'foreign table'
    when 'S' then 'sequence'
    else 'table'
  end as kind,
  owner.rolname as owner,
  class.relowner as owner_oid,
  case
    when class.relkind not in ('r', 'p') then null
    when not class.relrowsecurity then 'OFF'
    when not class.relforcerowsecurity then 'NOT FORCED'
    else 'forced'
  end as row_level_security,
  case when class.relkind = 'v' then coalesce((
    select option.option_value from pg_options_to_table(class.reloptions) as option
    where option.option_name = 'security_invoker'
  )::boolean, false) end as security_invoker,
  class.oid in (
    select attribute.attrelid from pg_catalog.pg_attribute as attribute
    where attribute.attname = 'user_id' and not attribute.attisdropped) as has_user_id,
  class.oid in (
    select dependency.objid from pg_catalog.pg_depend as dependency
    where dependency.classid = 'pg_catalog.pg_class'::regclass and dependency.deptype = 'e') as in_extension,
  -- Not relhasrules: it stays until the next vacuum.
  class.oid in (
    select rule.ev_class from pg_catalog.pg_rewrite as rule
    where rule.rulename <> '_RETURN') as has_rules,
  class.relacl as acl
from pg_catalog.pg_class as class
inner join pg_catalog.pg_namespace as namespace on class.relnamespace = namespace.oid
inner join pg_catalog.pg_roles as owner on class.relowner = owner.oid
where class.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  and namespace.nspname !~ '^pg_' and namespace.nspname <> 'information_schema';

comment on view audit.relations is 'Every table, view and sequence outside of PostgreSQL''s own schemas.';

grant select on audit.relations to task_auditor;
