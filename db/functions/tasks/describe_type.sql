-- Part of the OpenAPI document: see describe_tasks.

create or replace function app.describe_type(type oid) returns jsonb
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  v_type pg_catalog.pg_type;
begin
  select * into v_type from pg_catalog.pg_type as found where found.oid = describe_type.type;
  if v_type.typtype = 'd' then
    return app.describe_type(v_type.typbasetype)
      || jsonb_build_object('description', obj_description(v_type.oid, 'pg_type'))
      || app.describe_rules(array(
        select pg_get_constraintdef(rule.oid) from pg_catalog.pg_constraint as rule
        where rule.contypid = v_type.oid));
  elsif v_type.typcategory = 'A' then
    return jsonb_build_object('type', 'array', 'items', app.describe_type(v_type.typelem));
  end if;
  return case v_type.typname
    when 'bool' then '{"type": "boolean"}'
    when 'uuid' then '{"type": "string", "format": "uuid"}'
    when 'timestamptz' then '{"type": "string", "format": "date-time"}'
    else '{"type": "string"}' end::jsonb;
end $$;

comment on function app.describe_type is 'A type in JSON Schema, with the rules of a domain.';

grant execute on function app.describe_type to task_api;
