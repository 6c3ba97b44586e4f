-- Types, and what decides how values are compared, converted and searched.

create or replace view audit.type_objects with (security_invoker = true) as
with members as (
  select member.classid, member.objid from pg_catalog.pg_depend as member
  where member.deptype = 'e'
)

select
  case type.typtype when 'd' then 'domain' else 'type' end as kind,
  type.oid::regtype::text as name,
  jsonb_strip_nulls(jsonb_build_object(
    'owner', audit.name_role(type.typowner),
    'base', case when type.typtype = 'd' then format_type(type.typbasetype, type.typtypmod) end,
    'not null', nullif(type.typnotnull, false), 'default', type.typdefault,
    'constraints', (
      select jsonb_object_agg(bond.conname, pg_get_constraintdef(bond.oid) || case when bond.convalidated
        then '' else ' (not valid)' end)
      from pg_catalog.pg_constraint as bond
      where bond.contypid = type.oid and bond.contype = 'c'),
    'labels', (
      select jsonb_agg(label.enumlabel order by label.enumsortorder) from pg_catalog.pg_enum as label
      where label.enumtypid = type.oid))) as definition
from pg_catalog.pg_type as type
left join pg_catalog.pg_class as class on type.typrelid = class.oid
where audit.is_watched(type.typnamespace) and type.typcategory <> 'A' and type.typtype <> 'm'
  and (class.oid is null or class.relkind = 'c')
  and ('pg_catalog.pg_type'::regclass, type.oid) not in (select members.classid, members.objid from members)

union all

select
  'cast',
  format('%s to %s', cast_.castsource::regtype, cast_.casttarget::regtype),
  jsonb_build_object(
    'function', nullif(cast_.castfunc, 0)::regprocedure::text, 'context', cast_.castcontext::text, 'method',
      cast_.castmethod::text)
from pg_catalog.pg_cast as cast_
where cast_.oid >= 16384
  and ('pg_catalog.pg_cast'::regclass, cast_.oid) not in (select members.classid, members.objid from members)

union all

select
  'operator', operator.oid::regoperator::text,
  jsonb_build_object('owner', audit.name_role(operator.oprowner), 'function', operator.oprcode::regproc::text)
from pg_catalog.pg_operator as operator
where operator.oid >= 16384
  and ('pg_catalog.pg_operator'::regclass, operator.oid) not in (select members.classid, members.objid
    from members)

union all

select
  'operator class', format('%s.%I for %s', class.opcnamespace::regnamespace, class.opcname, method.amname),
  jsonb_build_object('owner', audit.name_role(class.opcowner), 'type', class.opcintype::regtype::text,
    'default', class.opcdefault)
from pg_catalog.pg_opclass as class
inner join pg_catalog.pg_am as method on class.opcmethod = method.oid
where class.oid >= 16384
  and ('pg_catalog.pg_opclass'::regclass, class.oid) not in (select members.classid, members.objid
    from members)

union all

select
  'operator family', format('%s.%I for %s', family.opfnamespace::regnamespace, family.opfname, method.amname),
  jsonb_build_object('owner', audit.name_role(family.opfowner))
from pg_catalog.pg_opfamily as family
inner join pg_catalog.pg_am as method on family.opfmethod = method.oid
where family.oid >= 16384
  and ('pg_catalog.pg_opfamily'::regclass, family.oid) not in (select members.classid, members.objid
    from members)

union all

select
  'text search configuration', config.oid::regconfig::text,
  jsonb_build_object(
    'owner', audit.name_role(config.cfgowner),
    'mapping', (
      select md5(string_agg(format('%s %s %s', map.maptokentype, map.mapseqno, map.mapdict::regdictionary),
        ',' order by map.maptokentype, map.mapseqno))
      from pg_catalog.pg_ts_config_map as map
      where map.mapcfg = config.oid))
from pg_catalog.pg_ts_config as config
where audit.is_watched(config.cfgnamespace)
  and ('pg_catalog.pg_ts_config'::regclass, config.oid) not in (select members.classid, members.objid
    from members)

union all

select
  'text search dictionary', dictionary.oid::regdictionary::text,
  jsonb_build_object(
    -- An extension that a superuser creates belongs to that one, else to the first superuser.
    'owner', case when owner.rolsuper then 'the first superuser' else audit.name_role(owner.oid) end,
    'options', dictionary.dictinitoption,
    'template', (select template.tmplname from pg_catalog.pg_ts_template as template
      where template.oid = dictionary.dicttemplate))
from pg_catalog.pg_ts_dict as dictionary
inner join pg_catalog.pg_roles as owner on dictionary.dictowner = owner.oid
-- That of an extension too: the words of every search go through it.
where audit.is_watched(dictionary.dictnamespace)

union all

select
  'text search parser', format('%s.%I', parser.prsnamespace::regnamespace, parser.prsname),
  jsonb_build_object('start', parser.prsstart::regproc::text)
from pg_catalog.pg_ts_parser as parser
where parser.oid >= 16384
  and ('pg_catalog.pg_ts_parser'::regclass, parser.oid) not in (select members.classid, members.objid
    from members)

union all

select
  'text search template', format('%s.%I', template.tmplnamespace::regnamespace, template.tmplname),
  jsonb_build_object('lexize', template.tmpllexize::regproc::text)
from pg_catalog.pg_ts_template as template
where template.oid >= 16384
  and ('pg_catalog.pg_ts_template'::regclass, template.oid) not in (select members.classid, members.objid
    from members)

union all

select
  'collation', format('%s.%I', coll.collnamespace::regnamespace, coll.collname),
  jsonb_build_object('owner', audit.name_role(coll.collowner), 'provider', coll.collprovider::text)
from pg_catalog.pg_collation as coll
where coll.oid >= 16384 and (audit.is_watched(coll.collnamespace) or coll.collowner <> 10)

union all

select
  'conversion', format('%s.%I', conversion.connamespace::regnamespace, conversion.conname),
  jsonb_build_object(
    'owner', audit.name_role(conversion.conowner), 'function', conversion.conproc::regproc::text, 'default',
      conversion.condefault)
from pg_catalog.pg_conversion as conversion
where conversion.oid >= 16384

union all

select 'access method', quote_ident(method.amname),
  jsonb_build_object('handler', method.amhandler::regproc::text)
from pg_catalog.pg_am as method
where method.oid >= 16384

union all

select
  'transform', format('%s for %s', transform.trftype::regtype, language.lanname),
  jsonb_build_object('from', transform.trffromsql::regproc::text, 'to', transform.trftosql::regproc::text)
from pg_catalog.pg_transform as transform
inner join pg_catalog.pg_language as language on transform.trflang = language.oid;

comment on view audit.type_objects is
  'The part of audit.objects about types, domains, casts, operators, text search and collations.';

grant select on audit.type_objects to task_auditor;
