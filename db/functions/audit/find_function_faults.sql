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
