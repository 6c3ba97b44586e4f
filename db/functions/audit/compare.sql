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
