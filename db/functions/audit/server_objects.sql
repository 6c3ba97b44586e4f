-- The database, extensions, and what takes rows elsewhere or runs code on the way.

create or replace view audit.server_objects with (security_invoker = true) as
select
  'database' as kind,
  'this' as name,
  jsonb_build_object(
    'encoding', pg_encoding_to_char(database.encoding), 'template', database.datistemplate,
    'connections', database.datallowconn) as definition
from pg_catalog.pg_database as database
where database.datname = current_database()

union all

select
  'extension', quote_ident(extension.extname),
  jsonb_build_object(
    'schema', extension.extnamespace::regnamespace::text,
    -- The functions with their owner's rights, or that belong to somebody else than the first superuser or
    -- the owner.
    'functions to look at', coalesce((
      select jsonb_agg(routine.oid::regprocedure::text order by routine.oid::regprocedure::text)
      from pg_catalog.pg_depend as member
      inner join pg_catalog.pg_proc as routine
        on member.classid = 'pg_catalog.pg_proc'::regclass and member.objid = routine.oid
      where member.refclassid = 'pg_catalog.pg_extension'::regclass and member.refobjid = extension.oid
        and member.deptype = 'e'
        and (
          routine.prosecdef or routine.proleakproof or routine.proconfig is not null
          or audit.name_role(routine.proowner) not in ('the first superuser', 'the database''s owner'))),
            '[]'),
    'members', (
      select md5(string_agg(described.name, ',' order by convert_to(described.name, 'UTF8')))
      from (
        select pg_describe_object(member.classid, member.objid, 0) as name
        from pg_catalog.pg_depend as member
        where member.refclassid = 'pg_catalog.pg_extension'::regclass and member.refobjid = extension.oid
          and member.deptype = 'e'
          -- The types of arrays are members since PostgreSQL 18.
          and member.classid <> 'pg_catalog.pg_type'::regclass) as described))
from pg_catalog.pg_extension as extension

union all

select 'language', quote_ident(language.lanname),
  jsonb_build_object('trusted', language.lanpltrusted, 'owner', case when language.oid >= 16384
    then audit.name_role(language.lanowner) end)
from pg_catalog.pg_language as language
where language.oid >= 16384 or language.lanname in ('internal', 'c', 'sql', 'plpgsql')

union all

select
  'event trigger', quote_ident(event.evtname),
  jsonb_build_object(
    'owner', audit.name_role(event.evtowner), 'event', event.evtevent, 'function',
      event.evtfoid::regproc::text,
    'enabled', event.evtenabled <> 'D')
from pg_catalog.pg_event_trigger as event

union all

select
  'publication', quote_ident(publication.pubname),
  jsonb_build_object(
    'owner', audit.name_role(publication.pubowner), 'all tables', publication.puballtables,
    'tables', (
      select jsonb_agg(member.prrelid::regclass::text order by member.prrelid::regclass::text)
      from pg_catalog.pg_publication_rel as member
      where member.prpubid = publication.oid),
    'schemas', (
      select jsonb_agg(member.pnnspid::regnamespace::text order by member.pnnspid::regnamespace::text)
      from pg_catalog.pg_publication_namespace as member
      where member.pnpubid = publication.oid))
from pg_catalog.pg_publication as publication

union all

select
  'subscription', quote_ident(subscription.subname),
  jsonb_build_object('owner', audit.name_role(subscription.subowner), 'enabled', subscription.subenabled)
from pg_catalog.pg_subscription as subscription
inner join pg_catalog.pg_database as database
  on subscription.subdbid = database.oid and database.datname = current_database()

union all

select
  'replication slot', quote_ident(slot.slot_name),
  jsonb_build_object('type', slot.slot_type, 'plugin', slot.plugin)
from pg_catalog.pg_replication_slots as slot
where slot.database is null or slot.database = current_database()

union all

select
  'foreign data wrapper', quote_ident(wrapper.fdwname),
  jsonb_build_object('owner', audit.name_role(wrapper.fdwowner))
from pg_catalog.pg_foreign_data_wrapper as wrapper

union all

select
  'foreign server', quote_ident(server.srvname),
  jsonb_build_object('owner', audit.name_role(server.srvowner))
from pg_catalog.pg_foreign_server as server

union all

select
  'user mapping', format('%s on %I', case mapping.umuser when 0 then 'public' else mapping.usename::text end,
    mapping.srvname), '{}'
from pg_catalog.pg_user_mappings as mapping

union all

select
  'large objects', format('of %s', audit.name_role(large.lomowner)), '{}'
from pg_catalog.pg_largeobject_metadata as large
group by large.lomowner

union all

select
  'security label', pg_describe_object(label.classoid, label.objoid, label.objsubid),
  jsonb_build_object('provider', label.provider, 'label', label.label)
from pg_catalog.pg_seclabel as label

union all

-- The server's own: as a new session has it that no role and no database changes.
select
  'server setting', found.name,
  jsonb_build_object('value', found.boot_or_file)
from (
  select
    setting.name,
    case
      when setting.source in ('default', 'configuration file', 'command line', 'environment variable',
        'override') then setting.setting
      else setting.boot_val end as boot_or_file
  from pg_catalog.pg_settings as setting
  where setting.name in (
    'row_security', 'session_replication_role', 'default_transaction_read_only',
      'log_parameter_max_length_on_error',
    'password_encryption', 'allow_system_table_mods', 'ignore_system_indexes', 'transform_null_equals',
    'array_nulls', 'standard_conforming_strings', 'lo_compat_privileges', 'zero_damaged_pages',
      'ignore_checksum_failure')
) as found

union all

-- A type or a table of PostgreSQL that belongs to somebody else than the first superuser, or was added to its
-- schemas.
select
  'table', relation.oid::regclass::text, jsonb_build_object('owner', audit.name_role(relation.relowner))
from pg_catalog.pg_class as relation
where relation.relnamespace in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
  and (relation.relowner <> 10 or relation.oid >= 16384 or relation.relrowsecurity);

comment on view audit.server_objects is
  'The part of audit.objects about the database: extensions, languages, replication, servers.';

grant select on audit.server_objects to task_auditor;
