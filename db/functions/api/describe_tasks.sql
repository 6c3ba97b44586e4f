-- The description of a task for the OpenAPI document, read from the catalog: columns, constraints, domains,
-- grants and their comments. So the description can't drift from the rules.

create or replace function api.describe_tasks() returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_column record;
  v_field jsonb;
  v_default jsonb;
  v_fields jsonb := '[]';
begin
  for v_column in
    select
      attribute.attname as name, attribute.atttypid as type, attribute.attnotnull as required,
      col_description(attribute.attrelid, attribute.attnum) as comment,
      -- A default that is computed says nothing to a client.
      (select pg_get_expr(found.adbin, found.adrelid) from pg_catalog.pg_attrdef as found
        where found.adrelid = attribute.attrelid and found.adnum = attribute.attnum
          and pg_get_expr(found.adbin, found.adrelid) !~ '\(') as default_value,
      array(
        select pg_get_constraintdef(rule.oid) from pg_catalog.pg_constraint as rule
        where rule.conrelid = attribute.attrelid and rule.contype = 'c'
          and rule.conkey = array[attribute.attnum]) as rules,
      attribute.attname = any(app.writable_fields()) as writable
    from pg_catalog.pg_attribute as attribute
    where attribute.attrelid = 'app.tasks'::regclass and attribute.attname = any(app.task_fields())
    order by array_position(app.task_fields(), attribute.attname::text)
  loop
    v_field := app.describe_type(v_column.type)
      || jsonb_build_object('description', v_column.comment) || app.describe_rules(v_column.rules);
    if v_column.default_value is not null then
      execute format('select to_jsonb(%s)', v_column.default_value) into v_default;
      v_field := v_field || jsonb_build_object('default', v_default);
    end if;
    if not v_column.required then
      v_field := v_field
        || jsonb_build_object('type', jsonb_build_array(v_field ->> 'type', 'null'), 'default', null);
    end if;
    v_fields := v_fields || jsonb_build_object(
      'name', v_column.name, 'writable', v_column.writable, 'schema', v_field,
      'required', v_column.writable and v_column.required and v_column.default_value is null);
  end loop;

  return jsonb_build_object(
    'fields', v_fields,
    'parameters', app.describe_parameters(),
    'faults', (
      select jsonb_agg(
        jsonb_build_object(
          'field', coalesce(attribute.attname, 'tags'),
          'type', split_part(obj_description(rule.oid, 'pg_constraint'), ': ', 1),
          'msg', substring(obj_description(rule.oid, 'pg_constraint') from ': (.*)'))
        order by attribute.attnum nulls last, rule.conname)
      from pg_catalog.pg_constraint as rule
      left join pg_catalog.pg_attribute as attribute on attribute.attrelid = rule.conrelid
        and attribute.attnum = rule.conkey[1]
      where rule.contype = 'c'
        and (rule.conrelid = 'app.tasks'::regclass or rule.contypid = 'app.tag'::regtype)
        and attribute.attname is distinct from 'user_id'));
end $$;

comment on function api.describe_tasks is
  'Each field of a task and each parameter of a list in JSON Schema, and each rule with its stable type and '
  'its words: {"fields": […], "parameters": […], "faults": […]}.';

grant execute on function api.describe_tasks to task_api;
