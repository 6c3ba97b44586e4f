-- Digests say nothing to a reader: of these only that they differ.

create or replace function audit.describe_difference(
  change text, kind text, name text, expected jsonb, actual jsonb) returns text
language sql stable
set search_path = ''
as $$
  select format('%s %s ', describe_difference.kind, describe_difference.name) || case change
    when 'missing' then 'is missing'
    when 'added' then 'is not one of those that Duly makes' || coalesce(': ' || (
      select string_agg(
        format('%s %s', attribute.key, audit.print_value(attribute.value)), ', ' order by attribute.key)
      from jsonb_each(jsonb_strip_nulls(actual)) as attribute
      where attribute.value <> 'false' and attribute.key not in ('body', 'words', 'members', 'mapping')), '')
    else 'differs: ' || (
      select string_agg(
        distinct case
          when attribute.key in ('body', 'words') then 'its body is another'
          when attribute.key in ('members', 'mapping') then format('its %s is another', attribute.key)
          else format(
            '%s is %s instead of %s', attribute.key,
            coalesce(audit.print_value(actual -> attribute.key), 'not there'),
            coalesce(audit.print_value(expected -> attribute.key), 'none'))
        end, ', ')
      from jsonb_object_keys(actual || expected) as attribute (key)
      where actual -> attribute.key is distinct from expected -> attribute.key)
  end
$$;

comment on function audit.describe_difference is 'The sentence about a difference from the baseline.';

grant execute on function audit.describe_difference to task_auditor;
