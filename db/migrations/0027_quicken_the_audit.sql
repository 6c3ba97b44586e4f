-- migrate:up

set local role task_owner;

drop view audit.objects;

drop function audit.review;

drop view audit.faults;

drop view audit.table_faults;

drop view audit.role_faults;

drop view audit.privilege_faults;

drop view audit.function_faults;

drop view audit.routine_objects;

drop view audit.relation_objects;

drop view audit.privilege_objects;

-- begin db/functions/audit/compare.sql
-- The caller hands over the baseline of db/audit. Of an entry: "releases" are the releases of PostgreSQL that
-- have the object, "since" the first with an attribute; an "optional" one may be missing. With Citus, "citus"
-- replaces attributes, and an entry with "only" is expected there alone; what is "not compared" differs from
-- release to release of Citus.

create or replace function audit.compare(baseline jsonb)
returns table (id text, severity text, kind text, name text, fault text, remedy text)
language plpgsql stable
set search_path = ''
as $$
declare
  c_release constant integer := current_setting('server_version_num')::integer / 10000;
  v_owner constant oid := audit.find_owner();
  v_is_on_citus constant boolean := audit.is_on_citus();
  -- Where the first superuser owns the database, as in a container, both are called by the one name.
  v_first constant text := case when v_owner = 10 then 'the first superuser' else '' end;
begin
  return query
  with expected as (
    select
      entry ->> 'kind' as kind, entry ->> 'name' as name,
      coalesce((entry ->> 'optional')::boolean, false) as optional,
      case
        when v_first = '' then entry -> 'definition'
        else replace((entry -> 'definition')::text, v_first, 'the database''s owner')::jsonb
      end - array(
        select attribute.key from jsonb_each_text(entry -> 'since') as attribute
        where attribute.value::integer > c_release
      ) || case when v_is_on_citus then coalesce(entry -> 'citus', '{}') else '{}' end as definition,
      array(select jsonb_array_elements_text(entry -> 'not compared')) as left_out
    from jsonb_array_elements(baseline) as entry
    where (entry -> 'releases' is null or entry -> 'releases' @> to_jsonb(c_release))
      and (entry -> 'only' is null or v_is_on_citus)
  ),

  present as materialized (
    select object.kind, object.name, object.definition from audit.objects as object
  ),

  differing as (
    select
      coalesce(expected.kind, present.kind) as kind,
      coalesce(expected.name, present.name) as name,
      case
        when expected.kind is null then 'added'
        when present.kind is null then 'missing'
        else 'changed'
      end as change,
      expected.definition as expected,
      present.definition - coalesce(expected.left_out, '{}') as actual
    from expected
    full join present on expected.kind = present.kind and expected.name = present.name
    where expected.kind is null
      or present.kind is null and not expected.optional
      or present.definition - expected.left_out <> expected.definition
  ),

  -- Of a table that was added, the columns say nothing more; nor what belongs to an object that is missing,
  -- or the index of a constraint.
  whole as (
    select differing.change, differing.kind, differing.name from differing
    where differing.change <> 'changed'
  ),

  -- Where one of PostgreSQL's own functions was replaced, no remedy of anything else can be believed. "~"
  -- depends on none of those that are looked at.
  broken as (
    select from differing
    where differing.kind ~ '^built-in functions$'
      or differing.kind ~ '^function$' and differing.name !~ '\.' and differing.change ~ '^changed$'
  )

  select
    format(
      '%s-%s:%s', replace(found.kind, ' ', '-'), found.change,
      left(md5(concat_ws(' ', found.name, found.actual)), 8)),
    audit.rate(found.change, found.kind, found.name, found.expected, found.actual),
    found.kind, found.name,
    audit.describe_difference(found.change, found.kind, found.name, found.expected, found.actual),
    case
      when exists (select from broken)
        and (found.kind !~ '^(built-in functions|function)$' or found.name ~ '\.')
        then 'by hand: first mend the functions of PostgreSQL that differ'
      else regexp_replace(
        replace(
          replace(
            audit.suggest_remedy(found.change, found.kind, found.name, found.expected, found.actual),
            'the first superuser', quote_ident(pg_get_userbyid(10))),
          'the database''s owner',
          coalesce(quote_ident(pg_get_userbyid(v_owner)), 'the role that migrates')),
        '^(?!by hand: )(?=.*the role that migrates)', 'by hand: ')
    end
  from differing as found
  where not exists (
    select from whole
    where whole.change = found.change and case
      when found.kind = 'column'
        then whole.kind in ('table', 'foreign table', 'composite type')
          and starts_with(found.name, format('%s.', whole.name))
      when found.kind = 'index'
        then whole.kind = 'constraint'
          and split_part(whole.name, ' on ', 1) = regexp_replace(found.name, '^.*\.', '')
          or strpos(found.expected ->> 'definition', format(' ON %s USING ', whole.name)) > 0
      else found.change = 'missing' and whole.kind <> found.kind
        and strpos(format('%s for ', found.name), format(' %s for ', whole.name)) > 0
    end);
end $$;

comment on function audit.compare is
  'Each difference between audit.objects and the baseline: its severity, a sentence, and its remedy.';

grant execute on function audit.compare to task_auditor;
-- end db/functions/audit/compare.sql

-- begin db/functions/audit/digest_words.sql
-- PostgreSQL 15 prints more names of tables before columns than later releases do. These names, brackets and
-- white space are left out; and so is the constant of spread.epoch, as in audit.digest_body.
--
-- The names of schemas stay: they have two dots meanwhile. To look ahead for them, (?!app\.), takes longer.

create or replace function audit.digest_words(body text) returns text
language sql immutable
return md5(regexp_replace(
  regexp_replace(
    regexp_replace(
      regexp_replace(
        regexp_replace(
          regexp_replace(digest_words.body, '::(\w+) AS \1\M', '::\1', 'g'),
          '^RETURN ''[0-9a-f]{8}''::text$', 'RETURN an epoch'),
        '\m(app|api|audit|finder|keeper|porter|pg_catalog)\.', '\&.', 'g'),
      '\m[a-z_0-9]+\.(?=[a-z_"])', '', 'g'),
    '\m(app|api|audit|finder|keeper|porter|pg_catalog)\.\.', '\1.', 'g'),
  '[\s()]+', '', 'g'));

comment on function audit.digest_words is
  'A digest of printed SQL that is the same on every release of PostgreSQL.';

grant execute on function audit.digest_words to task_api, task_auditor;
-- end db/functions/audit/digest_words.sql

-- begin db/functions/audit/find_owner.sql
-- Where a role of Duly owns the database, which is a fault, the owner of dbmate's table is the role that
-- migrates: so the rest is compared as ever.

create or replace function audit.find_owner() returns oid
language sql stable
return (
  select case
    when pg_get_userbyid(database.datdba) !~ '^task_(owner|finder|keeper|porter|auditor|api|worker)$'
      then database.datdba
    else (
      select class.relowner from pg_catalog.pg_class as class
      inner join pg_catalog.pg_namespace as namespace
        on class.relnamespace = namespace.oid and namespace.nspname = 'public'
      where class.relname = 'schema_migrations'
        and pg_get_userbyid(class.relowner) !~ '^task_(owner|finder|keeper|porter|auditor|api|worker)$')
  end
  from pg_catalog.pg_database as database
  where database.datname = current_database());

comment on function audit.find_owner is
  'The role that migrates and should own the database; null if no role but those of Duly is known.';

grant execute on function audit.find_owner to task_auditor;
-- end db/functions/audit/find_owner.sql

-- begin db/functions/audit/is_watched.sql
-- The audit lists the objects of every schema but PostgreSQL's own. It asks this of each row of large
-- catalogs, so there is no query in it: the planner then makes it a part of the statement that asks.

create or replace function audit.is_watched(schema oid) returns boolean
language sql stable
return is_watched.schema not in ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace)
and is_watched.schema::regnamespace::text !~ '^(information_schema$|pg_(temp|toast_temp)_)';

comment on function audit.is_watched is
  'Whether the audit lists what is in a schema: all but PostgreSQL''s own.';

grant execute on function audit.is_watched to task_auditor;
-- end db/functions/audit/is_watched.sql

-- begin db/functions/audit/name_role.sql
-- Two roles have another name on each server, and mean the same. Most objects belong to roles of Duly, which
-- audit.find_owner never returns: for these it is not asked.

create or replace function audit.name_role(role oid) returns text
language sql stable
return case
  when name_role.role = 0 then 'public'
  when name_role.role <> 10
    and pg_get_userbyid(name_role.role) ~ '^task_(owner|finder|keeper|porter|auditor|api|worker)$'
    then pg_get_userbyid(name_role.role)::text
  when name_role.role = audit.find_owner() then 'the database''s owner'
  when name_role.role = 10 then 'the first superuser'
  else coalesce(quote_ident(pg_get_userbyid(name_role.role)), 'nobody')
end;

comment on function audit.name_role is
  'The name of a role, or "the database''s owner", "the first superuser", "public".';

grant execute on function audit.name_role to task_auditor;
-- end db/functions/audit/name_role.sql

-- begin db/functions/audit/privilege_objects.sql
-- Each privilege of a role that does not own the object. Where nothing was granted or revoked, PostgreSQL's
-- defaults count: functions and types are born open to public.

create or replace view audit.privilege_objects with (security_invoker = true) as
with granted (subject, object, "column", grants, owner, catalog, oid) as (
  select
    case relation.relkind when 'S' then 'sequence' else 'table' end, relation.oid::regclass::text, null,
    coalesce(
      relation.relacl,
      case relation.relkind
        when 'S' then acldefault('s', relation.relowner)
        else acldefault('r', relation.relowner)
      end),
    relation.relowner, 'pg_catalog.pg_class'::regclass, relation.oid
  from pg_catalog.pg_class as relation
  where relation.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and audit.is_watched(relation.relnamespace)
    and relation.oid not in (select shard.oid from audit.list_shards() as shard)

  union all

  select
    'table', relation.oid::regclass::text, attribute.attname, attribute.attacl, relation.relowner, null, null
  from pg_catalog.pg_class as relation
  inner join pg_catalog.pg_attribute as attribute on relation.oid = attribute.attrelid
    and not attribute.attisdropped
  where audit.is_watched(relation.relnamespace)
    and relation.oid not in (select shard.oid from audit.list_shards() as shard)

  union all

  select
    'function', routine.oid::regprocedure::text, null,
    coalesce(routine.proacl, acldefault('f', routine.proowner)), routine.proowner, null, null
  from pg_catalog.pg_proc as routine
  where audit.is_watched(routine.pronamespace)
    and not audit.is_in_extension('pg_catalog.pg_proc'::regclass, routine.oid)

  union all

  select
    'schema', quote_ident(namespace.nspname), null, namespace.nspacl, namespace.nspowner,
    'pg_catalog.pg_namespace'::regclass, namespace.oid
  from pg_catalog.pg_namespace as namespace
  where audit.is_watched(namespace.oid)

  union all

  -- An array's privilege is its element's, a multirange's is its range's; the row type of a table gives no
  -- rows.
  select
    'type', type.oid::regtype::text, null,
    coalesce(type.typacl, acldefault('T', type.typowner)), type.typowner, null, null
  from pg_catalog.pg_type as type
  left join pg_catalog.pg_class as class on type.typrelid = class.oid
  where audit.is_watched(type.typnamespace) and type.typcategory <> 'A'
    and type.typtype <> 'm' and (type.typrelid = 0 or class.relkind = 'c')
    and not audit.is_in_extension('pg_catalog.pg_type'::regclass, type.oid)

  union all

  select
    'database', 'this', null, coalesce(database.datacl, acldefault('d', database.datdba)), database.datdba,
    null, null
  from pg_catalog.pg_database as database
  where database.datname = current_database()

  union all

  select
    'language', quote_ident(language.lanname), null,
    case
      when language.lanname in ('internal', 'c', 'sql', 'plpgsql') then language.lanacl
      else coalesce(language.lanacl, acldefault('l', language.lanowner))
    end,
    language.lanowner, null, null
  from pg_catalog.pg_language as language

  union all

  select 'foreign server', quote_ident(server.srvname), null, server.srvacl, server.srvowner, null, null
  from pg_catalog.pg_foreign_server as server

  union all

  select
    'foreign data wrapper', quote_ident(wrapper.fdwname), null, wrapper.fdwacl, wrapper.fdwowner, null, null
  from pg_catalog.pg_foreign_data_wrapper as wrapper

  union all

  select
    'tablespace', quote_ident(tablespace.spcname), null, tablespace.spcacl, tablespace.spcowner, null, null
  from pg_catalog.pg_tablespace as tablespace

  union all

  select 'large object', large.oid::text, null, large.lomacl, large.lomowner, null, null
  from pg_catalog.pg_largeobject_metadata as large
),

-- In PostgreSQL's own schemas and in extensions, privileges beyond those that they were born with count.
born as (
  select
    init.classoid, init.objoid, init.objsubid, init.privtype, entry.grantee, entry.privilege_type
  from pg_catalog.pg_init_privs as init
  cross join aclexplode(init.initprivs) as entry
),

beyond (subject, object, "column", grantee, privilege_type, is_grantable) as (
  select
    'table', relation.oid::regclass::text, null, entry.grantee, entry.privilege_type, entry.is_grantable
  from pg_catalog.pg_class as relation
  cross join aclexplode(relation.relacl) as entry
  where not audit.is_watched(relation.relnamespace) and relation.relkind in ('r', 'v')
    and entry.grantee <> relation.relowner
    and not exists (
      select from born
      where born.classoid = 'pg_catalog.pg_class'::regclass and born.objoid = relation.oid
        and born.objsubid = 0
        and born.grantee = entry.grantee and born.privilege_type = entry.privilege_type)

  union all

  select
    'table', relation.oid::regclass::text, attribute.attname, entry.grantee, entry.privilege_type,
    entry.is_grantable
  from pg_catalog.pg_class as relation
  inner join pg_catalog.pg_attribute as attribute on relation.oid = attribute.attrelid
  cross join aclexplode(attribute.attacl) as entry
  where not audit.is_watched(relation.relnamespace) and entry.grantee <> relation.relowner
    and not exists (
      select from born
      where born.classoid = 'pg_catalog.pg_class'::regclass and born.objoid = relation.oid
        and born.objsubid = attribute.attnum
        and born.grantee = entry.grantee and born.privilege_type = entry.privilege_type)

  union all

  select
    'function', routine.oid::regprocedure::text, null, entry.grantee, entry.privilege_type, entry.is_grantable
  from pg_catalog.pg_proc as routine
  cross join aclexplode(routine.proacl) as entry
  where (
      not audit.is_watched(routine.pronamespace)
      or audit.is_in_extension('pg_catalog.pg_proc'::regclass, routine.oid))
    and entry.grantee not in (0, routine.proowner)
    and not exists (
      select from born
      where born.classoid = 'pg_catalog.pg_proc'::regclass and born.objoid = routine.oid
        and born.grantee = entry.grantee and born.privilege_type = entry.privilege_type)

  union all

  -- Functions that public may execute again, and was not born to.
  select
    'function', routine.oid::regprocedure::text, null, entry.grantee, entry.privilege_type, entry.is_grantable
  from pg_catalog.pg_proc as routine
  inner join pg_catalog.pg_init_privs as init on init.classoid = 'pg_catalog.pg_proc'::regclass
    and routine.oid = init.objoid
  cross join aclexplode(routine.proacl) as entry
  where not audit.is_watched(routine.pronamespace) and entry.grantee = 0
    and not exists (
      select from aclexplode(init.initprivs) as born_with
      where born_with.grantee = 0)

  union all

  select
    'schema', quote_ident(namespace.nspname), null, entry.grantee, entry.privilege_type, entry.is_grantable
  from pg_catalog.pg_namespace as namespace
  cross join aclexplode(namespace.nspacl) as entry
  where namespace.nspname in ('pg_catalog', 'information_schema') and entry.grantee <> namespace.nspowner
    and not exists (
      select from born
      where born.classoid = 'pg_catalog.pg_namespace'::regclass and born.objoid = namespace.oid
        and born.grantee = entry.grantee and born.privilege_type = entry.privilege_type)

  union all

  select
    granted.subject, granted.object, granted."column", entry.grantee, entry.privilege_type,
    entry.is_grantable
  from granted
  cross join aclexplode(granted.grants) as entry
  where entry.grantee <> granted.owner
    -- Its tables and schemas beside Duly's, which an extension grants itself.
    and not exists (
      select from born
      where born.classoid = granted.catalog and born.objoid = granted.oid and born.objsubid = 0
        and born.privtype = 'e' and born.grantee = entry.grantee
        and born.privilege_type = entry.privilege_type)
)

select
  'privilege' as kind,
  format(
    '%s on %s %s for %s', lower(found.privilege_type), found.subject, found.object,
    audit.name_role(found.grantee)) as name,
  jsonb_strip_nulls(jsonb_build_object(
    'columns', jsonb_agg(found."column" order by found."column") filter (where found."column" is not null),
    'on the whole', case when bool_or(found."column" is not null)
      then nullif(bool_or(found."column" is null), false) end,
    'grantable', nullif(bool_or(found.is_grantable), false))) as definition
from beyond as found
group by found.privilege_type, found.subject, found.object, found.grantee;

comment on view audit.privilege_objects is
  'The part of audit.objects about privileges; in PostgreSQL''s own schemas, those that were added.';

grant select on audit.privilege_objects to task_auditor;
-- end db/functions/audit/privilege_objects.sql

-- begin db/functions/audit/relation_objects.sql
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
-- end db/functions/audit/relation_objects.sql

-- begin db/functions/audit/review.sql
-- The rules (audit.faults) and the differences from the baseline, together. An accepted fault is known by its
-- id, which changes with what was found: after another change it is not accepted any more.
--
-- To plan, audit.compare too, is a third of the work: a session does it once.

create or replace function audit.review(baseline jsonb, accepted jsonb)
returns table (id text, severity text, fault text, remedy text, accepted_by text, accepted_because text)
language plpgsql stable
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
begin
  return query
  with found as (
    select
      format('rule-%s:%s', rule.part, left(md5(rule.fault), 8)) as id,
      case
        when rule.fault ~ ' has no \w*timeout' then 'medium'
        when rule.part in ('roles', 'tables', 'shards') or rule.fault ~ '^public ' then 'critical'
        else 'high'
      end as severity,
      rule.fault, rule.remedy
    from audit.faults as rule

    union all

    select difference.id, difference.severity, difference.fault, difference.remedy
    from audit.compare(baseline) as difference
  )

  select found.id, found.severity, found.fault, found.remedy, entry ->> 'name', entry ->> 'reason'
  from found
  left join jsonb_array_elements(accepted) as entry on entry ->> 'id' = found.id
  order by
    entry is not null, array_position(array['critical', 'high', 'medium', 'low'], found.severity), found.id;
end $$;

comment on function audit.review is
  'All faults, by the rules and by the baseline; the more dangerous first, the accepted ones last.';

grant execute on function audit.review to task_auditor;
-- end db/functions/audit/review.sql

-- begin db/functions/audit/routine_objects.sql
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
-- end db/functions/audit/routine_objects.sql

-- begin db/functions/audit/function_faults.sql
-- Part 7 of the report: functions.

create or replace view audit.function_faults with (security_invoker = true) as
-- What several rules read is read, and planned, once.
with routine as (
  select
    found.oid, found.schema, found.function, found.owner_oid, found.owner, found.definer, found.leakproof,
    found.search_path, found.bound, found.about, found.sort
  from audit.functions as found
  where not found.in_extension
)

-- A definer function must pin its path even where its body is bound: the functions that it calls run with its
-- owner's rights as well.
select
  format(
    'function %s has no pinned path: whoever calls it decides what the names in it mean', found.function
  ) as fault,
  format('alter %s %s set search_path = ''''', found.sort, found.function) as remedy
from routine as found
where found.sort <> 'aggregate'
  and (found.definer or found.schema in ('app', 'api', 'audit', 'finder', 'keeper', 'porter', 'spread'))
  and coalesce(found.search_path, '-') not in ('""', 'pg_catalog', 'pg_catalog, pg_temp')
  and (found.definer or not found.bound)

union

select
  format(
    'function %s runs with the rights of %I and does not say why', found.function, found.owner
  ) as fault,
  format(
    'by hand: comment on function %s is ''Definer, …'', or alter function %1$s security invoker',
    found.function
  ) as remedy
from routine as found
where found.definer and coalesce(found.about !~ '^Definer, ', true)

union

select
  format(
    'function %s runs with the rights of %I, and is in none of the schemas for that',
    found.function, found.owner) as fault,
  format(
    'by hand: alter function %s security invoker, or create it in finder, keeper or porter, as their owner',
    found.function) as remedy
from routine as found
where found.definer and found.schema not in ('finder', 'keeper', 'porter')

union

-- Where one of the definer roles itself may do more, that is one fault, of the role.
select
  format(
    'function %s runs with the rights of %I, who may do more than it needs', found.function, found.owner
  ) as fault,
  format(
    'by hand: alter function %s owner to a role of its own, without login, that owns no table', found.function
  ) as remedy
from routine as found
inner join pg_catalog.pg_roles as owner on found.owner_oid = owner.oid
where found.definer
  and owner.rolname not in ('task_finder', 'task_keeper', 'task_porter')
  and (
    owner.rolsuper or owner.rolbypassrls or owner.rolcanlogin
    or exists (
      select from audit.relations as owned
      where owned.owner_oid = owner.oid and owned.kind = 'table'))

union

-- These roles need app.search_entries, app.task_counts and the like, and no task.
select
  format(
    '%I may read %s of everybody''s tasks, which it does not need',
    owner.rolname, string_agg(attribute.attname, ', ' order by attribute.attnum)) as fault,
  format('revoke select on app.tasks from %I', owner.rolname) as remedy
from pg_catalog.pg_roles as owner
cross join audit.relations as tasks
inner join pg_catalog.pg_attribute as attribute on tasks.oid = attribute.attrelid
where owner.rolname in ('task_finder', 'task_keeper', 'task_porter')
  and tasks.schema = 'app' and tasks.relation in ('tasks', 'app.tasks')
  and attribute.attnum > 0 and not attribute.attisdropped
  and has_column_privilege(owner.oid, tasks.oid, attribute.attnum, 'select')
group by owner.rolname

union

select
  format(
    'function %s is leakproof: it may be shown rows before row-level security has taken them out',
    found.function) as fault,
  format('alter function %s not leakproof', found.function) as remedy
from routine as found
where found.leakproof

union

select
  format('function %s is in none of the schemas that %I is for', found.function, service.role) as fault,
  format(
    'by hand: revoke execute on function %s from %I, or from whom it has that', found.function, service.role
  ) as remedy
from routine as found
cross join audit.services as service
where not service.borrows
  and found.schema not in ('app', 'api', 'audit', 'finder', 'keeper', 'porter', 'spread')
  and has_schema_privilege(service.oid, found.schema, 'usage')
  and has_function_privilege(service.oid, found.oid, 'execute');

comment on view audit.function_faults is 'The rules of functions that are broken, each with its remedy.';

grant select on audit.function_faults to task_auditor;
-- end db/functions/audit/function_faults.sql

-- begin db/functions/audit/privilege_faults.sql
-- Part 7 of the report: privileges. Those that a role has as the owner, or borrows, are left out: they are
-- one fault, of the owner or of the membership.

create or replace view audit.privilege_faults with (security_invoker = true) as
-- What several rules read is read, and planned, once.
with service as (
  select found.oid, found.role, found.borrows from audit.services as found
),

relation as (
  select found.oid, found.relation, found.schema, found.kind, found.owner_oid, found.has_user_id
  from audit.relations as found
),

granted as (
  select found.role, found.kind, found.schema, found.object, found.privilege, found.columns
  from audit.privileges as found
)

select
  format(
    'public has %s on %s %s: that is everybody who can log in', found.privilege, found.kind, found.object
  ) as fault,
  format(
    'revoke %s%s on %s %s from public', found.privilege, ' (' || nullif(found.columns, 'all') || ')',
    case
      when found.kind in ('view', 'materialized view', 'foreign table') then 'table'
      -- Of any sort.
      when found.kind = 'function' then 'routine'
      else found.kind
    end,
    found.object) as remedy
from granted as found
where found.role = 'public'

union

select
  format('%s that %s creates will be executable or usable by public', objects, creator) as fault,
  format(
    'alter default privileges for role %s revoke %s on %s from public', creator, privilege, objects
  ) as remedy
from (values
  ('task_owner', 'functions', 'f', 'execute'), ('task_owner', 'types', 'T', 'usage'),
  ('task_finder', 'functions', 'f', 'execute'), ('task_keeper', 'functions', 'f', 'execute'),
  ('task_porter', 'functions', 'f', 'execute')
) as kind (creator, objects, letter, privilege)
where not exists (
  select from pg_catalog.pg_default_acl as defaults
  inner join pg_catalog.pg_roles as owner on defaults.defaclrole = owner.oid and owner.rolname = kind.creator
  where defaults.defaclnamespace = 0 and defaults.defaclobjtype = kind.letter
    and 0 not in (select entry.grantee from aclexplode(defaults.defaclacl) as entry))

union

select
  format(
    '%s that %I creates%s will be granted to %I: %s',
    found.objects, found.creator, ' in ' || found.schema, found.role, found.privilege) as fault,
  format(
    'alter default privileges for role %I%s revoke %s on %s from %I',
    found.creator, ' in schema ' || quote_ident(found.schema), found.privilege, found.objects, found.role
  ) as remedy
from audit.default_privileges as found
where found.role <> found.creator
  and (
    found.role in ('public', 'task_api', 'task_auditor', 'task_finder', 'task_keeper', 'task_porter')
    or found.schema in ('app', 'api', 'audit', 'finder', 'keeper', 'porter', 'spread'))

union

select
  format(
    '%I may %s %s, which row-level security does not hold', service.role, privilege.name, found.relation
  ) as fault,
  format('revoke %s on %s from %I', privilege.name, found.relation, service.role) as remedy
from service
cross join relation as found
cross join (values ('truncate'), ('references'), ('trigger')) as privilege (name)
where (found.schema = 'app' or found.has_user_id) and found.kind <> 'sequence'
  and case privilege.name
    when 'references' then has_any_column_privilege(service.oid, found.oid, privilege.name)
    else has_table_privilege(service.oid, found.oid, privilege.name) end
  and not service.borrows and found.owner_oid <> service.oid

union

select
  format(
    '%I may %s user_id in %s itself, instead of by its default',
    service.role, privilege.name, found.relation) as fault,
  format(
    'by hand: revoke %s on %s from %I, and grant it anew on the other columns',
    privilege.name, found.relation, service.role) as remedy
from service
inner join relation as found on found.has_user_id and found.kind in ('table', 'view')
cross join (values ('insert'), ('update')) as privilege (name)
where has_column_privilege(service.oid, found.oid, 'user_id', privilege.name)
  and not service.borrows and found.owner_oid <> service.oid
  -- Where the rows are spread over machines, a trigger refuses another user's: see audit.find_table_faults.
  and not (privilege.name = 'insert' and to_regnamespace('spread') is not null)

union

select
  format('%I may %s in %s %I', service.role, place.privilege, place.kind, place.name) as fault,
  format(
    'by hand: revoke %s on %s %I from %I, or from whom it has that',
    place.privilege, place.kind, place.name, service.role) as remedy
from service
cross join (
  select 'schema' as kind, namespace.nspname as name, 'create' as privilege
  from pg_catalog.pg_namespace as namespace
  where namespace.nspname !~ '^pg_' and namespace.nspname <> 'information_schema'
  union all
  select 'database' as kind, current_database() as name, wanted.privilege
  from (values ('create'), ('temporary')) as wanted (privilege)
) as place
where not service.borrows
  and case place.kind
    when 'schema' then has_schema_privilege(service.oid, place.name, place.privilege)
    else has_database_privilege(service.oid, place.name, place.privilege) end

union

select
  format(
    '%s has %s on %s %s, which is not one of those that it is for',
    found.role, found.privilege, found.kind, found.object) as fault,
  format(
    'revoke %s on %s %s from %I', found.privilege,
    case when found.kind in ('view', 'materialized view', 'foreign table') then 'table' else found.kind end,
    found.object, found.role) as remedy
from granted as found
where found.kind in ('table', 'view', 'materialized view', 'foreign table', 'sequence', 'foreign server')
  and (
    found.role in (select service.role from service)
    and coalesce(found.schema <> 'app', true)
    or found.role = 'task_auditor' and coalesce(found.schema <> 'audit', true))

union

select
  format(
    '%s large objects belong to %I: row-level security does not hold for them, and nothing of Duly makes any',
    count(*), owner.rolname) as fault,
  'by hand: find out who made them (select oid from pg_largeobject_metadata), and select lo_unlink(oid)'
    as remedy
from pg_catalog.pg_largeobject_metadata as large
inner join pg_catalog.pg_roles as owner on large.lomowner = owner.oid
where owner.oid in (select service.oid from service)
group by owner.rolname;

comment on view audit.privilege_faults is 'The rules of privileges that are broken, each with its remedy.';

grant select on audit.privilege_faults to task_auditor;
-- end db/functions/audit/privilege_faults.sql

-- begin db/functions/audit/role_faults.sql
-- Part 7 of the report: roles.

create or replace view audit.role_faults with (security_invoker = true) as
-- What several rules read is read, and planned, once.
with service as (
  select found.oid, found.role, found.borrows from audit.services as found
)

-- Of a role that borrows the rights of another, only that: all that it may do follows from it.
select
  split_part(told.sentence, ': ', 1) as fault,
  regexp_replace(substring(told.sentence from ': (.*)'), '^(?!alter |revoke )', 'by hand: ') as remedy
from (
  select audit.find_role_faults(service.role) as sentence from service
  union all
  select audit.find_isolation_faults(service.role) as sentence from service
  where not service.borrows
) as told

union

select
  format('role %I has the attribute %s', role.rolname, attribute.name) as fault,
  format('alter role %I no%s', role.rolname, attribute.name) as remedy
from pg_catalog.pg_roles as role
cross join lateral (values
  ('superuser', role.rolsuper), ('bypassrls', role.rolbypassrls), ('createrole', role.rolcreaterole),
  ('createdb', role.rolcreatedb), ('replication', role.rolreplication),
  (
    'login',
    role.rolcanlogin and role.rolname in ('task_owner', 'task_finder', 'task_keeper', 'task_porter')
    -- On Citus it logs in from machine to machine.
    and not (role.rolname = 'task_porter' and audit.is_on_citus())
  )
) as attribute (name, has)
where attribute.has
  and (
    role.rolname in ('task_owner', 'task_finder', 'task_keeper', 'task_porter', 'task_auditor')
    or role.oid in (select service.oid from service)
    and attribute.name not in ('superuser', 'bypassrls'))

union

select
  format('role %I is a member of %I, and has or may take its rights', service.role, other.rolname) as fault,
  audit.suggest_membership_remedy(other.oid, service.oid) as remedy
from service
inner join pg_catalog.pg_auth_members as membership on service.oid = membership.member
inner join pg_catalog.pg_roles as other on membership.roleid = other.oid
where other.oid not in (select same.oid from service as same)

union

select
  format(
    'role %I has no %s, so that a request may hold a connection or a lock for ever',
    service.role, setting.name) as fault,
  format('alter role %I set %s = ''%s''', service.role, setting.name, setting.value) as remedy
from service
cross join (values
  ('statement_timeout', '5s'), ('lock_timeout', '2s'), ('idle_in_transaction_session_timeout', '10s')
) as setting (name, value)
where not exists (
  select from audit.role_settings as found
  where found.role_oid in (0, service.oid) and found.name = setting.name
    and found.value !~ '^0+(ms|s|min|h|d|us)?$')

union

select
  format(
    '%s begins a session as the user %L, who nobody proved to be',
    coalesce('role ' || role.rolname, 'everybody'), setting.value) as fault,
  audit.suggest_setting_remedy(setting.role_oid, setting.everywhere, 'reset app.user_id') as remedy
from audit.role_settings as setting
left join pg_catalog.pg_roles as role on setting.role_oid = role.oid
where setting.name = 'app.user_id'

union

select
  format('a session of the service is logged in as %I', activity.usename) as fault,
  'by hand: set DATABASE_URL to log in as task_api, and start the service again' as remedy
from pg_catalog.pg_stat_activity as activity
where activity.datname = current_database() and activity.application_name = 'duly'
  and activity.usesysid not in (select service.oid from service);

comment on view audit.role_faults is 'The rules of roles that are broken, each with its remedy.';

grant select on audit.role_faults to task_auditor;
-- end db/functions/audit/role_faults.sql

-- begin db/functions/audit/table_faults.sql
-- Part 7 of the report: tables, views and policies.

create or replace view audit.table_faults with (security_invoker = true) as
-- What several rules read is read, and planned, once.
with relation as (
  select
    found.oid, found.relation, found.schema, found.kind, found.owner, found.owner_oid,
    found.security_invoker, found.has_user_id, found.has_rules
  from audit.relations as found
),

permit as (
  select
    found.relation_oid, found.relation, found.policy, found.command, found.role_oids, found.permissive,
    found.sees, found.writes
  from audit.policies as found
)

select
  format('table %s has no policy at all', found.relation) as fault,
  format(
    'by hand: create its policies, as in db/migrations/*_policies.sql, or drop %s', found.relation) as remedy
from relation as found
where found.kind = 'table' and (found.schema = 'app' or found.has_user_id)
  and not exists (
    select from permit as policy
    where policy.relation_oid = found.oid)

union

-- The policies of the services are left to audit.find_policy_faults, and those of Duly's definer roles to the
-- baseline. Any other role may have all rows only without a login, and as the owner of a definer function;
-- the report lists its reason.
select
  format(
    'policy %I lets %I see or write more than the user''s own rows in %s',
    policy.policy, role.rolname, policy.relation) as fault,
  format('drop policy %I on %s', policy.policy, policy.relation) as remedy
from permit as policy
inner join pg_catalog.pg_roles as role on role.oid = any(policy.role_oids)
  and role.oid not in (select service.oid from audit.services as service)
  and role.rolname not in ('task_finder', 'task_keeper', 'task_porter')
inner join relation as found on policy.relation_oid = found.oid
  and (found.schema = 'app' or found.has_user_id)
where policy.permissive
  and (policy.sees <> 'the user''s own rows' or policy.writes <> 'the user''s own rows')
  and (
    role.rolcanlogin
    or role.oid not in (
      select function.proowner from pg_catalog.pg_proc as function
      where function.prosecdef))

union

select
  format(
    'several policies let %s %s in %s: whatever one of them allows is allowed',
    coalesce(role.rolname, 'everybody'), command.name, policy.relation) as fault,
  format('by hand: keep one of %s', string_agg(policy.policy, ', ' order by policy.policy)) as remedy
from permit as policy
cross join unnest(policy.role_oids) as named
left join pg_catalog.pg_roles as role on role.oid = named
cross join (values ('select'), ('insert'), ('update'), ('delete')) as command (name)
where policy.permissive and policy.command in (command.name, 'all')
group by policy.relation, role.rolname, command.name
having count(*) > 1

union

select
  format('view %s runs with the rights of its owner, and not with its reader''s', found.relation) as fault,
  format('alter view %s set (security_invoker = true)', found.relation) as remedy
from relation as found
where found.kind = 'view' and not found.security_invoker
  and (
    found.schema in ('app', 'api', 'audit', 'finder', 'keeper', 'porter', 'spread')
    or exists (
      select from pg_catalog.pg_rewrite as rule
      inner join pg_catalog.pg_depend as dependency
        on dependency.classid = 'pg_catalog.pg_rewrite'::regclass and rule.oid = dependency.objid
        and dependency.refclassid = 'pg_catalog.pg_class'::regclass
      inner join relation as read on dependency.refobjid = read.oid and read.oid <> found.oid
        and (read.schema = 'app' or read.has_user_id)
      where rule.ev_class = found.oid))

union

select
  format('table %s has a rule, which runs with the rights of its owner', found.relation) as fault,
  format('by hand: drop the rules of %s; use a trigger', found.relation) as remedy
from relation as found
where found.kind = 'table' and found.has_rules and (found.schema = 'app' or found.has_user_id)

union

-- Where task_owner itself may log in, that is one fault, of the role.
select
  format(
    '%s %s belongs to %I, who may log in and undo what protects it', found.kind, found.relation, found.owner
  ) as fault,
  format('alter %s %s owner to task_owner', found.kind, found.relation) as remedy
from relation as found
inner join pg_catalog.pg_roles as owner on found.owner_oid = owner.oid
  and (owner.rolcanlogin or owner.rolsuper or owner.rolbypassrls) and owner.rolname <> 'task_owner'
where found.schema in ('app', 'api', 'audit', 'finder', 'keeper', 'porter', 'spread');

comment on view audit.table_faults is
  'The rules of tables, views and policies that are broken, each with its remedy.';

grant select on audit.table_faults to task_auditor;
-- end db/functions/audit/table_faults.sql

-- begin db/functions/audit/faults.sql
-- The rules of the audit. audit.review adds the differences from the baseline.

create or replace view audit.faults with (security_invoker = true) as
select found.part, found.fault, found.remedy
from (
  select 'roles' as part, * from audit.role_faults
  union all
  select 'tables' as part, * from audit.table_faults
  union all
  select 'functions' as part, * from audit.function_faults
  union all
  select 'privileges' as part, * from audit.privilege_faults
  union all
  select 'shards' as part, * from audit.shard_faults
) as found;

comment on view audit.faults is 'The rules that are broken, each with its remedy.';

grant select on audit.faults to task_auditor;
-- end db/functions/audit/faults.sql

-- begin db/functions/audit/objects.sql
-- The audit compares this view with db/audit/baseline.sql.

create or replace view audit.objects with (security_invoker = true) as
select kind, name, definition from audit.role_objects
union all
select kind, name, definition from audit.relation_objects
union all
select kind, name, definition from audit.part_objects
union all
select kind, name, definition from audit.routine_objects
union all
select kind, name, definition from audit.type_objects
union all
select kind, name, definition from audit.search_objects
union all
select kind, name, definition from audit.privilege_objects
union all
select kind, name, definition from audit.server_objects
union all
select kind, name, definition from audit.channel_objects;

comment on view audit.objects is
  'Every object that bears on who may see or do what: its kind, its name, and its definition by attribute.';

grant select on audit.objects to task_auditor;
-- end db/functions/audit/objects.sql

reset role;

-- migrate:down

set local role task_owner;

drop view audit.objects;

drop view audit.faults;

drop view audit.table_faults;

drop view audit.role_faults;

drop view audit.privilege_faults;

drop view audit.function_faults;

drop view audit.routine_objects;

drop view audit.relation_objects;

drop view audit.privilege_objects;

-- begin db/functions/audit/compare.sql
-- The caller hands over the baseline of db/audit. Of an entry: "releases" are the releases of PostgreSQL that
-- have the object, "since" the first with an attribute; an "optional" one may be missing. With Citus, "citus"
-- replaces attributes, and an entry with "only" is expected there alone; what is "not compared" differs from
-- release to release of Citus.

create or replace function audit.compare(baseline jsonb)
returns table (id text, severity text, kind text, name text, fault text, remedy text)
language plpgsql stable
set search_path = ''
as $$
declare
  c_release constant integer := current_setting('server_version_num')::integer / 10000;
  v_owner constant oid := audit.find_owner();
  v_is_on_citus constant boolean := audit.is_on_citus();
  -- Where the first superuser owns the database, as in a container, both are called by the one name.
  v_first constant text := case when v_owner = 10 then 'the first superuser' else '' end;
begin
  return query
  with expected as (
    select
      entry ->> 'kind' as kind, entry ->> 'name' as name,
      coalesce((entry ->> 'optional')::boolean, false) as optional,
      replace((entry -> 'definition')::text, v_first, 'the database''s owner')::jsonb - array(
        select attribute.key from jsonb_each_text(entry -> 'since') as attribute
        where attribute.value::integer > c_release
      ) || case when v_is_on_citus then coalesce(entry -> 'citus', '{}') else '{}' end as definition,
      array(select jsonb_array_elements_text(entry -> 'not compared')) as left_out
    from jsonb_array_elements(baseline) as entry
    where (entry -> 'releases' is null or entry -> 'releases' @> to_jsonb(c_release))
      and (entry -> 'only' is null or v_is_on_citus)
  ),

  present as materialized (
    select object.kind, object.name, object.definition from audit.objects as object
  ),

  differing as (
    select
      coalesce(expected.kind, present.kind) as kind,
      coalesce(expected.name, present.name) as name,
      case
        when expected.kind is null then 'added'
        when present.kind is null then 'missing'
        else 'changed'
      end as change,
      expected.definition as expected,
      present.definition - coalesce(expected.left_out, '{}') as actual
    from expected
    full join present on expected.kind = present.kind and expected.name = present.name
    where expected.kind is null
      or present.kind is null and not expected.optional
      or present.definition - expected.left_out <> expected.definition
  ),

  -- Of a table that was added, the columns say nothing more; nor what belongs to an object that is missing,
  -- or the index of a constraint.
  whole as (
    select differing.change, differing.kind, differing.name from differing
    where differing.change <> 'changed'
  ),

  -- Where one of PostgreSQL's own functions was replaced, no remedy of anything else can be believed. "~"
  -- depends on none of those that are looked at.
  broken as (
    select from differing
    where differing.kind ~ '^built-in functions$'
      or differing.kind ~ '^function$' and differing.name !~ '\.' and differing.change ~ '^changed$'
  )

  select
    format(
      '%s-%s:%s', replace(found.kind, ' ', '-'), found.change,
      left(md5(concat_ws(' ', found.name, found.actual)), 8)),
    audit.rate(found.change, found.kind, found.name, found.expected, found.actual),
    found.kind, found.name,
    audit.describe_difference(found.change, found.kind, found.name, found.expected, found.actual),
    case
      when exists (select from broken)
        and (found.kind !~ '^(built-in functions|function)$' or found.name ~ '\.')
        then 'by hand: first mend the functions of PostgreSQL that differ'
      else regexp_replace(
        replace(
          replace(
            audit.suggest_remedy(found.change, found.kind, found.name, found.expected, found.actual),
            'the first superuser', quote_ident(pg_get_userbyid(10))),
          'the database''s owner',
          coalesce(quote_ident(pg_get_userbyid(v_owner)), 'the role that migrates')),
        '^(?!by hand: )(?=.*the role that migrates)', 'by hand: ')
    end
  from differing as found
  where not exists (
    select from whole
    where whole.change = found.change and case
      when found.kind = 'column'
        then whole.kind in ('table', 'foreign table', 'composite type')
          and starts_with(found.name, format('%s.', whole.name))
      when found.kind = 'index'
        then whole.kind = 'constraint'
          and split_part(whole.name, ' on ', 1) = regexp_replace(found.name, '^.*\.', '')
          or strpos(found.expected ->> 'definition', format(' ON %s USING ', whole.name)) > 0
      else found.change = 'missing' and whole.kind <> found.kind
        and strpos(format('%s for ', found.name), format(' %s for ', whole.name)) > 0
    end);
end $$;

comment on function audit.compare is
  'Each difference between audit.objects and the baseline: its severity, a sentence, and its remedy.';

grant execute on function audit.compare to task_auditor;
-- end db/functions/audit/compare.sql

-- begin db/functions/audit/digest_words.sql
-- PostgreSQL 15 prints more names of tables before columns than later releases do. These names, brackets and
-- white space are left out; and so is the constant of spread.epoch, as in audit.digest_body.

create or replace function audit.digest_words(body text) returns text
language sql immutable
return md5(regexp_replace(
  regexp_replace(
    regexp_replace(
      regexp_replace(digest_words.body, '::(\w+) AS \1\M', '::\1', 'g'),
      '^RETURN ''[0-9a-f]{8}''::text$', 'RETURN an epoch'),
    '\m(?!(?:app|api|audit|finder|keeper|porter|pg_catalog)\.)[a-z_0-9]+\.(?=[a-z_"])', '', 'g'),
  '[\s()]+', '', 'g'));

comment on function audit.digest_words is
  'A digest of printed SQL that is the same on every release of PostgreSQL.';

grant execute on function audit.digest_words to task_api, task_auditor;
-- end db/functions/audit/digest_words.sql

-- begin db/functions/audit/find_owner.sql
-- Where a role of Duly owns the database, which is a fault, the owner of dbmate's table is the role that
-- migrates: so the rest is compared as ever.

create or replace function audit.find_owner() returns oid
language sql stable
return (
  select coalesce(
    (
      select role.oid from pg_catalog.pg_roles as role
      where role.oid = database.datdba
        and role.rolname !~ '^task_(owner|finder|keeper|porter|auditor|api|worker)$'),
    (
      select role.oid from pg_catalog.pg_class as class
      inner join pg_catalog.pg_namespace as namespace
        on class.relnamespace = namespace.oid and namespace.nspname = 'public'
      inner join pg_catalog.pg_roles as role on class.relowner = role.oid
      where class.relname = 'schema_migrations'
        and role.rolname !~ '^task_(owner|finder|keeper|porter|auditor|api|worker)$'))
  from pg_catalog.pg_database as database
  where database.datname = current_database());

comment on function audit.find_owner is
  'The role that migrates and should own the database; null if no role but those of Duly is known.';

grant execute on function audit.find_owner to task_auditor;
-- end db/functions/audit/find_owner.sql

-- begin db/functions/audit/is_watched.sql
-- The audit lists the objects of every schema but PostgreSQL's own.

create or replace function audit.is_watched(schema oid) returns boolean
language sql stable
return is_watched.schema not in (
  select namespace.oid from pg_catalog.pg_namespace as namespace
  where namespace.nspname in ('pg_catalog', 'information_schema', 'pg_toast')
    or namespace.nspname ~ '^pg_(temp|toast_temp)_');

comment on function audit.is_watched is
  'Whether the audit lists what is in a schema: all but PostgreSQL''s own.';

grant execute on function audit.is_watched to task_auditor;
-- end db/functions/audit/is_watched.sql

-- begin db/functions/audit/name_role.sql
-- Two roles have another name on each server, and mean the same.

create or replace function audit.name_role(role oid) returns text
language sql stable
return case
  when name_role.role = 0 then 'public'
  when name_role.role = audit.find_owner() then 'the database''s owner'
  when name_role.role = 10 then 'the first superuser'
  else coalesce(quote_ident(pg_get_userbyid(name_role.role)), 'nobody')
end;

comment on function audit.name_role is
  'The name of a role, or "the database''s owner", "the first superuser", "public".';

grant execute on function audit.name_role to task_auditor;
-- end db/functions/audit/name_role.sql

-- begin db/functions/audit/privilege_objects.sql
-- Each privilege of a role that does not own the object. Where nothing was granted or revoked, PostgreSQL's
-- defaults count: functions and types are born open to public.

create or replace view audit.privilege_objects with (security_invoker = true) as
with granted (subject, object, "column", grants, owner, catalog, oid) as (
  select
    case relation.relkind when 'S' then 'sequence' else 'table' end, relation.oid::regclass::text, null,
    coalesce(
      relation.relacl,
      case relation.relkind
        when 'S' then acldefault('s', relation.relowner)
        else acldefault('r', relation.relowner)
      end),
    relation.relowner, 'pg_catalog.pg_class'::regclass, relation.oid
  from pg_catalog.pg_class as relation
  where relation.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and audit.is_watched(relation.relnamespace)
    and relation.oid not in (select shard.oid from audit.list_shards() as shard)

  union all

  select
    'table', relation.oid::regclass::text, attribute.attname, attribute.attacl, relation.relowner, null, null
  from pg_catalog.pg_class as relation
  inner join pg_catalog.pg_attribute as attribute on relation.oid = attribute.attrelid
    and not attribute.attisdropped
  where audit.is_watched(relation.relnamespace)
    and relation.oid not in (select shard.oid from audit.list_shards() as shard)

  union all

  select
    'function', routine.oid::regprocedure::text, null,
    coalesce(routine.proacl, acldefault('f', routine.proowner)), routine.proowner, null, null
  from pg_catalog.pg_proc as routine
  where audit.is_watched(routine.pronamespace)
    and not audit.is_in_extension('pg_catalog.pg_proc'::regclass, routine.oid)

  union all

  select
    'schema', quote_ident(namespace.nspname), null, namespace.nspacl, namespace.nspowner,
    'pg_catalog.pg_namespace'::regclass, namespace.oid
  from pg_catalog.pg_namespace as namespace
  where audit.is_watched(namespace.oid)

  union all

  -- An array's privilege is its element's, a multirange's is its range's; the row type of a table gives no
  -- rows.
  select
    'type', type.oid::regtype::text, null,
    coalesce(type.typacl, acldefault('T', type.typowner)), type.typowner, null, null
  from pg_catalog.pg_type as type
  left join pg_catalog.pg_class as class on type.typrelid = class.oid
  where audit.is_watched(type.typnamespace) and type.typcategory <> 'A'
    and type.typtype <> 'm' and (type.typrelid = 0 or class.relkind = 'c')
    and not audit.is_in_extension('pg_catalog.pg_type'::regclass, type.oid)

  union all

  select
    'database', 'this', null, coalesce(database.datacl, acldefault('d', database.datdba)), database.datdba,
    null, null
  from pg_catalog.pg_database as database
  where database.datname = current_database()

  union all

  select
    'language', quote_ident(language.lanname), null,
    case
      when language.lanname in ('internal', 'c', 'sql', 'plpgsql') then language.lanacl
      else coalesce(language.lanacl, acldefault('l', language.lanowner))
    end,
    language.lanowner, null, null
  from pg_catalog.pg_language as language

  union all

  select 'foreign server', quote_ident(server.srvname), null, server.srvacl, server.srvowner, null, null
  from pg_catalog.pg_foreign_server as server

  union all

  select
    'foreign data wrapper', quote_ident(wrapper.fdwname), null, wrapper.fdwacl, wrapper.fdwowner, null, null
  from pg_catalog.pg_foreign_data_wrapper as wrapper

  union all

  select
    'tablespace', quote_ident(tablespace.spcname), null, tablespace.spcacl, tablespace.spcowner, null, null
  from pg_catalog.pg_tablespace as tablespace

  union all

  select 'large object', large.oid::text, null, large.lomacl, large.lomowner, null, null
  from pg_catalog.pg_largeobject_metadata as large
),

-- In PostgreSQL's own schemas and in extensions, privileges beyond those that they were born with count.
born as (
  select
    init.classoid, init.objoid, init.objsubid, init.privtype, entry.grantee, entry.privilege_type
  from pg_catalog.pg_init_privs as init
  cross join aclexplode(init.initprivs) as entry
),

beyond (subject, object, "column", grantee, privilege_type, is_grantable) as (
  select
    'table', relation.oid::regclass::text, null, entry.grantee, entry.privilege_type, entry.is_grantable
  from pg_catalog.pg_class as relation
  cross join aclexplode(relation.relacl) as entry
  where not audit.is_watched(relation.relnamespace) and relation.relkind in ('r', 'v')
    and entry.grantee <> relation.relowner
    and not exists (
      select from born
      where born.classoid = 'pg_catalog.pg_class'::regclass and born.objoid = relation.oid
        and born.objsubid = 0
        and born.grantee = entry.grantee and born.privilege_type = entry.privilege_type)

  union all

  select
    'table', relation.oid::regclass::text, attribute.attname, entry.grantee, entry.privilege_type,
    entry.is_grantable
  from pg_catalog.pg_class as relation
  inner join pg_catalog.pg_attribute as attribute on relation.oid = attribute.attrelid
  cross join aclexplode(attribute.attacl) as entry
  where not audit.is_watched(relation.relnamespace) and entry.grantee <> relation.relowner
    and not exists (
      select from born
      where born.classoid = 'pg_catalog.pg_class'::regclass and born.objoid = relation.oid
        and born.objsubid = attribute.attnum
        and born.grantee = entry.grantee and born.privilege_type = entry.privilege_type)

  union all

  select
    'function', routine.oid::regprocedure::text, null, entry.grantee, entry.privilege_type, entry.is_grantable
  from pg_catalog.pg_proc as routine
  cross join aclexplode(routine.proacl) as entry
  where (
      not audit.is_watched(routine.pronamespace)
      or audit.is_in_extension('pg_catalog.pg_proc'::regclass, routine.oid))
    and entry.grantee not in (0, routine.proowner)
    and not exists (
      select from born
      where born.classoid = 'pg_catalog.pg_proc'::regclass and born.objoid = routine.oid
        and born.grantee = entry.grantee and born.privilege_type = entry.privilege_type)

  union all

  -- Functions that public may execute again, and was not born to.
  select
    'function', routine.oid::regprocedure::text, null, entry.grantee, entry.privilege_type, entry.is_grantable
  from pg_catalog.pg_proc as routine
  inner join pg_catalog.pg_init_privs as init on init.classoid = 'pg_catalog.pg_proc'::regclass
    and routine.oid = init.objoid
  cross join aclexplode(routine.proacl) as entry
  where not audit.is_watched(routine.pronamespace) and entry.grantee = 0
    and not exists (
      select from born
      where born.classoid = init.classoid and born.objoid = init.objoid and born.grantee = 0)

  union all

  select
    'schema', quote_ident(namespace.nspname), null, entry.grantee, entry.privilege_type, entry.is_grantable
  from pg_catalog.pg_namespace as namespace
  cross join aclexplode(namespace.nspacl) as entry
  where namespace.nspname in ('pg_catalog', 'information_schema') and entry.grantee <> namespace.nspowner
    and not exists (
      select from born
      where born.classoid = 'pg_catalog.pg_namespace'::regclass and born.objoid = namespace.oid
        and born.grantee = entry.grantee and born.privilege_type = entry.privilege_type)

  union all

  select
    granted.subject, granted.object, granted."column", entry.grantee, entry.privilege_type,
    entry.is_grantable
  from granted
  cross join aclexplode(granted.grants) as entry
  where entry.grantee <> granted.owner
    -- Its tables and schemas beside Duly's, which an extension grants itself.
    and not exists (
      select from born
      where born.classoid = granted.catalog and born.objoid = granted.oid and born.objsubid = 0
        and born.privtype = 'e' and born.grantee = entry.grantee
        and born.privilege_type = entry.privilege_type)
)

select
  'privilege' as kind,
  format(
    '%s on %s %s for %s', lower(found.privilege_type), found.subject, found.object,
    audit.name_role(found.grantee)) as name,
  jsonb_strip_nulls(jsonb_build_object(
    'columns', jsonb_agg(found."column" order by found."column") filter (where found."column" is not null),
    'on the whole', case when bool_or(found."column" is not null)
      then nullif(bool_or(found."column" is null), false) end,
    'grantable', nullif(bool_or(found.is_grantable), false))) as definition
from beyond as found
group by found.privilege_type, found.subject, found.object, found.grantee;

comment on view audit.privilege_objects is
  'The part of audit.objects about privileges; in PostgreSQL''s own schemas, those that were added.';

grant select on audit.privilege_objects to task_auditor;
-- end db/functions/audit/privilege_objects.sql

-- begin db/functions/audit/relation_objects.sql
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
        then audit.digest_body(pg_get_viewdef(relation.oid)) end,
      'words', audit.digest_words(pg_get_viewdef(relation.oid)))
    else '{}'
  end)
from pg_catalog.pg_class as relation
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
-- end db/functions/audit/relation_objects.sql

-- begin db/functions/audit/routine_objects.sql
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
      when routine.prosqlbody is null then md5(routine.prosrc || coalesce(routine.probin, ''))
      when current_setting('server_version_num')::integer >= 160000
        then audit.digest_body(pg_get_function_sqlbody(routine.oid))
    end,
    'words', case when routine.prosqlbody is not null
      then audit.digest_words(pg_get_function_sqlbody(routine.oid)) end
  )) as definition
from pg_catalog.pg_proc as routine
inner join pg_catalog.pg_language as language on routine.prolang = language.oid
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
-- end db/functions/audit/routine_objects.sql

-- begin db/functions/audit/function_faults.sql
-- Part 7 of the report: functions.

create or replace view audit.function_faults with (security_invoker = true) as
-- A definer function must pin its path even where its body is bound: the functions that it calls run with its
-- owner's rights as well.
select
  format(
    'function %s has no pinned path: whoever calls it decides what the names in it mean', found.function
  ) as fault,
  format('alter %s %s set search_path = ''''', found.sort, found.function) as remedy
from audit.functions as found
where not found.in_extension and found.sort <> 'aggregate'
  and (found.definer or found.schema in ('app', 'api', 'audit', 'finder', 'keeper', 'porter', 'spread'))
  and coalesce(found.search_path, '-') not in ('""', 'pg_catalog', 'pg_catalog, pg_temp')
  and (found.definer or not found.bound)

union

select
  format(
    'function %s runs with the rights of %I and does not say why', found.function, found.owner
  ) as fault,
  format(
    'by hand: comment on function %s is ''Definer, …'', or alter function %1$s security invoker',
    found.function
  ) as remedy
from audit.functions as found
where not found.in_extension and found.definer and coalesce(found.about !~ '^Definer, ', true)

union

select
  format(
    'function %s runs with the rights of %I, and is in none of the schemas for that',
    found.function, found.owner) as fault,
  format(
    'by hand: alter function %s security invoker, or create it in finder, keeper or porter, as their owner',
    found.function) as remedy
from audit.functions as found
where not found.in_extension and found.definer and found.schema not in ('finder', 'keeper', 'porter')

union

-- Where one of the definer roles itself may do more, that is one fault, of the role.
select
  format(
    'function %s runs with the rights of %I, who may do more than it needs', found.function, found.owner
  ) as fault,
  format(
    'by hand: alter function %s owner to a role of its own, without login, that owns no table', found.function
  ) as remedy
from audit.functions as found
inner join pg_catalog.pg_roles as owner on found.owner_oid = owner.oid
where not found.in_extension and found.definer
  and owner.rolname not in ('task_finder', 'task_keeper', 'task_porter')
  and (
    owner.rolsuper or owner.rolbypassrls or owner.rolcanlogin
    or exists (
      select from audit.relations as owned
      where owned.owner_oid = owner.oid and owned.kind = 'table'))

union

-- These roles need app.search_entries, app.task_counts and the like, and no task.
select
  format(
    '%I may read %s of everybody''s tasks, which it does not need',
    owner.rolname, string_agg(attribute.attname, ', ' order by attribute.attnum)) as fault,
  format('revoke select on app.tasks from %I', owner.rolname) as remedy
from pg_catalog.pg_roles as owner
cross join audit.relations as tasks
inner join pg_catalog.pg_attribute as attribute on tasks.oid = attribute.attrelid
where owner.rolname in ('task_finder', 'task_keeper', 'task_porter')
  and tasks.schema = 'app' and tasks.relation in ('tasks', 'app.tasks')
  and attribute.attnum > 0 and not attribute.attisdropped
  and has_column_privilege(owner.oid, tasks.oid, attribute.attnum, 'select')
group by owner.rolname

union

select
  format(
    'function %s is leakproof: it may be shown rows before row-level security has taken them out',
    found.function) as fault,
  format('alter function %s not leakproof', found.function) as remedy
from audit.functions as found
where not found.in_extension and found.leakproof

union

select
  format('function %s is in none of the schemas that %I is for', found.function, service.role) as fault,
  format(
    'by hand: revoke execute on function %s from %I, or from whom it has that', found.function, service.role
  ) as remedy
from audit.functions as found
cross join audit.services as service
where not found.in_extension and not service.borrows
  and found.schema not in ('app', 'api', 'audit', 'finder', 'keeper', 'porter', 'spread')
  and has_schema_privilege(service.oid, found.schema, 'usage')
  and has_function_privilege(service.oid, found.oid, 'execute');

comment on view audit.function_faults is 'The rules of functions that are broken, each with its remedy.';

grant select on audit.function_faults to task_auditor;
-- end db/functions/audit/function_faults.sql

-- begin db/functions/audit/privilege_faults.sql
-- Part 7 of the report: privileges. Those that a role has as the owner, or borrows, are left out: they are
-- one fault, of the owner or of the membership.

create or replace view audit.privilege_faults with (security_invoker = true) as
select
  format(
    'public has %s on %s %s: that is everybody who can log in', found.privilege, found.kind, found.object
  ) as fault,
  format(
    'revoke %s%s on %s %s from public', found.privilege, ' (' || nullif(found.columns, 'all') || ')',
    case
      when found.kind in ('view', 'materialized view', 'foreign table') then 'table'
      -- Of any sort.
      when found.kind = 'function' then 'routine'
      else found.kind
    end,
    found.object) as remedy
from audit.privileges as found
where found.role = 'public'

union

select
  format('%s that %s creates will be executable or usable by public', objects, creator) as fault,
  format(
    'alter default privileges for role %s revoke %s on %s from public', creator, privilege, objects
  ) as remedy
from (values
  ('task_owner', 'functions', 'f', 'execute'), ('task_owner', 'types', 'T', 'usage'),
  ('task_finder', 'functions', 'f', 'execute'), ('task_keeper', 'functions', 'f', 'execute'),
  ('task_porter', 'functions', 'f', 'execute')
) as kind (creator, objects, letter, privilege)
where not exists (
  select from pg_catalog.pg_default_acl as defaults
  inner join pg_catalog.pg_roles as owner on defaults.defaclrole = owner.oid and owner.rolname = kind.creator
  where defaults.defaclnamespace = 0 and defaults.defaclobjtype = kind.letter
    and 0 not in (select entry.grantee from aclexplode(defaults.defaclacl) as entry))

union

select
  format(
    '%s that %I creates%s will be granted to %I: %s',
    found.objects, found.creator, ' in ' || found.schema, found.role, found.privilege) as fault,
  format(
    'alter default privileges for role %I%s revoke %s on %s from %I',
    found.creator, ' in schema ' || quote_ident(found.schema), found.privilege, found.objects, found.role
  ) as remedy
from audit.default_privileges as found
where found.role <> found.creator
  and (
    found.role in ('public', 'task_api', 'task_auditor', 'task_finder', 'task_keeper', 'task_porter')
    or found.schema in ('app', 'api', 'audit', 'finder', 'keeper', 'porter', 'spread'))

union

select
  format(
    '%I may %s %s, which row-level security does not hold', service.role, privilege.name, found.relation
  ) as fault,
  format('revoke %s on %s from %I', privilege.name, found.relation, service.role) as remedy
from audit.services as service
cross join audit.relations as found
cross join (values ('truncate'), ('references'), ('trigger')) as privilege (name)
where (found.schema = 'app' or found.has_user_id) and found.kind <> 'sequence'
  and case privilege.name
    when 'references' then has_any_column_privilege(service.oid, found.oid, privilege.name)
    else has_table_privilege(service.oid, found.oid, privilege.name) end
  and not service.borrows and found.owner_oid <> service.oid

union

select
  format(
    '%I may %s user_id in %s itself, instead of by its default',
    service.role, privilege.name, found.relation) as fault,
  format(
    'by hand: revoke %s on %s from %I, and grant it anew on the other columns',
    privilege.name, found.relation, service.role) as remedy
from audit.services as service
inner join audit.relations as found on found.has_user_id and found.kind in ('table', 'view')
cross join (values ('insert'), ('update')) as privilege (name)
where has_column_privilege(service.oid, found.oid, 'user_id', privilege.name)
  and not service.borrows and found.owner_oid <> service.oid
  -- Where the rows are spread over machines, a trigger refuses another user's: see audit.find_table_faults.
  and not (privilege.name = 'insert' and to_regnamespace('spread') is not null)

union

select
  format('%I may %s in %s %I', service.role, place.privilege, place.kind, place.name) as fault,
  format(
    'by hand: revoke %s on %s %I from %I, or from whom it has that',
    place.privilege, place.kind, place.name, service.role) as remedy
from audit.services as service
cross join (
  select 'schema' as kind, namespace.nspname as name, 'create' as privilege
  from pg_catalog.pg_namespace as namespace
  where namespace.nspname !~ '^pg_' and namespace.nspname <> 'information_schema'
  union all
  select 'database' as kind, current_database() as name, wanted.privilege
  from (values ('create'), ('temporary')) as wanted (privilege)
) as place
where not service.borrows
  and case place.kind
    when 'schema' then has_schema_privilege(service.oid, place.name, place.privilege)
    else has_database_privilege(service.oid, place.name, place.privilege) end

union

select
  format(
    '%s has %s on %s %s, which is not one of those that it is for',
    found.role, found.privilege, found.kind, found.object) as fault,
  format(
    'revoke %s on %s %s from %I', found.privilege,
    case when found.kind in ('view', 'materialized view', 'foreign table') then 'table' else found.kind end,
    found.object, found.role) as remedy
from audit.privileges as found
where found.kind in ('table', 'view', 'materialized view', 'foreign table', 'sequence', 'foreign server')
  and (
    found.role in (select service.role from audit.services as service)
    and coalesce(found.schema <> 'app', true)
    or found.role = 'task_auditor' and coalesce(found.schema <> 'audit', true))

union

select
  format(
    '%s large objects belong to %I: row-level security does not hold for them, and nothing of Duly makes any',
    count(*), owner.rolname) as fault,
  'by hand: find out who made them (select oid from pg_largeobject_metadata), and select lo_unlink(oid)'
    as remedy
from pg_catalog.pg_largeobject_metadata as large
inner join pg_catalog.pg_roles as owner on large.lomowner = owner.oid
where owner.oid in (select service.oid from audit.services as service)
group by owner.rolname;

comment on view audit.privilege_faults is 'The rules of privileges that are broken, each with its remedy.';

grant select on audit.privilege_faults to task_auditor;
-- end db/functions/audit/privilege_faults.sql

-- begin db/functions/audit/role_faults.sql
-- Part 7 of the report: roles.

create or replace view audit.role_faults with (security_invoker = true) as
-- Of a role that borrows the rights of another, only that: all that it may do follows from it.
select
  split_part(told.sentence, ': ', 1) as fault,
  regexp_replace(substring(told.sentence from ': (.*)'), '^(?!alter |revoke )', 'by hand: ') as remedy
from (
  select audit.find_role_faults(service.role) as sentence from audit.services as service
  union all
  select audit.find_isolation_faults(service.role) as sentence from audit.services as service
  where not service.borrows
) as told

union

select
  format('role %I has the attribute %s', role.rolname, attribute.name) as fault,
  format('alter role %I no%s', role.rolname, attribute.name) as remedy
from pg_catalog.pg_roles as role
cross join lateral (values
  ('superuser', role.rolsuper), ('bypassrls', role.rolbypassrls), ('createrole', role.rolcreaterole),
  ('createdb', role.rolcreatedb), ('replication', role.rolreplication),
  (
    'login',
    role.rolcanlogin and role.rolname in ('task_owner', 'task_finder', 'task_keeper', 'task_porter')
    -- On Citus it logs in from machine to machine.
    and not (role.rolname = 'task_porter' and audit.is_on_citus())
  )
) as attribute (name, has)
where attribute.has
  and (
    role.rolname in ('task_owner', 'task_finder', 'task_keeper', 'task_porter', 'task_auditor')
    or role.oid in (select service.oid from audit.services as service)
    and attribute.name not in ('superuser', 'bypassrls'))

union

select
  format('role %I is a member of %I, and has or may take its rights', service.role, other.rolname) as fault,
  audit.suggest_membership_remedy(other.oid, service.oid) as remedy
from audit.services as service
inner join pg_catalog.pg_auth_members as membership on service.oid = membership.member
inner join pg_catalog.pg_roles as other on membership.roleid = other.oid
where other.oid not in (select same.oid from audit.services as same)

union

select
  format(
    'role %I has no %s, so that a request may hold a connection or a lock for ever',
    service.role, setting.name) as fault,
  format('alter role %I set %s = ''%s''', service.role, setting.name, setting.value) as remedy
from audit.services as service
cross join (values
  ('statement_timeout', '5s'), ('lock_timeout', '2s'), ('idle_in_transaction_session_timeout', '10s')
) as setting (name, value)
where not exists (
  select from audit.role_settings as found
  where found.role_oid in (0, service.oid) and found.name = setting.name
    and found.value !~ '^0+(ms|s|min|h|d|us)?$')

union

select
  format(
    '%s begins a session as the user %L, who nobody proved to be',
    coalesce('role ' || role.rolname, 'everybody'), setting.value) as fault,
  audit.suggest_setting_remedy(setting.role_oid, setting.everywhere, 'reset app.user_id') as remedy
from audit.role_settings as setting
left join pg_catalog.pg_roles as role on setting.role_oid = role.oid
where setting.name = 'app.user_id'

union

select
  format('a session of the service is logged in as %I', activity.usename) as fault,
  'by hand: set DATABASE_URL to log in as task_api, and start the service again' as remedy
from pg_catalog.pg_stat_activity as activity
where activity.datname = current_database() and activity.application_name = 'duly'
  and activity.usesysid not in (select service.oid from audit.services as service);

comment on view audit.role_faults is 'The rules of roles that are broken, each with its remedy.';

grant select on audit.role_faults to task_auditor;
-- end db/functions/audit/role_faults.sql

-- begin db/functions/audit/table_faults.sql
-- Part 7 of the report: tables, views and policies.

create or replace view audit.table_faults with (security_invoker = true) as
select
  format('table %s has no policy at all', found.relation) as fault,
  format(
    'by hand: create its policies, as in db/migrations/*_policies.sql, or drop %s', found.relation) as remedy
from audit.relations as found
where found.kind = 'table' and (found.schema = 'app' or found.has_user_id)
  and not exists (
    select from audit.policies as policy
    where policy.relation_oid = found.oid)

union

-- The policies of the services are left to audit.find_policy_faults, and those of Duly's definer roles to the
-- baseline. Any other role may have all rows only without a login, and as the owner of a definer function;
-- the report lists its reason.
select
  format(
    'policy %I lets %I see or write more than the user''s own rows in %s',
    policy.policy, role.rolname, policy.relation) as fault,
  format('drop policy %I on %s', policy.policy, policy.relation) as remedy
from audit.policies as policy
inner join pg_catalog.pg_roles as role on role.oid = any(policy.role_oids)
  and role.oid not in (select service.oid from audit.services as service)
  and role.rolname not in ('task_finder', 'task_keeper', 'task_porter')
inner join audit.relations as found on policy.relation_oid = found.oid
  and (found.schema = 'app' or found.has_user_id)
where policy.permissive
  and (policy.sees <> 'the user''s own rows' or policy.writes <> 'the user''s own rows')
  and (
    role.rolcanlogin
    or role.oid not in (
      select function.proowner from pg_catalog.pg_proc as function
      where function.prosecdef))

union

select
  format(
    'several policies let %s %s in %s: whatever one of them allows is allowed',
    coalesce(role.rolname, 'everybody'), command.name, policy.relation) as fault,
  format('by hand: keep one of %s', string_agg(policy.policy, ', ' order by policy.policy)) as remedy
from audit.policies as policy
cross join unnest(policy.role_oids) as named
left join pg_catalog.pg_roles as role on role.oid = named
cross join (values ('select'), ('insert'), ('update'), ('delete')) as command (name)
where policy.permissive and policy.command in (command.name, 'all')
group by policy.relation, role.rolname, command.name
having count(*) > 1

union

select
  format('view %s runs with the rights of its owner, and not with its reader''s', found.relation) as fault,
  format('alter view %s set (security_invoker = true)', found.relation) as remedy
from audit.relations as found
where found.kind = 'view' and not found.security_invoker
  and (
    found.schema in ('app', 'api', 'audit', 'finder', 'keeper', 'porter', 'spread')
    or exists (
      select from pg_catalog.pg_rewrite as rule
      inner join pg_catalog.pg_depend as dependency
        on dependency.classid = 'pg_catalog.pg_rewrite'::regclass and rule.oid = dependency.objid
        and dependency.refclassid = 'pg_catalog.pg_class'::regclass
      inner join audit.relations as read on dependency.refobjid = read.oid and read.oid <> found.oid
        and (read.schema = 'app' or read.has_user_id)
      where rule.ev_class = found.oid))

union

select
  format('table %s has a rule, which runs with the rights of its owner', found.relation) as fault,
  format('by hand: drop the rules of %s; use a trigger', found.relation) as remedy
from audit.relations as found
where found.kind = 'table' and found.has_rules and (found.schema = 'app' or found.has_user_id)

union

-- Where task_owner itself may log in, that is one fault, of the role.
select
  format(
    '%s %s belongs to %I, who may log in and undo what protects it', found.kind, found.relation, found.owner
  ) as fault,
  format('alter %s %s owner to task_owner', found.kind, found.relation) as remedy
from audit.relations as found
inner join pg_catalog.pg_roles as owner on found.owner_oid = owner.oid
  and (owner.rolcanlogin or owner.rolsuper or owner.rolbypassrls) and owner.rolname <> 'task_owner'
where found.schema in ('app', 'api', 'audit', 'finder', 'keeper', 'porter', 'spread');

comment on view audit.table_faults is
  'The rules of tables, views and policies that are broken, each with its remedy.';

grant select on audit.table_faults to task_auditor;
-- end db/functions/audit/table_faults.sql

-- begin db/functions/audit/faults.sql
-- The rules of the audit. audit.review adds the differences from the baseline.

create or replace view audit.faults with (security_invoker = true) as
select found.part, found.fault, found.remedy
from (
  select 'roles' as part, * from audit.role_faults
  union all
  select 'tables' as part, * from audit.table_faults
  union all
  select 'functions' as part, * from audit.function_faults
  union all
  select 'privileges' as part, * from audit.privilege_faults
  union all
  select 'shards' as part, * from audit.shard_faults
) as found;

comment on view audit.faults is 'The rules that are broken, each with its remedy.';

grant select on audit.faults to task_auditor;
-- end db/functions/audit/faults.sql

-- begin db/functions/audit/review.sql
-- The rules (audit.faults) and the differences from the baseline, together. An accepted fault is known by its
-- id, which changes with what was found: after another change it is not accepted any more.

create or replace function audit.review(baseline jsonb, accepted jsonb)
returns table (id text, severity text, fault text, remedy text, accepted_by text, accepted_because text)
language sql stable
set search_path = ''
as $$
  with found as (
    select
      format('rule-%s:%s', rule.part, left(md5(rule.fault), 8)) as id,
      case
        when rule.fault ~ ' has no \w*timeout' then 'medium'
        when rule.part in ('roles', 'tables', 'shards') or rule.fault ~ '^public ' then 'critical'
        else 'high'
      end as severity,
      rule.fault, rule.remedy
    from audit.faults as rule

    union all

    select difference.id, difference.severity, difference.fault, difference.remedy
    from audit.compare(baseline) as difference
  )

  select found.id, found.severity, found.fault, found.remedy, entry ->> 'name', entry ->> 'reason'
  from found
  left join jsonb_array_elements(accepted) as entry on entry ->> 'id' = found.id
  order by
    entry is not null, array_position(array['critical', 'high', 'medium', 'low'], found.severity), found.id
$$;

comment on function audit.review is
  'All faults, by the rules and by the baseline; the more dangerous first, the accepted ones last.';

grant execute on function audit.review to task_auditor;
-- end db/functions/audit/review.sql

-- begin db/functions/audit/objects.sql
-- The audit compares this view with db/audit/baseline.sql.

create or replace view audit.objects with (security_invoker = true) as
select kind, name, definition from audit.role_objects
union all
select kind, name, definition from audit.relation_objects
union all
select kind, name, definition from audit.part_objects
union all
select kind, name, definition from audit.routine_objects
union all
select kind, name, definition from audit.type_objects
union all
select kind, name, definition from audit.search_objects
union all
select kind, name, definition from audit.privilege_objects
union all
select kind, name, definition from audit.server_objects
union all
select kind, name, definition from audit.channel_objects;

comment on view audit.objects is
  'Every object that bears on who may see or do what: its kind, its name, and its definition by attribute.';

grant select on audit.objects to task_auditor;
-- end db/functions/audit/objects.sql

reset role;
