-- Part of the OpenAPI document: see describe_tasks.

create or replace function app.describe_rules(definitions text[]) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  v_rules constant text := array_to_string(definitions, E'\n');
begin
  -- As pg_get_constraintdef writes them; "between" has become ">= … and <= …".
  return jsonb_strip_nulls(jsonb_build_object(
    'minLength', substring(v_rules from 'char_length\([^)]+\) >= ([0-9]+)')::integer,
    'maxLength', substring(v_rules from 'char_length\([^)]+\) <= ([0-9]+)')::integer,
    'maxItems', substring(v_rules from 'cardinality\(.+\) <= ([0-9]+)')::integer,
    'pattern',
    '^[^' || substring(v_rules from $pattern$(?i)position"?\(.*'(.)'::text.*\) = 0$pattern$) || ']*$',
    'enum', nullif(array(
      select value[1]
      from regexp_matches(substring(v_rules from '= ANY \(ARRAY\[(.+)\]\)'),
        $pattern$'([^']+)'::text$pattern$, 'g') as value),
      '{}')));
end $$;

comment on function app.describe_rules is 'What the definitions of check constraints mean in JSON Schema.';

grant execute on function app.describe_rules to task_api;
