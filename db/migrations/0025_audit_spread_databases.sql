-- migrate:up

set local role task_owner;

drop view audit.objects;

drop view audit.type_objects;

drop function audit.review;

drop view audit.faults;

drop view audit.table_faults;

drop view audit.role_faults;

drop view audit.privilege_faults;

drop view audit.function_faults;

drop view audit.server_objects;

drop view audit.role_objects;

drop view audit.privileges;

drop view audit.relation_objects;

drop view audit.privilege_objects;

drop view audit.part_objects;

-- begin db/functions/requests/refuse_other_users.sql
-- For a database whose rows are spread over machines (db/citus). Citus checks no policy where an insert …
-- select writes a row that stays on its machine, and needs the right to write user_id: a trigger guards it,
-- for every role that policies apply to but task_keeper.

create or replace function app.refuse_other_users() returns trigger
language plpgsql volatile
set search_path = ''
as $$
begin
  if row_security_active(tg_relid) and new.user_id is distinct from app.present_user() then
    raise exception 'a row of another user' using errcode = '42501';
  end if;
  return new;
end $$;

comment on function app.refuse_other_users is 'Raises 42501 where the new row is not the present user''s.';
-- end db/functions/requests/refuse_other_users.sql

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

-- begin db/functions/audit/describe_table.sql
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
-- end db/functions/audit/describe_table.sql

-- begin db/functions/audit/digest_body.sql
-- A constant in a union is printed a little otherwise after a restore ('x'::text as text). The body of
-- spread.epoch (db/citus) is one constant, which each cluster has its own of.

create or replace function audit.digest_body(body text) returns text
language sql immutable
return md5(regexp_replace(
  regexp_replace(digest_body.body, '::(\w+) AS \1\M', '::\1', 'g'),
  '^RETURN ''[0-9a-f]{8}''::text$', 'RETURN an epoch'));

comment on function audit.digest_body is 'A digest of printed SQL that is the same after a restore.';

grant execute on function audit.digest_body to task_auditor;
-- end db/functions/audit/digest_body.sql

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

-- begin db/functions/audit/find_function_faults.sql
-- Readiness compares, of each function: owner, volatility, security, leakproof, settings and body. The
-- service hands over the expected ones, from db/audit/baseline.sql. Those of PostgreSQL come without an
-- owner: the first superuser has another name on each server.
--
-- What is below "spread" is expected where db/citus/spread.sql was applied.
--
-- after_later: a later release has migrated this database, while this service still serves, as in a rolling
-- upgrade. Functions of Duly then have that release's texts, and may have more parameters. All else is
-- compared, and so is the text of what the policies call: no release changes that while services run.

create or replace function audit.find_function_faults(
  expected jsonb,
  role name,
  after_later boolean default false
) returns setof text
language sql stable
set search_path = ''
as $$
  select case
    when routine.oid is null
      then format(
        'function %s is missing: run %s', wanted.name,
        case when wanted.is_spread then 'make spread' else 'duly migrate (make migrate)' end)
    when wanted.definition <> present.definition then format(
      'function %s is not as it was made (%s): %s', wanted.name, (
        select string_agg(attribute.key, ', ' order by attribute.key)
        from jsonb_object_keys(wanted.definition || present.definition) as attribute (key)
        where present.definition -> attribute.key is distinct from wanted.definition -> attribute.key),
      case
        when wanted.is_spread then 'run make spread'
        when wanted.definition ? 'owner' then 'apply the file of db/functions that makes it'
        else 'make audit says what to do'
      end)
    else format(
      '%1$I may not execute function %2$s: grant execute on function %2$s to task_api', role, wanted.name)
    end
  from (
    select
      entry.key as name,
      case
        when later.text then nullif(entry.value, 'null') - array['body', 'words']
        else nullif(entry.value, 'null') end as definition,
      later.text as has_later_text, entry.is_spread,
      case
        when later.text then to_regproc(split_part(entry.key, '(', 1))::oid
        else to_regprocedure(entry.key)::oid end as oid
    from (
      select plain.key, plain.value, false as is_spread
      from jsonb_each(expected - 'spread') as plain
      where to_regnamespace('spread') is null or not coalesce(expected -> 'spread' ? plain.key, false)
      union all
      select spread.key, spread.value, true
      from jsonb_each(expected -> 'spread') as spread
      where to_regnamespace('spread') is not null
    ) as entry
    cross join lateral (
      select after_later
        and entry.key ~ '^(app|api|audit|finder|keeper|porter|spread)\.'
        and entry.key !~ '^app\.(user_id|require_user_id|present_user)\(' as text
    ) as later
  ) as wanted
  left join pg_catalog.pg_proc as routine on wanted.oid = routine.oid
  cross join lateral (
    select jsonb_strip_nulls(jsonb_build_object(
      'owner', case when wanted.definition ? 'owner' then pg_get_userbyid(routine.proowner) end,
      'volatility', case routine.provolatile
        when 'i' then 'immutable'
        when 's' then 'stable'
        else 'volatile'
      end,
      'security', case when routine.prosecdef then 'definer' else 'invoker' end,
      'leakproof', routine.proleakproof,
      'settings', routine.proconfig,
      'body', case when routine.prosqlbody is null and not wanted.has_later_text
        then md5(routine.prosrc || coalesce(routine.probin, '')) end,
      'words', case when routine.prosqlbody is not null and not wanted.has_later_text
        then audit.digest_words(pg_get_function_sqlbody(routine.oid)) end
    )) as definition
  ) as present
  where routine.oid is null and (not wanted.has_later_text or wanted.name ~ '^(api|spread)\.')
    or wanted.definition <> present.definition
    or wanted.name ~ '^(api|spread)\.' and not has_function_privilege(role, routine.oid, 'execute')
$$;

comment on function audit.find_function_faults is
  'Which of these functions is missing, differs, or may not be executed by the role: a sentence for each.';

grant execute on function audit.find_function_faults to task_api, task_auditor;
-- end db/functions/audit/find_function_faults.sql

-- begin db/functions/audit/is_guarded.sql
-- Where the rows are spread over machines (db/citus), user_id may be inserted, and a trigger refuses another
-- user's. On a shard the name of the trigger ends with a number.

create or replace function audit.is_guarded(relation oid) returns boolean
language sql stable
set search_path = ''
as $$
  select exists (
    select from pg_catalog.pg_trigger as fired
    where fired.tgrelid = is_guarded.relation and fired.tgfoid::regproc::text = 'app.refuse_other_users'
      -- Before each row that is inserted.
      and fired.tgtype = 7 and fired.tgenabled in ('O', 'A') and fired.tgnargs = 0
      and pg_get_triggerdef(fired.oid)
        ~ ' FOR EACH ROW WHEN \(\(CURRENT_USER <> ''task_keeper''::name\)\) EXECUTE FUNCTION \S+\(\)$')
$$;

comment on function audit.is_guarded is
  'Whether the trigger of db/citus refuses rows of other users that are inserted into the table.';

grant execute on function audit.is_guarded to task_api, task_auditor;
-- end db/functions/audit/is_guarded.sql

-- begin db/functions/audit/is_in_extension.sql
-- What an extension brings is listed with the extension: audit.server_objects. By its cost the planner asks
-- it last, which halves the time of an audit.

create or replace function audit.is_in_extension(catalog oid, object oid) returns boolean
language sql stable cost 200
return exists (
  select from pg_catalog.pg_depend as member
  where member.classid = is_in_extension.catalog -- noqa: RF01
    and member.objid = is_in_extension.object -- noqa: RF01
    and member.deptype = 'e');

comment on function audit.is_in_extension is
  'Whether an object, by the catalog that lists it and its number, is a member of an extension.';

grant execute on function audit.is_in_extension to task_auditor;
-- end db/functions/audit/is_in_extension.sql

-- begin db/functions/audit/is_on_citus.sql
-- Citus is expected only where db/citus/spread.sql was applied.

create or replace function audit.is_on_citus() returns boolean
language sql stable
return to_regnamespace('spread') is not null
and exists (
  select from pg_catalog.pg_extension as extension
  where extension.extname = 'citus');

comment on function audit.is_on_citus is 'Whether the rows are spread over machines by Citus.';

grant execute on function audit.is_on_citus to task_auditor;
-- end db/functions/audit/is_on_citus.sql

-- begin db/functions/audit/list_shards.sql
-- Citus names a shard after its table and a number, and keeps it beside that. Its catalog is read by name,
-- because it is not there without Citus. Sessions see shards where citus.override_table_visibility is off.

create or replace function audit.list_shards() returns table (oid oid, relation oid, number bigint)
language plpgsql stable
set search_path = ''
as $$
begin
  if audit.is_on_citus() then
    return query execute
      'select shard.oid, relation.oid, known.shardid '
      'from pg_catalog.pg_dist_shard as known '
      'inner join pg_catalog.pg_class as relation on known.logicalrelid = relation.oid '
      'inner join pg_catalog.pg_class as shard on shard.relnamespace = relation.relnamespace '
      'and shard.relname = format(''%s_%s'', relation.relname, known.shardid)';
  end if;
end $$;

comment on function audit.list_shards is 'The shards of Citus on this machine: each with its table.';

grant execute on function audit.list_shards to task_auditor;
-- end db/functions/audit/list_shards.sql

-- begin db/functions/audit/find_table_faults.sql
-- Row-level security must be enabled, forced on the owner too, and not for the role to switch off. Where the
-- rows are spread over machines (db/citus) the role may insert user_id, and a trigger refuses another user's.

create or replace function audit.find_table_faults(role name, reachable_only boolean) returns setof text
language sql stable
set search_path = ''
as $$
  select format(fault.sentence, found.name, find_table_faults.role)
  from audit.list_user_tables(find_table_faults.role, reachable_only) as found
  cross join lateral (values
    (
      not found.securable,
      '%s holds users'' rows, but can''t have row-level security: make it a table, or drop it'
    ),
    (
      found.securable and found.owned,
      'role %2$I owns table %1$s, or is a member of its owner, and could switch row-level security off: '
      'connect as task_api, or alter table %1$s owner to task_owner'
    ),
    (
      found.securable and not found.secured,
      'table %s has no row-level security: alter table %1$s enable row level security'
    ),
    (
      found.securable and not found.forced,
      'table %s does not force row-level security on its owner: alter table %1$s force row level security'
    ),
    (
      to_regnamespace('spread') is not null and not audit.is_guarded(found.oid)
      and exists (
        select from pg_catalog.pg_attribute as attribute
        where attribute.attrelid = found.oid and attribute.attname = 'user_id'
          and has_column_privilege(find_table_faults.role, found.oid, attribute.attnum, 'insert')),
      'table %s has no trigger that refuses rows of other users, which %2$I may insert: run make spread'
    )
  ) as fault (is_there, sentence)
  where fault.is_there
$$;

comment on function audit.find_table_faults is
  'Which tables do not keep users apart for the role: a sentence for each fault, with its remedy.';

grant execute on function audit.find_table_faults to task_api, task_auditor;
-- end db/functions/audit/find_table_faults.sql

-- begin db/functions/audit/part_objects.sql
-- What belongs to a table: constraints, indexes, policies, triggers, rules and statistics.

create or replace view audit.part_objects with (security_invoker = true) as
with watched as (
  select relation.oid from pg_catalog.pg_class as relation
  where audit.is_watched(relation.relnamespace)
    and not audit.is_in_extension('pg_catalog.pg_class'::regclass, relation.oid)
    and relation.oid not in (select shard.oid from audit.list_shards() as shard)
)

-- NOT NULL is with its column: releases before 18 have no constraint for it.
select
  'constraint' as kind,
  format('%I on %s', bond.conname, bond.conrelid::regclass) as name,
  jsonb_build_object(
    'definition', regexp_replace(pg_get_constraintdef(bond.oid), ' NOT (VALID|ENFORCED)$', ''),
    'validated', bond.convalidated,
    'enforced', coalesce((to_jsonb(bond) ->> 'conenforced')::boolean, true)) as definition
from pg_catalog.pg_constraint as bond
inner join watched on bond.conrelid = watched.oid
where bond.contype in ('c', 'p', 'u', 'x', 'f') or bond.contype = 'n' and not bond.convalidated

union all

select
  'index',
  class.oid::regclass::text,
  jsonb_strip_nulls(jsonb_build_object(
    'definition', pg_get_indexdef(class.oid), 'owner', audit.name_role(class.relowner),
    'valid', index.indisvalid and index.indisready and index.indislive,
    'clustered', nullif(index.indisclustered, false), 'options', class.reloptions))
from pg_catalog.pg_index as index
inner join watched on index.indrelid = watched.oid
inner join pg_catalog.pg_class as class on index.indexrelid = class.oid

union all

select
  'policy',
  format('%I on %s', policy.polname, policy.polrelid::regclass),
  jsonb_strip_nulls(jsonb_build_object(
    'command', case policy.polcmd
      when 'r' then 'select'
      when 'a' then 'insert'
      when 'w' then 'update'
      when 'd' then 'delete'
      else 'all'
    end,
    'permissive', policy.polpermissive,
    'roles', (
      select jsonb_agg(audit.name_role(named) order by audit.name_role(named))
      from unnest(policy.polroles) as named),
    'using', pg_get_expr(policy.polqual, policy.polrelid),
    'with check', pg_get_expr(policy.polwithcheck, policy.polrelid)))
from pg_catalog.pg_policy as policy
inner join watched on policy.polrelid = watched.oid

union all

-- PostgreSQL's own triggers of foreign keys have no lasting name: they count where they do not fire as they
-- were made to.
select distinct
  'trigger',
  format(
    '%s on %s', case when fired.tgisinternal then 'one of a foreign key' else quote_ident(fired.tgname) end,
    fired.tgrelid::regclass),
  jsonb_build_object(
    'definition', case when not fired.tgisinternal then pg_get_triggerdef(fired.oid) end,
    'enabled', case fired.tgenabled
      when 'O' then 'yes'
      when 'D' then 'no'
      when 'R' then 'on replicas only'
      else 'always'
    end)
from pg_catalog.pg_trigger as fired
inner join watched on fired.tgrelid = watched.oid
where not fired.tgisinternal or fired.tgenabled <> 'O'

union all

select
  'rule',
  format('%I on %s', rule.rulename, rule.ev_class::regclass),
  jsonb_build_object(
    'words', audit.digest_words(pg_get_ruledef(rule.oid)),
    'enabled', case rule.ev_enabled
      when 'O' then 'yes'
      when 'D' then 'no'
      when 'R' then 'on replicas only'
      else 'always'
    end)
from pg_catalog.pg_rewrite as rule
inner join watched on rule.ev_class = watched.oid
where rule.rulename <> '_RETURN' or rule.ev_enabled <> 'O'

union all

select
  'statistics',
  format('%s.%I', statistics.stxnamespace::regnamespace, statistics.stxname),
  jsonb_build_object(
    'definition', pg_get_statisticsobjdef(statistics.oid), 'owner', audit.name_role(statistics.stxowner))
from pg_catalog.pg_statistic_ext as statistics
where audit.is_watched(statistics.stxnamespace);

comment on view audit.part_objects is
  'The part of audit.objects about constraints, indexes, policies, triggers, rules and statistics.';

grant select on audit.part_objects to task_auditor;
-- end db/functions/audit/part_objects.sql

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

-- begin db/functions/audit/rate.sql
-- Critical: a user may reach rows of others, or somebody may undo what prevents it. High: what functions do,
-- or may do, is not what was tested. Medium: a rule, a limit or a privilege that the service needs. Low: the
-- rest. Kinds are rated in audit.kinds; here are the special cases.

create or replace function audit.rate(
  change text, kind text, name text, expected jsonb, actual jsonb) returns text
language sql stable
set search_path = ''
as $$
  select case
    when rate.kind = 'function' and change <> 'missing' and (
      actual ->> 'security' = 'definer' or expected ->> 'security' = 'definer'
      or actual -> 'leakproof' = 'true'
      or name ~ '^(finder|keeper|porter|audit|spread)\.'
      or name ~ '^app\.(user_id|require_user_id|present_user|refuse_other_users)\(')
      then 'critical'
    when rate.kind = 'setting' and change <> 'missing'
      and name ~ '^(app\.user_id|row_security|role|session_\w+|search_path|local_preload_libraries) of '
      then 'critical'
    when rate.kind = 'database' and expected -> 'owner' <> actual -> 'owner'
      then 'critical'
    when rate.kind = 'column' and name ~ '\.user_id$'
      then 'critical'
    when rate.kind = 'role' and change = 'added' and not (
      (actual ->> 'superuser')::boolean or (actual ->> 'bypassrls')::boolean
      or (actual ->> 'replication')::boolean or (actual ->> 'createrole')::boolean)
      then 'high'
    when rate.kind = 'privilege' and change = 'added' and name !~ ' for (public|task_\w+)$'
      then 'high'
    when rate.kind = 'trigger' and name ~ '^refuse_other_users on '
      then 'critical'
    when rate.kind = 'view' and change = 'added'
      and not coalesce(actual -> 'options' ? 'security_invoker=true', false)
      then 'critical'
    when rate.kind = 'index' and change = 'changed' and actual -> 'valid' = 'false'
      then 'high'
    else (
      select case change
        when 'added' then rated.added
        when 'changed' then rated.changed
        else rated.missing
      end
      from audit.kinds as rated
      where rated.kind = rate.kind)
  end
$$;

comment on function audit.rate is 'The severity of a difference: critical, high, medium or low.';

grant execute on function audit.rate to task_auditor;
-- end db/functions/audit/rate.sql

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

-- begin db/functions/audit/privileges.sql
-- Part 4 of the report. Owners are left out, because they have all; so is what extensions bring.

create or replace view audit.privileges with (security_invoker = true) as
with granted (kind, schema, object, columns, grants, owner_oid) as (
  select
    relation.kind, relation.schema, relation.relation, null, relation.acl, relation.owner_oid
  from audit.relations as relation
  where not relation.in_extension

  union all

  select
    relation.kind, relation.schema, relation.relation, attribute.attname, attribute.attacl,
    relation.owner_oid
  from audit.relations as relation
  inner join pg_catalog.pg_attribute as attribute on relation.oid = attribute.attrelid
    and not attribute.attisdropped
  where not relation.in_extension

  union all

  select
    'function', function.schema, function.function, null,
    coalesce(function.acl, acldefault('f', function.owner_oid)), function.owner_oid
  from audit.functions as function
  where not function.in_extension

  union all

  select
    'schema', namespace.nspname, quote_ident(namespace.nspname), null, namespace.nspacl, namespace.nspowner
  from pg_catalog.pg_namespace as namespace
  where namespace.nspname !~ '^pg_' and namespace.nspname <> 'information_schema'
    and not audit.is_in_extension('pg_catalog.pg_namespace'::regclass, namespace.oid)

  union all

  -- An array's privilege is its element's, a multirange's is its range's; the row type of a table gives no
  -- rows.
  select
    'type', namespace.nspname, type.oid::regtype::text, null,
    coalesce(type.typacl, acldefault('T', type.typowner)), type.typowner
  from pg_catalog.pg_type as type
  inner join pg_catalog.pg_namespace as namespace on type.typnamespace = namespace.oid
  left join pg_catalog.pg_class as class on type.typrelid = class.oid
  where namespace.nspname !~ '^pg_' and namespace.nspname <> 'information_schema'
    and type.typcategory <> 'A' and type.typtype <> 'm' and (type.typrelid = 0 or class.relkind = 'c')
    and type.oid not in (
      select dependency.objid from pg_catalog.pg_depend as dependency
      where dependency.classid = 'pg_catalog.pg_type'::regclass and dependency.deptype = 'e')

  union all

  select
    'database', null, quote_ident(database.datname), null,
    coalesce(database.datacl, acldefault('d', database.datdba)), database.datdba
  from pg_catalog.pg_database as database
  where database.datname = current_database()

  union all

  select 'foreign server', null, quote_ident(server.srvname), null, server.srvacl, server.srvowner
  from pg_catalog.pg_foreign_server as server
)

select
  coalesce(grantee.rolname, 'public') as role,
  granted.kind,
  granted.schema,
  granted.object,
  lower(entry.privilege_type) as privilege,
  coalesce(
    string_agg(granted.columns, ', ' order by granted.columns),
    case when granted.kind in ('table', 'view') then 'all' end) as columns,
  bool_or(entry.is_grantable) as grantable
from granted
cross join aclexplode(granted.grants) as entry
left join pg_catalog.pg_roles as grantee on entry.grantee = grantee.oid
where entry.grantee <> granted.owner_oid
group by
  grantee.rolname, granted.kind, granted.schema, granted.object, entry.privilege_type,
  granted.columns is null;

comment on view audit.privileges is
  'Every privilege of a role that does not own the object; for tables, with the columns.';

grant select on audit.privileges to task_auditor;
-- end db/functions/audit/privileges.sql

-- begin db/functions/audit/role_objects.sql
-- Roles of Duly, and every role that can look past row-level security or become one that can; their settings.
-- The owner of the database and the first superuser always exist: part 1 of the report speaks of them.

create or replace view audit.role_objects with (security_invoker = true) as
with recursive strong (oid) as (
  select role.oid from pg_catalog.pg_roles as role
  where role.rolname ~ '^(task_(owner|finder|keeper|porter|auditor|api|worker)$|pg_)'
    or role.rolsuper or role.rolbypassrls or role.rolreplication or role.rolcreaterole
  union
  select membership.member from pg_catalog.pg_auth_members as membership
  inner join strong on membership.roleid = strong.oid
)

select
  'role' as kind,
  audit.name_role(role.oid) as name,
  jsonb_build_object(
    'login', role.rolcanlogin and audit.name_role(role.oid) <> 'the database''s owner',
    'superuser', role.rolsuper,
    'bypassrls', role.rolbypassrls,
    'createrole', role.rolcreaterole and audit.name_role(role.oid) <> 'the database''s owner',
    'createdb', role.rolcreatedb and audit.name_role(role.oid) <> 'the database''s owner',
    'replication', role.rolreplication,
    'connection limit', role.rolconnlimit,
    'valid until', nullif(role.rolvaliduntil, 'infinity')::text) as definition
from strong
inner join pg_catalog.pg_roles as role on strong.oid = role.oid
where role.rolname !~ '^pg_' and role.oid <> 10
  and not (role.rolsuper and audit.name_role(role.oid) = 'the database''s owner')

union all

-- The owner of the database may grant itself the roles of Duly: its options are not compared.
select
  'membership',
  format('%s in %s', audit.name_role(membership.member), audit.name_role(membership.roleid)),
  case
    when audit.name_role(membership.member) = 'the database''s owner' then '{}'
    else jsonb_strip_nulls(jsonb_build_object(
      'admin', bool_or(membership.admin_option),
      'inherit', bool_or((to_jsonb(membership) ->> 'inherit_option')::boolean),
      'set', bool_or((to_jsonb(membership) ->> 'set_option')::boolean)))
  end
from pg_catalog.pg_auth_members as membership
inner join strong on membership.roleid = strong.oid
where pg_get_userbyid(membership.member) !~ '^pg_'
group by membership.member, membership.roleid

union all

-- In their precedence: a role's in this database, a role's, this database's, everybody's. Citus copies roles
-- with times in milliseconds, and words in small letters.
select
  'setting',
  format(
    '%s of %s in %s', split_part(pair, '=', 1),
    case setting.setrole when 0 then 'every role' else audit.name_role(setting.setrole) end,
    case setting.setdatabase when 0 then 'every database' else 'this database' end),
  jsonb_build_object('value', case
    when pair ~ '^DateStyle=' then upper(substring(pair from '=(.*)'))
    when pair ~ '_timeout=\d{1,5}0000$' and substring(pair from '\d+$')::integer % 60000 = 0
      then format('%smin', substring(pair from '\d+$')::integer / 60000)
    when pair ~ '_timeout=\d{1,6}000$' then format('%ss', substring(pair from '\d+$')::integer / 1000)
    else substring(pair from '=(.*)')
  end)
from pg_catalog.pg_db_role_setting as setting
cross join unnest(setting.setconfig) as pair
left join pg_catalog.pg_database as database on setting.setdatabase = database.oid
where setting.setdatabase = 0 or database.datname = current_database()

union all

select
  'parameter privilege',
  format('%s on %s for %s', lower(entry.privilege_type), parameter.parname, audit.name_role(entry.grantee)),
  jsonb_build_object('grantable', bool_or(entry.is_grantable))
from pg_catalog.pg_parameter_acl as parameter
cross join aclexplode(parameter.paracl) as entry
where entry.grantee <> 10
group by parameter.parname, entry.privilege_type, entry.grantee

union all

select
  'default privilege',
  format(
    '%s on %s that %s creates%s for %s', lower(entry.privilege_type),
    case defaults.letter
      when 'f' then 'functions'
      when 'T' then 'types'
      when 'r' then 'tables'
      when 'S' then 'sequences'
      when 'n' then 'schemas'
      else 'large objects'
    end,
    audit.name_role(defaults.creator), ' in ' || nullif(defaults.namespace, 0)::regnamespace,
    audit.name_role(entry.grantee)),
  jsonb_build_object('grantable', entry.is_grantable)
from (
  select defaults.defaclrole, defaults.defaclnamespace, defaults.defaclobjtype::text, defaults.defaclacl
  from pg_catalog.pg_default_acl as defaults

  union all

  -- Where nothing was changed, functions and types are born open to public.
  select role.oid, 0, born.letter, born.grants
  from pg_catalog.pg_roles as role
  cross join lateral (values
    ('f', acldefault('f', role.oid)), ('T', acldefault('T', role.oid))
  ) as born (letter, grants)
  where role.rolname ~ '^task_(owner|finder|keeper|porter)$'
    and not exists (
      select from pg_catalog.pg_default_acl as defaults
      where defaults.defaclrole = role.oid and defaults.defaclnamespace = 0
        and defaults.defaclobjtype::text = born.letter)
) as defaults (creator, namespace, letter, grants)
cross join aclexplode(defaults.grants) as entry;

comment on view audit.role_objects is
  'The part of audit.objects about roles: attributes, memberships, settings and default privileges.';

grant select on audit.role_objects to task_auditor;
-- end db/functions/audit/role_objects.sql

-- begin db/functions/audit/server_objects.sql
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
-- end db/functions/audit/server_objects.sql

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

-- begin db/functions/audit/shard_faults.sql
-- On a machine of Citus: the rows are in shards, and each must be protected as its table is.

create or replace view audit.shard_faults with (security_invoker = true) as
select
  format(
    'shard %s differs from its table, %s: %s', shard.oid::regclass, shard.relation::regclass,
    differing.kinds) as fault,
  format(
    'by hand: on this machine, set citus.enable_manual_changes_to_shards = on, and make its %s those of %s',
    differing.kinds, shard.relation::regclass) as remedy
from audit.list_shards() as shard
cross join lateral (
  select
    audit.describe_table(shard.oid, format('_%s', shard.number)) as present,
    audit.describe_table(shard.relation, format('_%s', shard.number)) as wanted
) as described
cross join lateral (
  select string_agg(part.kind, ', ' order by part.kind) as kinds
  from jsonb_object_keys(described.present || described.wanted) as part (kind)
  where described.present -> part.kind is distinct from described.wanted -> part.kind
) as differing
where differing.kinds is not null;

comment on view audit.shard_faults is 'The shards that are not protected as their table is.';

grant select on audit.shard_faults to task_auditor;
-- end db/functions/audit/shard_faults.sql

-- begin db/functions/audit/suggest_file.sql
-- Part of suggest_remedy: what has a file of its own, which is applied as the owner of what it creates.

create or replace function audit.suggest_file(kind text, name text, expected jsonb) returns text
language sql immutable
return format(
  case
    when name !~ '\.' and kind = 'function'
      then 'by hand: create it as on a new server of this release, as the first superuser'
    when kind = 'function' and (name ~ '^spread\.' or name ~ '^porter\.find_versions\(')
      then 'by hand: make spread, which applies db/citus/spread.sql'
    when kind = 'function' and name ~ '^app\.(require_)?user_id\('
      then 'by hand: as %1$s, create it as in db/migrations/0003_user_id.sql'
    else 'by hand: as %1$s, apply the file of db/functions that creates %2$s'
  end,
  expected ->> 'owner', split_part(name, '(', 1));

comment on function audit.suggest_file is 'Which file creates a function or a view.';

grant execute on function audit.suggest_file to task_auditor;
-- end db/functions/audit/suggest_file.sql

-- begin db/functions/audit/suggest_part_remedy.sql
-- Part of suggest_remedy: what belongs to a table. "policy on table"; an index alone has a name of its own.

create or replace function audit.suggest_part_remedy(
  change text, kind text, name text, expected jsonb, actual jsonb) returns text[]
language plpgsql stable
set search_path = ''
as $$
declare
  v_match constant text[] := regexp_match(name, '^("(?:[^"]|"")*"|\S+) on (.*)$');
  v_part constant text := v_match[1];
  v_table constant text := v_match[2];
  -- All but the text of its definition differs.
  v_is_same constant boolean := change = 'changed' and expected -> 'definition' = actual -> 'definition';
  -- Of an index.
  v_indexed constant text := (
    select index.indrelid::regclass from pg_catalog.pg_index as index
    where kind = 'index' and index.indexrelid::regclass::text = name);
  v_drop text;
  v_create text;
begin
  if kind = 'constraint' then
    if v_is_same and actual -> 'enforced' = 'true' or actual ->> 'definition' ~ '^NOT NULL ' then
      return array[format('alter table %s validate constraint %s', v_table, v_part)];
    end if;
    v_drop := format('alter table %s drop constraint %s', v_table, v_part);
    v_create := format('alter table %s add constraint %s %s', v_table, v_part, expected ->> 'definition');
  elsif kind = 'index' then
    if v_is_same then
      return array_remove(array[
        case when actual -> 'valid' = 'false' then format('reindex index %s', name) end,
        case when actual ? 'clustered' then format('alter table %s set without cluster', v_indexed) end,
        case when expected -> 'owner' <> actual -> 'owner'
          then format('alter table %s owner to %s', v_indexed, expected ->> 'owner') end
      ], null) || audit.suggest_option_remedy('index', name, expected, actual);
    end if;
    v_drop := format('drop index %s', name);
    v_create := expected ->> 'definition';
  elsif name ~ '^one of a foreign key on ' then
    return array[format('alter table %s enable trigger all', substring(name from ' on (.*)$'))];
  elsif kind = 'trigger' then
    if v_is_same then
      return array[format('alter table %s enable trigger %s', v_table, v_part)];
    end if;
    v_drop := format('drop trigger %s', name);
    v_create := case
      when v_part = 'refuse_other_users' then 'by hand: make spread, which applies db/citus/spread.sql'
      else expected ->> 'definition'
    end;
  elsif v_part = '"_RETURN"' then
    return array[format(
      'by hand: drop the view %s, and apply the file of db/functions that creates it', v_table)];
  elsif kind = 'rule' then
    v_drop := format('drop rule %s', name);
  else
    v_drop := format('drop policy %s', name);
    v_create := format(
      'create policy %s as %s for %s to %s%s%s', name,
      case expected ->> 'permissive' when 'true' then 'permissive' else 'restrictive' end,
      expected ->> 'command', audit.print_value(expected -> 'roles'),
      ' using (' || (expected ->> 'using') || ')', ' with check (' || (expected ->> 'with check') || ')');
  end if;
  return array_remove(array[
    case when change <> 'missing' then v_drop end,
    case when change <> 'added' then v_create end], null);
end $$;

comment on function audit.suggest_part_remedy is
  'Remedies for a policy, a trigger, a rule, a constraint or an index.';

grant execute on function audit.suggest_part_remedy to task_auditor;
-- end db/functions/audit/suggest_part_remedy.sql

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

-- begin db/functions/audit/type_objects.sql
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
-- end db/functions/audit/type_objects.sql

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

-- begin db/functions/api/check_worker.sql
-- Called by the worker at its start, before it takes any work: a function that is missing, or that the role
-- may not execute, would otherwise be found at the first reminder. Those of the schema spread are expected
-- where db/citus/spread.sql was applied.

create or replace function api.check_worker(functions jsonb) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(
      case
        when routine.oid is null
          then format('function %s is missing: run %s', wanted.name,
            case when wanted.name ~ '^spread\.' then 'make spread' else 'duly migrate (make migrate)' end)
        else format('%1$I may not execute function %2$s: grant execute on function %2$s to task_worker',
          current_user, wanted.name) end
      order by wanted.name), '[]')
    from jsonb_array_elements_text(functions) as wanted (name)
    left join pg_catalog.pg_proc as routine on to_regprocedure(wanted.name) = routine.oid
    where (routine.oid is null or not has_function_privilege(routine.oid, 'execute'))
      and (wanted.name !~ '^spread\.' or to_regnamespace('spread') is not null));
end $$;

comment on function api.check_worker is
  'Which of these functions are missing, or may not be executed: a sentence for each. For the worker.';

grant execute on function api.check_worker to task_worker;
-- end db/functions/api/check_worker.sql

reset role;

-- migrate:down

set local role task_owner;

drop view audit.objects;

drop view audit.type_objects;

drop function audit.review;

drop view audit.faults;

drop view audit.table_faults;

drop view audit.role_faults;

-- drop db/functions/audit/shard_faults.sql
drop view audit.shard_faults;

drop view audit.privilege_faults;

drop view audit.function_faults;

drop view audit.server_objects;

drop view audit.role_objects;

drop view audit.privileges;

drop view audit.relation_objects;

drop view audit.privilege_objects;

drop view audit.part_objects;

drop function audit.find_isolation_faults;

drop function audit.find_table_faults;

-- drop db/functions/audit/list_shards.sql
drop function audit.list_shards;

-- drop db/functions/audit/is_on_citus.sql
drop function audit.is_on_citus;

-- drop db/functions/audit/is_guarded.sql
drop function audit.is_guarded;

-- drop db/functions/audit/describe_table.sql
drop function audit.describe_table;

-- begin db/functions/requests/refuse_other_users.sql
-- For a database whose rows are spread over machines (db/citus). Citus checks no policy where an insert …
-- select writes a row that stays on its machine, and needs the right to write user_id: a trigger guards it.

create or replace function app.refuse_other_users() returns trigger
language plpgsql volatile
set search_path = ''
as $$
begin
  if new.user_id is distinct from app.present_user() then
    raise exception 'a row of another user' using errcode = '42501';
  end if;
  return new;
end $$;

comment on function app.refuse_other_users is 'Raises 42501 where the new row is not the present user''s.';
-- end db/functions/requests/refuse_other_users.sql

-- begin db/functions/audit/compare.sql
-- The caller hands over the baseline of db/audit/baseline.sql. Of an entry: "releases" are the releases of
-- PostgreSQL that have the object, "since" the first with an attribute; an "optional" one may be missing.

create or replace function audit.compare(baseline jsonb)
returns table (id text, severity text, kind text, name text, fault text, remedy text)
language plpgsql stable
set search_path = ''
as $$
declare
  c_release constant integer := current_setting('server_version_num')::integer / 10000;
  v_owner constant oid := audit.find_owner();
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
      ) as definition
    from jsonb_array_elements(baseline) as entry
    where entry -> 'releases' is null or entry -> 'releases' @> to_jsonb(c_release)
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
      expected.definition as expected, present.definition as actual
    from expected
    full join present on expected.kind = present.kind and expected.name = present.name
    where expected.kind is null
      or present.kind is null and not expected.optional
      or present.definition <> expected.definition
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

-- begin db/functions/audit/digest_body.sql
-- A constant in a union is printed a little otherwise after a restore ('x'::text as text).

create or replace function audit.digest_body(body text) returns text
language sql immutable
return md5(regexp_replace(digest_body.body, '::(\w+) AS \1\M', '::\1', 'g'));

comment on function audit.digest_body is 'A digest of printed SQL that is the same after a restore.';

grant execute on function audit.digest_body to task_auditor;
-- end db/functions/audit/digest_body.sql

-- begin db/functions/audit/digest_words.sql
-- PostgreSQL 15 prints more names of tables before columns than later releases do. These names, brackets and
-- white space are left out.

create or replace function audit.digest_words(body text) returns text
language sql immutable
return md5(regexp_replace(
  regexp_replace(
    regexp_replace(digest_words.body, '::(\w+) AS \1\M', '::\1', 'g'),
    '\m(?!(?:app|api|audit|finder|keeper|porter|pg_catalog)\.)[a-z_0-9]+\.(?=[a-z_"])', '', 'g'),
  '[\s()]+', '', 'g'));

comment on function audit.digest_words is
  'A digest of printed SQL that is the same on every release of PostgreSQL.';

grant execute on function audit.digest_words to task_api, task_auditor;
-- end db/functions/audit/digest_words.sql

-- begin db/functions/audit/find_function_faults.sql
-- Readiness compares, of each function: owner, volatility, security, leakproof, settings and body. The
-- service hands over the expected ones, from db/audit/baseline.sql. Those of PostgreSQL come without an
-- owner: the first superuser has another name on each server.
--
-- after_later: a later release has migrated this database, while this service still serves, as in a rolling
-- upgrade. Functions of Duly then have that release's texts, and may have more parameters. All else is
-- compared, and so is the text of what the policies call: no release changes that while services run.

create or replace function audit.find_function_faults(
  expected jsonb,
  role name,
  after_later boolean default false
) returns setof text
language sql stable
set search_path = ''
as $$
  select case
    when routine.oid is null
      then format('function %s is missing: run duly migrate (make migrate)', wanted.name)
    when wanted.definition <> present.definition then format(
      'function %s is not as it was made (%s): %s', wanted.name, (
        select string_agg(attribute.key, ', ' order by attribute.key)
        from jsonb_object_keys(wanted.definition || present.definition) as attribute (key)
        where present.definition -> attribute.key is distinct from wanted.definition -> attribute.key),
      case when wanted.definition ? 'owner' then 'apply the file of db/functions that makes it'
        else 'make audit says what to do' end)
    else format(
      '%1$I may not execute function %2$s: grant execute on function %2$s to task_api', role, wanted.name)
    end
  from (
    select
      entry.key as name,
      case
        when later.text then nullif(entry.value, 'null') - array['body', 'words']
        else nullif(entry.value, 'null') end as definition,
      later.text as has_later_text,
      case
        when later.text then to_regproc(split_part(entry.key, '(', 1))::oid
        else to_regprocedure(entry.key)::oid end as oid
    from jsonb_each(expected) as entry
    cross join lateral (
      select after_later
        and entry.key ~ '^(app|api|audit|finder|keeper|porter)\.'
        and entry.key !~ '^app\.(user_id|require_user_id|present_user)\(' as text
    ) as later
  ) as wanted
  left join pg_catalog.pg_proc as routine on wanted.oid = routine.oid
  cross join lateral (
    select jsonb_strip_nulls(jsonb_build_object(
      'owner', case when wanted.definition ? 'owner' then pg_get_userbyid(routine.proowner) end,
      'volatility', case routine.provolatile
        when 'i' then 'immutable'
        when 's' then 'stable'
        else 'volatile'
      end,
      'security', case when routine.prosecdef then 'definer' else 'invoker' end,
      'leakproof', routine.proleakproof,
      'settings', routine.proconfig,
      'body', case when routine.prosqlbody is null and not wanted.has_later_text
        then md5(routine.prosrc || coalesce(routine.probin, '')) end,
      'words', case when routine.prosqlbody is not null and not wanted.has_later_text
        then audit.digest_words(pg_get_function_sqlbody(routine.oid)) end
    )) as definition
  ) as present
  where routine.oid is null and (not wanted.has_later_text or wanted.name ~ '^api\.')
    or wanted.definition <> present.definition
    or wanted.name ~ '^api\.' and not has_function_privilege(role, routine.oid, 'execute')
$$;

comment on function audit.find_function_faults is
  'Which of these functions is missing, differs, or may not be executed by the role: a sentence for each.';

grant execute on function audit.find_function_faults to task_api, task_auditor;
-- end db/functions/audit/find_function_faults.sql

-- begin db/functions/audit/is_in_extension.sql
-- What an extension brings is listed with the extension: audit.server_objects.

create or replace function audit.is_in_extension(catalog oid, object oid) returns boolean
language sql stable
return (catalog, object) in (
  select member.classid, member.objid from pg_catalog.pg_depend as member
  where member.deptype = 'e');

comment on function audit.is_in_extension is
  'Whether an object, by the catalog that lists it and its number, is a member of an extension.';

grant execute on function audit.is_in_extension to task_auditor;
-- end db/functions/audit/is_in_extension.sql

-- begin db/functions/audit/find_table_faults.sql
-- Row-level security must be enabled, forced on the owner too, and not for the role to switch off.

create or replace function audit.find_table_faults(role name, reachable_only boolean) returns setof text
language sql stable
set search_path = ''
as $$
  select format(fault.sentence, found.name, find_table_faults.role)
  from audit.list_user_tables(find_table_faults.role, reachable_only) as found
  cross join lateral (values
    (
      not found.securable,
      '%s holds users'' rows, but can''t have row-level security: make it a table, or drop it'
    ),
    (
      found.securable and found.owned,
      'role %2$I owns table %1$s, or is a member of its owner, and could switch row-level security off: '
      'connect as task_api, or alter table %1$s owner to task_owner'
    ),
    (
      found.securable and not found.secured,
      'table %s has no row-level security: alter table %1$s enable row level security'
    ),
    (
      found.securable and not found.forced,
      'table %s does not force row-level security on its owner: alter table %1$s force row level security'
    )
  ) as fault (is_there, sentence)
  where fault.is_there
$$;

comment on function audit.find_table_faults is
  'Which tables do not keep users apart for the role: a sentence for each fault, with its remedy.';

grant execute on function audit.find_table_faults to task_api, task_auditor;
-- end db/functions/audit/find_table_faults.sql

-- begin db/functions/audit/find_isolation_faults.sql
-- Whether row-level security is in force for a role: GET /health/ready asks it of the tables that the
-- role can reach, and the audit of all.

create or replace function audit.find_isolation_faults(role name, reachable_only boolean default false)
returns setof text
language sql stable
set search_path = ''
as $$
  select audit.find_role_faults(find_isolation_faults.role)
  union all
  select audit.find_table_faults(find_isolation_faults.role, reachable_only)
  union all
  select audit.find_policy_faults(find_isolation_faults.role, reachable_only)
$$;

comment on function audit.find_isolation_faults is
  'Why row-level security would not hold for the role: a sentence for each fault, with its remedy.';

grant execute on function audit.find_isolation_faults to task_api, task_auditor;
-- end db/functions/audit/find_isolation_faults.sql

-- begin db/functions/audit/part_objects.sql
-- What belongs to a table: constraints, indexes, policies, triggers, rules and statistics.

create or replace view audit.part_objects with (security_invoker = true) as
with watched as (
  select relation.oid from pg_catalog.pg_class as relation
  where audit.is_watched(relation.relnamespace)
    and not audit.is_in_extension('pg_catalog.pg_class'::regclass, relation.oid)
)

-- NOT NULL is with its column: releases before 18 have no constraint for it.
select
  'constraint' as kind,
  format('%I on %s', bond.conname, bond.conrelid::regclass) as name,
  jsonb_build_object(
    'definition', regexp_replace(pg_get_constraintdef(bond.oid), ' NOT (VALID|ENFORCED)$', ''),
    'validated', bond.convalidated,
    'enforced', coalesce((to_jsonb(bond) ->> 'conenforced')::boolean, true)) as definition
from pg_catalog.pg_constraint as bond
inner join watched on bond.conrelid = watched.oid
where bond.contype in ('c', 'p', 'u', 'x', 'f') or bond.contype = 'n' and not bond.convalidated

union all

select
  'index',
  class.oid::regclass::text,
  jsonb_strip_nulls(jsonb_build_object(
    'definition', pg_get_indexdef(class.oid), 'owner', audit.name_role(class.relowner),
    'valid', index.indisvalid and index.indisready and index.indislive,
    'clustered', nullif(index.indisclustered, false), 'options', class.reloptions))
from pg_catalog.pg_index as index
inner join watched on index.indexrelid = watched.oid
inner join pg_catalog.pg_class as class on index.indexrelid = class.oid

union all

select
  'policy',
  format('%I on %s', policy.polname, policy.polrelid::regclass),
  jsonb_strip_nulls(jsonb_build_object(
    'command', case policy.polcmd
      when 'r' then 'select'
      when 'a' then 'insert'
      when 'w' then 'update'
      when 'd' then 'delete'
      else 'all'
    end,
    'permissive', policy.polpermissive,
    'roles', (
      select jsonb_agg(audit.name_role(named) order by audit.name_role(named))
      from unnest(policy.polroles) as named),
    'using', pg_get_expr(policy.polqual, policy.polrelid),
    'with check', pg_get_expr(policy.polwithcheck, policy.polrelid)))
from pg_catalog.pg_policy as policy
inner join watched on policy.polrelid = watched.oid

union all

-- PostgreSQL's own triggers of foreign keys have no lasting name: they count where they do not fire as they
-- were made to.
select distinct
  'trigger',
  format(
    '%s on %s', case when fired.tgisinternal then 'one of a foreign key' else quote_ident(fired.tgname) end,
    fired.tgrelid::regclass),
  jsonb_build_object(
    'definition', case when not fired.tgisinternal then pg_get_triggerdef(fired.oid) end,
    'enabled', case fired.tgenabled
      when 'O' then 'yes'
      when 'D' then 'no'
      when 'R' then 'on replicas only'
      else 'always'
    end)
from pg_catalog.pg_trigger as fired
inner join watched on fired.tgrelid = watched.oid
where not fired.tgisinternal or fired.tgenabled <> 'O'

union all

select
  'rule',
  format('%I on %s', rule.rulename, rule.ev_class::regclass),
  jsonb_build_object(
    'words', audit.digest_words(pg_get_ruledef(rule.oid)),
    'enabled', case rule.ev_enabled
      when 'O' then 'yes'
      when 'D' then 'no'
      when 'R' then 'on replicas only'
      else 'always'
    end)
from pg_catalog.pg_rewrite as rule
inner join watched on rule.ev_class = watched.oid
where rule.rulename <> '_RETURN' or rule.ev_enabled <> 'O'

union all

select
  'statistics',
  format('%s.%I', statistics.stxnamespace::regnamespace, statistics.stxname),
  jsonb_build_object(
    'definition', pg_get_statisticsobjdef(statistics.oid), 'owner', audit.name_role(statistics.stxowner))
from pg_catalog.pg_statistic_ext as statistics
where audit.is_watched(statistics.stxnamespace);

comment on view audit.part_objects is
  'The part of audit.objects about constraints, indexes, policies, triggers, rules and statistics.';

grant select on audit.part_objects to task_auditor;
-- end db/functions/audit/part_objects.sql

-- begin db/functions/audit/privilege_objects.sql
-- Each privilege of a role that does not own the object. Where nothing was granted or revoked, PostgreSQL's
-- defaults count: functions and types are born open to public.

create or replace view audit.privilege_objects with (security_invoker = true) as
with granted (subject, object, "column", grants, owner) as (
  select
    case relation.relkind when 'S' then 'sequence' else 'table' end, relation.oid::regclass::text, null,
    coalesce(
      relation.relacl,
      case relation.relkind
        when 'S' then acldefault('s', relation.relowner)
        else acldefault('r', relation.relowner)
      end),
    relation.relowner
  from pg_catalog.pg_class as relation
  where relation.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and audit.is_watched(relation.relnamespace)

  union all

  select 'table', relation.oid::regclass::text, attribute.attname, attribute.attacl, relation.relowner
  from pg_catalog.pg_class as relation
  inner join pg_catalog.pg_attribute as attribute on relation.oid = attribute.attrelid
    and not attribute.attisdropped
  where audit.is_watched(relation.relnamespace)

  union all

  select
    'function', routine.oid::regprocedure::text, null,
    coalesce(routine.proacl, acldefault('f', routine.proowner)), routine.proowner
  from pg_catalog.pg_proc as routine
  where audit.is_watched(routine.pronamespace)
    and not audit.is_in_extension('pg_catalog.pg_proc'::regclass, routine.oid)

  union all

  select 'schema', quote_ident(namespace.nspname), null, namespace.nspacl, namespace.nspowner
  from pg_catalog.pg_namespace as namespace
  where audit.is_watched(namespace.oid)

  union all

  -- An array's privilege is its element's, a multirange's is its range's; the row type of a table gives no
  -- rows.
  select
    'type', type.oid::regtype::text, null,
    coalesce(type.typacl, acldefault('T', type.typowner)), type.typowner
  from pg_catalog.pg_type as type
  left join pg_catalog.pg_class as class on type.typrelid = class.oid
  where audit.is_watched(type.typnamespace) and type.typcategory <> 'A'
    and type.typtype <> 'm' and (class.oid is null or class.relkind = 'c')
    and not audit.is_in_extension('pg_catalog.pg_type'::regclass, type.oid)

  union all

  select
    'database', 'this', null, coalesce(database.datacl, acldefault('d', database.datdba)), database.datdba
  from pg_catalog.pg_database as database
  where database.datname = current_database()

  union all

  select
    'language', quote_ident(language.lanname), null,
    case
      when language.lanname in ('internal', 'c', 'sql', 'plpgsql') then language.lanacl
      else coalesce(language.lanacl, acldefault('l', language.lanowner))
    end,
    language.lanowner
  from pg_catalog.pg_language as language

  union all

  select 'foreign server', quote_ident(server.srvname), null, server.srvacl, server.srvowner
  from pg_catalog.pg_foreign_server as server

  union all

  select 'foreign data wrapper', quote_ident(wrapper.fdwname), null, wrapper.fdwacl, wrapper.fdwowner
  from pg_catalog.pg_foreign_data_wrapper as wrapper

  union all

  select 'tablespace', quote_ident(tablespace.spcname), null, tablespace.spcacl, tablespace.spcowner
  from pg_catalog.pg_tablespace as tablespace

  union all

  select 'large object', large.oid::text, null, large.lomacl, large.lomowner
  from pg_catalog.pg_largeobject_metadata as large
),

-- In PostgreSQL's own schemas and in extensions, privileges beyond those that they were born with count.
born as (
  select init.classoid, init.objoid, init.objsubid, entry.grantee, entry.privilege_type
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

-- begin db/functions/audit/rate.sql
-- Critical: a user may reach rows of others, or somebody may undo what prevents it. High: what functions do,
-- or may do, is not what was tested. Medium: a rule, a limit or a privilege that the service needs. Low: the
-- rest. Kinds are rated in audit.kinds; here are the special cases.

create or replace function audit.rate(
  change text, kind text, name text, expected jsonb, actual jsonb) returns text
language sql stable
set search_path = ''
as $$
  select case
    when rate.kind = 'function' and change <> 'missing' and (
      actual ->> 'security' = 'definer' or expected ->> 'security' = 'definer'
      or actual -> 'leakproof' = 'true'
      or name ~ '^(finder|keeper|porter|audit)\.' or name ~ '^app\.(user_id|require_user_id|present_user)\(')
      then 'critical'
    when rate.kind = 'setting' and change <> 'missing'
      and name ~ '^(app\.user_id|row_security|role|session_\w+|search_path|local_preload_libraries) of '
      then 'critical'
    when rate.kind = 'database' and expected -> 'owner' <> actual -> 'owner'
      then 'critical'
    when rate.kind = 'column' and name ~ '\.user_id$'
      then 'critical'
    when rate.kind = 'role' and change = 'added' and not (
      (actual ->> 'superuser')::boolean or (actual ->> 'bypassrls')::boolean
      or (actual ->> 'replication')::boolean or (actual ->> 'createrole')::boolean)
      then 'high'
    when rate.kind = 'privilege' and change = 'added' and name !~ ' for (public|task_\w+)$'
      then 'high'
    when rate.kind = 'view' and change = 'added'
      and not coalesce(actual -> 'options' ? 'security_invoker=true', false)
      then 'critical'
    when rate.kind = 'index' and change = 'changed' and actual -> 'valid' = 'false'
      then 'high'
    else (
      select case change
        when 'added' then rated.added
        when 'changed' then rated.changed
        else rated.missing
      end
      from audit.kinds as rated
      where rated.kind = rate.kind)
  end
$$;

comment on function audit.rate is 'The severity of a difference: critical, high, medium or low.';

grant execute on function audit.rate to task_auditor;
-- end db/functions/audit/rate.sql

-- begin db/functions/audit/relation_objects.sql
-- Schemas, tables, views and columns. What belongs to a table otherwise is in audit.part_objects; what
-- extensions bring is in audit.server_objects.

create or replace view audit.relation_objects with (security_invoker = true) as
select
  'schema' as kind,
  quote_ident(namespace.nspname) as name,
  jsonb_build_object('owner', audit.name_role(namespace.nspowner)) as definition
from pg_catalog.pg_namespace as namespace
where audit.is_watched(namespace.oid)

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

union all

-- None of PostgreSQL's own tables belongs to another role than the first superuser; none was added.
select
  'table',
  relation.oid::regclass::text,
  jsonb_build_object('owner', audit.name_role(relation.relowner))
from pg_catalog.pg_class as relation
where relation.relnamespace in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
  and (relation.relowner <> 10 or relation.oid >= 16384 or relation.relrowsecurity);

comment on view audit.relation_objects is
  'The part of audit.objects about schemas, tables, views and columns.';

grant select on audit.relation_objects to task_auditor;
-- end db/functions/audit/relation_objects.sql

-- begin db/functions/audit/privileges.sql
-- Part 4 of the report. Owners are left out, because they have all; so is what extensions bring.

create or replace view audit.privileges with (security_invoker = true) as
with granted (kind, schema, object, columns, grants, owner_oid) as (
  select
    relation.kind, relation.schema, relation.relation, null, relation.acl, relation.owner_oid
  from audit.relations as relation
  where not relation.in_extension

  union all

  select
    relation.kind, relation.schema, relation.relation, attribute.attname, attribute.attacl,
    relation.owner_oid
  from audit.relations as relation
  inner join pg_catalog.pg_attribute as attribute on relation.oid = attribute.attrelid
    and not attribute.attisdropped
  where not relation.in_extension

  union all

  select
    'function', function.schema, function.function, null,
    coalesce(function.acl, acldefault('f', function.owner_oid)), function.owner_oid
  from audit.functions as function
  where not function.in_extension

  union all

  select
    'schema', namespace.nspname, quote_ident(namespace.nspname), null, namespace.nspacl, namespace.nspowner
  from pg_catalog.pg_namespace as namespace
  where namespace.nspname !~ '^pg_' and namespace.nspname <> 'information_schema'

  union all

  -- An array's privilege is its element's, a multirange's is its range's; the row type of a table gives no
  -- rows.
  select
    'type', namespace.nspname, type.oid::regtype::text, null,
    coalesce(type.typacl, acldefault('T', type.typowner)), type.typowner
  from pg_catalog.pg_type as type
  inner join pg_catalog.pg_namespace as namespace on type.typnamespace = namespace.oid
  left join pg_catalog.pg_class as class on type.typrelid = class.oid
  where namespace.nspname !~ '^pg_' and namespace.nspname <> 'information_schema'
    and type.typcategory <> 'A' and type.typtype <> 'm' and (class.oid is null or class.relkind = 'c')
    and type.oid not in (
      select dependency.objid from pg_catalog.pg_depend as dependency
      where dependency.classid = 'pg_catalog.pg_type'::regclass and dependency.deptype = 'e')

  union all

  select
    'database', null, quote_ident(database.datname), null,
    coalesce(database.datacl, acldefault('d', database.datdba)), database.datdba
  from pg_catalog.pg_database as database
  where database.datname = current_database()

  union all

  select 'foreign server', null, quote_ident(server.srvname), null, server.srvacl, server.srvowner
  from pg_catalog.pg_foreign_server as server
)

select
  coalesce(grantee.rolname, 'public') as role,
  granted.kind,
  granted.schema,
  granted.object,
  lower(entry.privilege_type) as privilege,
  coalesce(
    string_agg(granted.columns, ', ' order by granted.columns),
    case when granted.kind in ('table', 'view') then 'all' end) as columns,
  bool_or(entry.is_grantable) as grantable
from granted
cross join aclexplode(granted.grants) as entry
left join pg_catalog.pg_roles as grantee on entry.grantee = grantee.oid
where entry.grantee <> granted.owner_oid
group by
  grantee.rolname, granted.kind, granted.schema, granted.object, entry.privilege_type,
  granted.columns is null;

comment on view audit.privileges is
  'Every privilege of a role that does not own the object; for tables, with the columns.';

grant select on audit.privileges to task_auditor;
-- end db/functions/audit/privileges.sql

-- begin db/functions/audit/role_objects.sql
-- Roles of Duly, and every role that can look past row-level security or become one that can; their settings.
-- The owner of the database and the first superuser always exist: part 1 of the report speaks of them.

create or replace view audit.role_objects with (security_invoker = true) as
with recursive strong (oid) as (
  select role.oid from pg_catalog.pg_roles as role
  where role.rolname ~ '^(task_(owner|finder|keeper|porter|auditor|api|worker)$|pg_)'
    or role.rolsuper or role.rolbypassrls or role.rolreplication or role.rolcreaterole
  union
  select membership.member from pg_catalog.pg_auth_members as membership
  inner join strong on membership.roleid = strong.oid
)

select
  'role' as kind,
  audit.name_role(role.oid) as name,
  jsonb_build_object(
    'login', role.rolcanlogin and audit.name_role(role.oid) <> 'the database''s owner',
    'superuser', role.rolsuper,
    'bypassrls', role.rolbypassrls,
    'createrole', role.rolcreaterole and audit.name_role(role.oid) <> 'the database''s owner',
    'createdb', role.rolcreatedb and audit.name_role(role.oid) <> 'the database''s owner',
    'replication', role.rolreplication,
    'connection limit', role.rolconnlimit,
    'valid until', nullif(role.rolvaliduntil, 'infinity')::text) as definition
from strong
inner join pg_catalog.pg_roles as role on strong.oid = role.oid
where role.rolname !~ '^pg_' and role.oid <> 10
  and not (role.rolsuper and audit.name_role(role.oid) = 'the database''s owner')

union all

-- The owner of the database may grant itself the roles of Duly: its options are not compared.
select
  'membership',
  format('%s in %s', audit.name_role(membership.member), audit.name_role(membership.roleid)),
  case
    when audit.name_role(membership.member) = 'the database''s owner' then '{}'
    else jsonb_strip_nulls(jsonb_build_object(
      'admin', bool_or(membership.admin_option),
      'inherit', bool_or((to_jsonb(membership) ->> 'inherit_option')::boolean),
      'set', bool_or((to_jsonb(membership) ->> 'set_option')::boolean)))
  end
from pg_catalog.pg_auth_members as membership
inner join strong on membership.roleid = strong.oid
where pg_get_userbyid(membership.member) !~ '^pg_'
group by membership.member, membership.roleid

union all

-- In their precedence: a role's in this database, a role's, this database's, everybody's.
select
  'setting',
  format(
    '%s of %s in %s', split_part(pair, '=', 1),
    case setting.setrole when 0 then 'every role' else audit.name_role(setting.setrole) end,
    case setting.setdatabase when 0 then 'every database' else 'this database' end),
  jsonb_build_object('value', substring(pair from '=(.*)'))
from pg_catalog.pg_db_role_setting as setting
cross join unnest(setting.setconfig) as pair
left join pg_catalog.pg_database as database on setting.setdatabase = database.oid
where setting.setdatabase = 0 or database.datname = current_database()

union all

select
  'parameter privilege',
  format('%s on %s for %s', lower(entry.privilege_type), parameter.parname, audit.name_role(entry.grantee)),
  jsonb_build_object('grantable', bool_or(entry.is_grantable))
from pg_catalog.pg_parameter_acl as parameter
cross join aclexplode(parameter.paracl) as entry
where entry.grantee <> 10
group by parameter.parname, entry.privilege_type, entry.grantee

union all

select
  'default privilege',
  format(
    '%s on %s that %s creates%s for %s', lower(entry.privilege_type),
    case defaults.letter
      when 'f' then 'functions'
      when 'T' then 'types'
      when 'r' then 'tables'
      when 'S' then 'sequences'
      when 'n' then 'schemas'
      else 'large objects'
    end,
    audit.name_role(defaults.creator), ' in ' || nullif(defaults.namespace, 0)::regnamespace,
    audit.name_role(entry.grantee)),
  jsonb_build_object('grantable', entry.is_grantable)
from (
  select defaults.defaclrole, defaults.defaclnamespace, defaults.defaclobjtype::text, defaults.defaclacl
  from pg_catalog.pg_default_acl as defaults

  union all

  -- Where nothing was changed, functions and types are born open to public.
  select role.oid, 0, born.letter, born.grants
  from pg_catalog.pg_roles as role
  cross join lateral (values
    ('f', acldefault('f', role.oid)), ('T', acldefault('T', role.oid))
  ) as born (letter, grants)
  where role.rolname ~ '^task_(owner|finder|keeper|porter)$'
    and not exists (
      select from pg_catalog.pg_default_acl as defaults
      where defaults.defaclrole = role.oid and defaults.defaclnamespace = 0
        and defaults.defaclobjtype::text = born.letter)
) as defaults (creator, namespace, letter, grants)
cross join aclexplode(defaults.grants) as entry;

comment on view audit.role_objects is
  'The part of audit.objects about roles: attributes, memberships, settings and default privileges.';

grant select on audit.role_objects to task_auditor;
-- end db/functions/audit/role_objects.sql

-- begin db/functions/audit/server_objects.sql
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
-- end db/functions/audit/server_objects.sql

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
  and (found.definer or found.schema in ('app', 'api', 'audit', 'finder', 'keeper', 'porter'))
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
  and found.schema not in ('app', 'api', 'audit', 'finder', 'keeper', 'porter')
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
    or found.schema in ('app', 'api', 'audit', 'finder', 'keeper', 'porter'))

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

-- begin db/functions/audit/suggest_file.sql
-- Part of suggest_remedy: what has a file of its own, which is applied as the owner of what it creates.

create or replace function audit.suggest_file(kind text, name text, expected jsonb) returns text
language sql immutable
return format(
  case
    when name !~ '\.' and kind = 'function'
      then 'by hand: create it as on a new server of this release, as the first superuser'
    when kind = 'function' and name ~ '^app\.(require_)?user_id\('
      then 'by hand: as %1$s, create it as in db/migrations/0003_user_id.sql'
    else 'by hand: as %1$s, apply the file of db/functions that creates %2$s'
  end,
  expected ->> 'owner', split_part(name, '(', 1));

comment on function audit.suggest_file is 'Which file creates a function or a view.';

grant execute on function audit.suggest_file to task_auditor;
-- end db/functions/audit/suggest_file.sql

-- begin db/functions/audit/suggest_part_remedy.sql
-- Part of suggest_remedy: what belongs to a table. "policy on table"; an index alone has a name of its own.

create or replace function audit.suggest_part_remedy(
  change text, kind text, name text, expected jsonb, actual jsonb) returns text[]
language plpgsql stable
set search_path = ''
as $$
declare
  v_match constant text[] := regexp_match(name, '^("(?:[^"]|"")*"|\S+) on (.*)$');
  v_part constant text := v_match[1];
  v_table constant text := v_match[2];
  -- All but the text of its definition differs.
  v_is_same constant boolean := change = 'changed' and expected -> 'definition' = actual -> 'definition';
  -- Of an index.
  v_indexed constant text := (
    select index.indrelid::regclass from pg_catalog.pg_index as index
    where kind = 'index' and index.indexrelid::regclass::text = name);
  v_drop text;
  v_create text;
begin
  if kind = 'constraint' then
    if v_is_same and actual -> 'enforced' = 'true' or actual ->> 'definition' ~ '^NOT NULL ' then
      return array[format('alter table %s validate constraint %s', v_table, v_part)];
    end if;
    v_drop := format('alter table %s drop constraint %s', v_table, v_part);
    v_create := format('alter table %s add constraint %s %s', v_table, v_part, expected ->> 'definition');
  elsif kind = 'index' then
    if v_is_same then
      return array_remove(array[
        case when actual -> 'valid' = 'false' then format('reindex index %s', name) end,
        case when actual ? 'clustered' then format('alter table %s set without cluster', v_indexed) end,
        case when expected -> 'owner' <> actual -> 'owner'
          then format('alter table %s owner to %s', v_indexed, expected ->> 'owner') end
      ], null) || audit.suggest_option_remedy('index', name, expected, actual);
    end if;
    v_drop := format('drop index %s', name);
    v_create := expected ->> 'definition';
  elsif name ~ '^one of a foreign key on ' then
    return array[format('alter table %s enable trigger all', substring(name from ' on (.*)$'))];
  elsif kind = 'trigger' then
    if v_is_same then
      return array[format('alter table %s enable trigger %s', v_table, v_part)];
    end if;
    v_drop := format('drop trigger %s', name);
    v_create := expected ->> 'definition';
  elsif v_part = '"_RETURN"' then
    return array[format(
      'by hand: drop the view %s, and apply the file of db/functions that creates it', v_table)];
  elsif kind = 'rule' then
    v_drop := format('drop rule %s', name);
  else
    v_drop := format('drop policy %s', name);
    v_create := format(
      'create policy %s as %s for %s to %s%s%s', name,
      case expected ->> 'permissive' when 'true' then 'permissive' else 'restrictive' end,
      expected ->> 'command', audit.print_value(expected -> 'roles'),
      ' using (' || (expected ->> 'using') || ')', ' with check (' || (expected ->> 'with check') || ')');
  end if;
  return array_remove(array[
    case when change <> 'missing' then v_drop end,
    case when change <> 'added' then v_create end], null);
end $$;

comment on function audit.suggest_part_remedy is
  'Remedies for a policy, a trigger, a rule, a constraint or an index.';

grant execute on function audit.suggest_part_remedy to task_auditor;
-- end db/functions/audit/suggest_part_remedy.sql

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
    found.schema in ('app', 'api', 'audit', 'finder', 'keeper', 'porter')
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
where found.schema in ('app', 'api', 'audit', 'finder', 'keeper', 'porter');

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
        when rule.part in ('roles', 'tables') or rule.fault ~ '^public ' then 'critical'
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

-- begin db/functions/audit/type_objects.sql
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
  and (class.oid is null or class.relkind = 'c')
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
-- end db/functions/audit/type_objects.sql

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

-- begin db/functions/api/check_worker.sql
-- Called by the worker at its start, before it takes any work: a function that is missing, or that the role
-- may not execute, would otherwise be found at the first reminder.

create or replace function api.check_worker(functions jsonb) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(
      case
        when routine.oid is null
          then format('function %s is missing: run duly migrate (make migrate)', wanted.name)
        else format('%1$I may not execute function %2$s: grant execute on function %2$s to task_worker',
          current_user, wanted.name) end
      order by wanted.name), '[]')
    from jsonb_array_elements_text(functions) as wanted (name)
    left join pg_catalog.pg_proc as routine on to_regprocedure(wanted.name) = routine.oid
    where routine.oid is null or not has_function_privilege(routine.oid, 'execute'));
end $$;

comment on function api.check_worker is
  'Which of these functions are missing, or may not be executed: a sentence for each. For the worker.';

grant execute on function api.check_worker to task_worker;
-- end db/functions/api/check_worker.sql

reset role;
