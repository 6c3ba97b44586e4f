-- Types, and what decides how values are compared and converted. Objects with a number from 16384 on are not
-- PostgreSQL's own.

create or replace view audit.type_objects with (security_invoker = true) as
select
  case type.typtype when 'd' then 'domain' else 'type' end as kind,
  type.oid::regtype::text as name,
  jsonb_strip_nulls(jsonb_build_object(
    'owner', audit.name_role(type.typowner),
    'base', case when type.typtype = 'd' then format_type(type.typbasetype, type.typtypmod) end,
    'not null', nullif(type.typnotnull, false),
    'default', type.typdefault,
    'constraints', (
      select jsonb_object_agg(
        bond.conname,
        pg_get_constraintdef(bond.oid) || case when bond.convalidated then '' else ' (not valid)' end)
      from pg_catalog.pg_constraint as bond
      where bond.contypid = type.oid and bond.contype = 'c'),
    'labels', (
      select jsonb_agg(label.enumlabel order by label.enumsortorder) from pg_catalog.pg_enum as label
      where label.enumtypid = type.oid))) as definition
from pg_catalog.pg_type as type
left join pg_catalog.pg_class as class on type.typrelid = class.oid
where audit.is_watched(type.typnamespace) and type.typcategory <> 'A' and type.typtype <> 'm'
  and (type.typrelid = 0 or class.relkind = 'c')
  and not audit.is_in_extension('pg_catalog.pg_type'::regclass, type.oid)

union all

select
  'cast',
  format('%s to %s', made.castsource::regtype, made.casttarget::regtype),
  jsonb_build_object(
    'function', nullif(made.castfunc, 0)::regprocedure::text, 'context', made.castcontext::text,
    'method', made.castmethod::text)
from pg_catalog.pg_cast as made
where made.oid >= 16384 and not audit.is_in_extension('pg_catalog.pg_cast'::regclass, made.oid)

union all

select
  'operator',
  operator.oid::regoperator::text,
  jsonb_build_object(
    'owner', audit.name_role(operator.oprowner), 'function', operator.oprcode::regproc::text)
from pg_catalog.pg_operator as operator
where operator.oid >= 16384
  and not audit.is_in_extension('pg_catalog.pg_operator'::regclass, operator.oid)

union all

select
  'operator class',
  format('%s.%I for %s', class.opcnamespace::regnamespace, class.opcname, method.amname),
  jsonb_build_object(
    'owner', audit.name_role(class.opcowner), 'type', class.opcintype::regtype::text,
    'default', class.opcdefault)
from pg_catalog.pg_opclass as class
inner join pg_catalog.pg_am as method on class.opcmethod = method.oid
where class.oid >= 16384 and not audit.is_in_extension('pg_catalog.pg_opclass'::regclass, class.oid)

union all

-- To a family of PostgreSQL's own, operators and functions can be added.
select
  'operator family',
  format('%s.%I for %s', family.opfnamespace::regnamespace, family.opfname, method.amname),
  jsonb_build_object('owner', audit.name_role(family.opfowner)) || case
    when family.oid < 16384 then jsonb_build_object('added', added.members)
    else '{}'
  end
from pg_catalog.pg_opfamily as family
inner join pg_catalog.pg_am as method on family.opfmethod = method.oid
cross join lateral (
  select jsonb_agg(member.name order by member.name) as members
  from (
    select operator.amopopr::regoperator::text as name
    from pg_catalog.pg_amop as operator
    where operator.amopfamily = family.oid and operator.oid >= 16384
      and not audit.is_in_extension('pg_catalog.pg_amop'::regclass, operator.oid)
    union all
    select routine.amproc::regprocedure::text
    from pg_catalog.pg_amproc as routine
    where routine.amprocfamily = family.oid and routine.oid >= 16384
      and not audit.is_in_extension('pg_catalog.pg_amproc'::regclass, routine.oid)
  ) as member
) as added
where (family.oid >= 16384 or added.members is not null)
  and not audit.is_in_extension('pg_catalog.pg_opfamily'::regclass, family.oid)

union all

select
  'collation',
  format('%s.%I', coll.collnamespace::regnamespace, coll.collname),
  jsonb_build_object('owner', audit.name_role(coll.collowner), 'provider', coll.collprovider::text)
from pg_catalog.pg_collation as coll
where coll.oid >= 16384 and (audit.is_watched(coll.collnamespace) or coll.collowner <> 10)

union all

select
  'conversion',
  format('%s.%I', conversion.connamespace::regnamespace, conversion.conname),
  jsonb_build_object(
    'owner', audit.name_role(conversion.conowner), 'function', conversion.conproc::regproc::text,
    'default', conversion.condefault)
from pg_catalog.pg_conversion as conversion
where conversion.oid >= 16384

union all

select
  'access method',
  quote_ident(method.amname),
  jsonb_build_object('handler', method.amhandler::regproc::text)
from pg_catalog.pg_am as method
where method.oid >= 16384

union all

select
  'transform',
  format('%s for %s', transform.trftype::regtype, language.lanname),
  jsonb_build_object('from', transform.trffromsql::regproc::text, 'to', transform.trftosql::regproc::text)
from pg_catalog.pg_transform as transform
inner join pg_catalog.pg_language as language on transform.trflang = language.oid;

comment on view audit.type_objects is
  'The part of audit.objects about types, domains, casts, operators and collations.';

grant select on audit.type_objects to task_auditor;
