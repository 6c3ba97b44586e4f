-- Part of the OpenAPI document: see describe_tasks. The descriptions are the comments on app.task_query. The
-- schemas say what read_task_query accepts.

create or replace function app.describe_parameters() returns jsonb
language plpgsql stable parallel safe
set search_path = ''
as $$
begin
  return (
    select jsonb_agg(
      jsonb_build_object(
        'name', parameter.name, 'description', substring(described.comment from ': (.*)'),
        'schema', parameter.schema)
      order by parameter.place)
    from (values
      (1, 'q', '{"type": "string", "maxLength": 2000, "examples": ["rent -garage"]}'::jsonb),
      (2, 'status', '{"type": "string", "enum": ["complete", "incomplete"]}'),
      (3, 'priority', '{"type": "array", "items": {"type": "string", "enum": ["High", "Medium", "Low"]}}'),
      (4, 'tags',
        '{"type": "array", "maxItems": 50, '
        '"items": {"type": "string", "maxLength": 50, "pattern": "^[^,]*$"}}'),
      (5, 'tags_match', '{"type": "string", "enum": ["any", "all"], "default": "any"}'),
      (6, 'due_date_from',
        '{"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}'),
      (7, 'due_date_to',
        '{"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}'),
      (8, 'sort_by', '{"type": "string",
        "enum": ["due_date", "title", "priority", "created_at", "updated_at", "relevance"]}'),
      (9, 'sort_order', '{"type": "string", "enum": ["asc", "desc"]}'),
      (10, 'limit', '{"type": "integer", "minimum": 1, "maximum": 100, "default": 50}'),
      (11, 'offset', '{"type": "integer", "minimum": 0, "maximum": 999999999, "default": 0}'),
      (12, 'cursor', '{"type": "string"}')
    ) as parameter (place, name, schema)
    left join lateral (
      select col_description(attribute.attrelid, attribute.attnum) as comment
      from pg_catalog.pg_attribute as attribute
      where attribute.attrelid = 'app.task_query'::regclass
        and split_part(col_description(attribute.attrelid, attribute.attnum), ': ', 1) = parameter.name
    ) as described on true);
end $$;

comment on function app.describe_parameters is
  'Each parameter of a list: its name, its description and its JSON Schema.';

grant execute on function app.describe_parameters to task_api;
