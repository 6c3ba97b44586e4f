-- What decides which words a text is made of.

create or replace view audit.search_objects with (security_invoker = true) as
select
  'text search configuration' as kind,
  config.oid::regconfig::text as name,
  jsonb_build_object(
    'owner', audit.name_role(config.cfgowner),
    'mapping', (
      select md5(string_agg(
        format('%s %s %s', map.maptokentype, map.mapseqno, map.mapdict::regdictionary), ','
        order by map.maptokentype, map.mapseqno))
      from pg_catalog.pg_ts_config_map as map
      where map.mapcfg = config.oid)) as definition
from pg_catalog.pg_ts_config as config
where audit.is_watched(config.cfgnamespace)
  and not audit.is_in_extension('pg_catalog.pg_ts_config'::regclass, config.oid)

union all

-- Those of extensions too: the words of every search go through unaccent.
select
  'text search dictionary',
  dictionary.oid::regdictionary::text,
  jsonb_build_object(
    -- An extension that a superuser creates belongs to that one, else to the first superuser.
    'owner', audit.name_role(case when owner.rolsuper then 10 else owner.oid end),
    'options', dictionary.dictinitoption,
    'template', (
      select template.tmplname from pg_catalog.pg_ts_template as template
      where template.oid = dictionary.dicttemplate))
from pg_catalog.pg_ts_dict as dictionary
inner join pg_catalog.pg_roles as owner on dictionary.dictowner = owner.oid
where audit.is_watched(dictionary.dictnamespace)

union all

select
  'text search parser',
  format('%s.%I', parser.prsnamespace::regnamespace, parser.prsname),
  jsonb_build_object('start', parser.prsstart::regproc::text)
from pg_catalog.pg_ts_parser as parser
where parser.oid >= 16384
  and not audit.is_in_extension('pg_catalog.pg_ts_parser'::regclass, parser.oid)

union all

select
  'text search template',
  format('%s.%I', template.tmplnamespace::regnamespace, template.tmplname),
  jsonb_build_object('lexize', template.tmpllexize::regproc::text)
from pg_catalog.pg_ts_template as template
where template.oid >= 16384
  and not audit.is_in_extension('pg_catalog.pg_ts_template'::regclass, template.oid);

comment on view audit.search_objects is 'The part of audit.objects about text search.';

grant select on audit.search_objects to task_auditor;
