-- The database, its extensions and languages, and the settings of the server. What takes rows elsewhere is in
-- audit.channel_objects.

create or replace view audit.server_objects with (security_invoker = true) as
select
  'database' as kind,
  'this' as name,
  jsonb_build_object(
    'owner', case when database.datdba = audit.find_owner() then 'the role that migrates'
      else audit.name_role(database.datdba) end,
    'encoding', pg_encoding_to_char(database.encoding),
    'template', database.datistemplate,
    'connections', database.datallowconn,
    'connection limit', database.datconnlimit) as definition
from pg_catalog.pg_database as database
where database.datname = current_database()

union all

select
  'extension',
  quote_ident(extension.extname),
  jsonb_build_object(
    'schema', extension.extnamespace::regnamespace::text,
    -- Those that run with their owner's rights, are leakproof or have settings; that belong to another role
    -- than the first superuser or the database's owner; and that were replaced by one of another language.
    'functions to look at', coalesce((
      select jsonb_agg(routine.oid::regprocedure::text order by routine.oid::regprocedure::text)
      from pg_catalog.pg_depend as member
      inner join pg_catalog.pg_proc as routine
        on member.classid = 'pg_catalog.pg_proc'::regclass and member.objid = routine.oid
      where member.refclassid = 'pg_catalog.pg_extension'::regclass and member.refobjid = extension.oid
        and member.deptype = 'e'
        and (
          routine.prosecdef or routine.proleakproof or routine.proconfig is not null
          or audit.name_role(routine.proowner) not in ('the first superuser', 'the database''s owner')
          or coalesce(routine.probin !~ '^\$libdir/', routine.prokind <> 'a'))), '[]'),
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

select
  'language',
  quote_ident(language.lanname),
  jsonb_build_object(
    'trusted', language.lanpltrusted,
    'owner', case when language.oid >= 16384 then audit.name_role(language.lanowner) end)
from pg_catalog.pg_language as language
where language.oid >= 16384 or language.lanname in ('internal', 'c', 'sql', 'plpgsql')

union all

select
  'event trigger',
  quote_ident(event.evtname),
  jsonb_build_object(
    'owner', audit.name_role(event.evtowner), 'event', event.evtevent,
    'function', event.evtfoid::regproc::text, 'enabled', event.evtenabled <> 'D')
from pg_catalog.pg_event_trigger as event
where not audit.is_in_extension('pg_catalog.pg_event_trigger'::regclass, event.oid)

union all

select
  'large objects',
  format('of %s', audit.name_role(large.lomowner)),
  '{}'
from pg_catalog.pg_largeobject_metadata as large
group by large.lomowner

union all

-- Of columns, too.
select
  'security label',
  pg_describe_object(label.classoid, label.objoid, label.objsubid),
  jsonb_build_object('provider', label.provider, 'label', label.label)
from (
  select local.classoid, local.objoid, local.objsubid, local.provider, local.label
  from pg_catalog.pg_seclabel as local
  union all
  select shared.classoid, shared.objoid, 0, shared.provider, shared.label
  from pg_catalog.pg_shseclabel as shared
) as label

union all

-- The server's own value, as a session has it where no role and no database changes it. What these change is
-- listed with the role; the report itself sets some for its transaction.
select
  'server setting',
  setting.name,
  jsonb_build_object('value', case
    when setting.source in ('database', 'user', 'database user', 'client') then setting.boot_val
    when setting.source = 'session' then setting.reset_val
    else setting.setting
  end)
from pg_catalog.pg_settings as setting
where setting.name in (
  'allow_system_table_mods', 'array_nulls', 'default_transaction_read_only', 'ignore_checksum_failure',
  'ignore_system_indexes', 'lo_compat_privileges', 'log_min_duration_statement',
  'log_parameter_max_length_on_error', 'log_statement', 'password_encryption', 'row_security',
  'session_replication_role', 'standard_conforming_strings', 'transform_null_equals', 'zero_damaged_pages');

comment on view audit.server_objects is
  'The part of audit.objects about the database: extensions, languages, event triggers, server settings.';

grant select on audit.server_objects to task_auditor;
