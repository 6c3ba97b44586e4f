-- Functions, procedures and aggregates; those of extensions are in audit.server_objects.

create or replace view audit.routine_objects with (security_invoker = true) as
select
  'function' as kind,
  routine.oid::regprocedure::text as name,
  jsonb_strip_nulls(jsonb_build_object(
    'owner', audit.name_role(routine.proowner),
    'language', language.lanname,
    'sort', case routine.prokind
      when 'p' then 'procedure'
      when 'a' then 'aggregate'
      when 'w' then 'window'
    end,
    'volatility', case routine.provolatile
      when 'i' then 'immutable'
      when 's' then 'stable'
      else 'volatile'
    end,
    'security', case when routine.prosecdef then 'definer' else 'invoker' end,
    'leakproof', routine.proleakproof,
    'strict', nullif(routine.proisstrict, false),
    'parallel', routine.proparallel,
    'settings', routine.proconfig,
    'returns', pg_get_function_result(routine.oid),
    'arguments', pg_get_function_arguments(routine.oid),
    'planner support', nullif(routine.prosupport, 0)::regproc::text,
    'body', case
      when printed.text is null then md5(routine.prosrc || coalesce(routine.probin, ''))
      when current_setting('server_version_num')::integer >= 160000 then audit.digest_body(printed.text)
    end,
    'words', audit.digest_words(printed.text)
  )) as definition
from pg_catalog.pg_proc as routine
inner join pg_catalog.pg_language as language on routine.prolang = language.oid
-- Printed once: "offset" keeps the planner from putting the call in each place that reads it.
cross join lateral (select pg_get_function_sqlbody(routine.oid) as text offset 0) as printed
where (
    audit.is_watched(routine.pronamespace)
    -- app.user_id and the policies stand on these.
    or routine.oid in (
      'pg_catalog.current_setting(text,boolean)'::regprocedure,
      'pg_catalog.set_config(text,text,boolean)'::regprocedure,
      'pg_catalog.texteq(text,text)'::regprocedure))
  and not audit.is_in_extension('pg_catalog.pg_proc'::regclass, routine.oid)

union all

-- None of PostgreSQL's own functions runs with its owner's rights or has settings, none belongs to another
-- role than the first superuser, and none was added.
select
  'function',
  routine.oid::regprocedure::text,
  jsonb_build_object(
    'owner', audit.name_role(routine.proowner),
    'security', case when routine.prosecdef then 'definer' else 'invoker' end,
    'settings', routine.proconfig)
from pg_catalog.pg_proc as routine
where not audit.is_watched(routine.pronamespace)
  and (
    routine.prosecdef or routine.proconfig is not null
    or routine.proowner <> 10 or routine.oid >= 16384)
  and routine.oid not in (
    'pg_catalog.current_setting(text,boolean)'::regprocedure,
    'pg_catalog.set_config(text,text,boolean)'::regprocedure,
    'pg_catalog.texteq(text,text)'::regprocedure)
  and not audit.is_in_extension('pg_catalog.pg_proc'::regclass, routine.oid)

union all

-- A function of PostgreSQL can be replaced by one in SQL, which the planner then runs instead. The functions
-- that are not "internal" are the same in 15 to 18; one that was replaced is among them.
select
  'built-in functions',
  'of pg_catalog',
  jsonb_build_object('body', md5(string_agg(
    concat_ws(
      ' ', routine.oid::regprocedure, routine.prosrc, routine.probin,
      pg_get_function_sqlbody(routine.oid)),
    ',' order by convert_to(routine.oid::regprocedure::text, 'UTF8'))))
from pg_catalog.pg_proc as routine
inner join pg_catalog.pg_language as language on routine.prolang = language.oid
where routine.pronamespace = 'pg_catalog'::regnamespace and routine.oid < 16384
  and language.lanname <> 'internal'

union all

-- A leakproof function may be shown rows before row-level security takes them out. Those named are leakproof
-- in some releases only.
select
  'built-in functions',
  'that are leakproof',
  jsonb_build_object('members', md5(string_agg(
    routine.oid::regprocedure::text, ',' order by convert_to(routine.oid::regprocedure::text, 'UTF8'))))
from pg_catalog.pg_proc as routine
where routine.proleakproof and not audit.is_watched(routine.pronamespace)
  and routine.proname not in (
    'bytea', 'bytea_larger', 'bytea_smaller', 'crc32', 'crc32c', 'gen_random_uuid',
    'uuid_extract_timestamp', 'uuid_extract_version');

comment on view audit.routine_objects is
  'The part of audit.objects about functions: owner, volatility, security, path, and a digest of the body.';

grant select on audit.routine_objects to task_auditor;
