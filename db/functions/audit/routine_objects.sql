-- Functions, procedures and aggregates outside of PostgreSQL's own schemas and of extensions.

create or replace view audit.routine_objects with (security_invoker = true) as
select
  'function' as kind,
  routine.oid::regprocedure::text as name,
  jsonb_strip_nulls(jsonb_build_object(
    'owner', audit.name_role(routine.proowner),
    'language', language.lanname,
    'sort', case routine.prokind when 'f' then null when 'p' then 'procedure' when 'a' then 'aggregate'
      else 'window' end,
    'volatility', case routine.provolatile when 'i' then 'immutable' when 's' then 'stable'
      else 'volatile' end,
    'security', case when routine.prosecdef then 'definer' else 'invoker' end,
    'leakproof', routine.proleakproof,
    'strict', nullif(routine.proisstrict, false),
    'parallel', routine.proparallel,
    'settings', routine.proconfig,
    'returns', pg_get_function_result(routine.oid),
    'arguments', pg_get_function_arguments(routine.oid),
    'planner support', nullif(routine.prosupport, 0)::regproc::text,
    'body', case when routine.prosqlbody is null then md5(routine.prosrc || coalesce(routine.probin, ''))
      when current_setting('server_version_num')::integer >= 160000
        then audit.digest_body(pg_get_function_sqlbody(routine.oid)) end,
    'words', case when routine.prosqlbody is not null
      then audit.digest_words(pg_get_function_sqlbody(routine.oid)) end
  )) as definition
from pg_catalog.pg_proc as routine
inner join pg_catalog.pg_language as language on routine.prolang = language.oid
where audit.is_watched(routine.pronamespace)
  and not exists (
    select from pg_catalog.pg_depend as member
    where member.classid = 'pg_catalog.pg_proc'::regclass and member.objid = routine.oid
      and member.deptype = 'e')

union all

-- None of PostgreSQL's own runs with its owner's rights, belongs to another role than the first superuser, or
-- has been added.
select
  'function',
  routine.oid::regprocedure::text,
  jsonb_build_object(
    'owner', audit.name_role(routine.proowner),
    'security', case when routine.prosecdef then 'definer' else 'invoker' end,
    'settings', routine.proconfig)
from pg_catalog.pg_proc as routine
where not audit.is_watched(routine.pronamespace)
  and (routine.prosecdef or routine.proowner <> 10 or routine.oid >= 16384 or routine.proconfig is not null)
  and not exists (
    select from pg_catalog.pg_depend as member
    where member.classid = 'pg_catalog.pg_proc'::regclass and member.objid = routine.oid
      and member.deptype = 'e');

comment on view audit.routine_objects is
  'The part of audit.objects about functions: owner, volatility, security, path, and a digest of the body.';

grant select on audit.routine_objects to task_auditor;
