-- The baseline is the repository's, not the database's: db/audit/baseline.sql hands it over.
-- Of an entry: "releases" are those of PostgreSQL that have the object, "since" the first release in which an
-- attribute is known; "optional" objects may be missing.

create or replace function audit.compare(baseline jsonb)
returns table (id text, severity text, kind text, name text, fault text, remedy text)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  with expected as (
    select
      entry ->> 'kind' as kind, entry ->> 'name' as name,
        coalesce((entry ->> 'optional')::boolean, false) as optional,
      (entry -> 'definition') - coalesce((
        select array_agg(attribute.key) from jsonb_each_text(entry -> 'since') as attribute
        where attribute.value::integer > current_setting('server_version_num')::integer / 10000),
          '{}') as definition
    from jsonb_array_elements(baseline) as entry
    where entry -> 'releases' is null
      or entry -> 'releases' @> to_jsonb(current_setting('server_version_num')::integer / 10000)
  ),

  present as materialized (
    select object.kind, object.name, object.definition from audit.objects as object
  ),

  differing as (
    select
      coalesce(expected.kind, present.kind) as kind, coalesce(expected.name, present.name) as name,
      case when expected.kind is null then 'added' when present.kind is null then 'missing' else 'changed'
        end as change,
      expected.definition as expected, present.definition as actual
    from expected
    full join present on expected.kind = present.kind and expected.name = present.name
    where present.kind is null and not expected.optional
      or expected.kind is null
      or present.definition <> expected.definition
  )

  select
    format('%s-%s:%s', replace(differing.kind, ' ', '-'), differing.change,
      left(md5(concat_ws(' ', differing.name, differing.actual)), 8)),
    audit.rate(differing.change, differing.kind, differing.name, differing.expected, differing.actual),
    differing.kind, differing.name,
    format(
      '%s %s %s', differing.kind, differing.name,
      case differing.change
        when 'missing' then 'is missing'
        when 'added' then 'is not one of those that Duly makes' || coalesce(
          ': ' || (
            select string_agg(format('%s %s', attribute.key, attribute.value), ', ' order by attribute.key)
            from jsonb_each_text(differing.actual) as attribute
            where attribute.value is not null and attribute.value <> 'false'
              and attribute.key not in ('body', 'words', 'members')), '')
        else 'differs: ' || (
          select string_agg(
            distinct case
              when attribute.key in ('body', 'words') then 'its body is another'
              when attribute.key in ('members', 'mapping') then format('its %s is another', attribute.key)
              else format(
                '%s is %s instead of %s', attribute.key,
                  coalesce(differing.actual ->> attribute.key, 'not there'),
                coalesce(differing.expected ->> attribute.key, 'none')) end,
            ', ')
          from jsonb_object_keys(differing.actual || differing.expected) as attribute (key)
          where differing.actual -> attribute.key is distinct from differing.expected -> attribute.key) end),
    replace(
      audit.suggest_remedy(differing.change, differing.kind, differing.name, differing.expected,
        differing.actual),
      'the database''s owner', (
        select quote_ident(pg_get_userbyid(database.datdba)) from pg_catalog.pg_database as database
        where database.datname = current_database()))
  from differing;
end $$;

comment on function audit.compare is
  'Each difference between audit.objects and the baseline: its severity, a sentence, and what to do.';

grant execute on function audit.compare to task_auditor;
