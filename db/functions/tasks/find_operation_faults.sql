-- The form of one operation of a batch, without its body: that is judged by the function that the operation
-- calls. Everything is bounded before it is looked at.

create or replace function app.find_operation_faults(operation jsonb, lenient boolean) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  c_fields constant text[] := array['op', 'id', 'if_match', 'body'];
  v_op constant text := case
    when jsonb_typeof(operation -> 'op') = 'string' then left(operation ->> 'op', 10) end;
  v_id constant jsonb := nullif(operation -> 'id', 'null');
  v_if_match constant jsonb := nullif(operation -> 'if_match', 'null');
  v_body constant jsonb := nullif(operation -> 'body', 'null');
  v_rest jsonb;
  v_faults jsonb := '[]';
begin
  if jsonb_typeof(operation) <> 'object' then
    return jsonb_build_array(app.describe_fault(
      null, 'object_type',
      'must be a JSON object, for example {"op": "create", "body": {"title": "Buy milk"}}'));
  end if;
  if (v_op = any(array['create', 'update', 'toggle', 'delete'])) is not true then
    v_faults := v_faults
      || app.describe_fault('op', 'operation_unknown', 'must be create, update, toggle or delete');
  end if;

  if v_id is null and v_op <> 'create' then
    v_faults := v_faults || app.describe_fault('id', 'missing', 'is required: the UUID of the task');
  elsif jsonb_typeof(v_id) <> 'string'
    or v_id #>> '{}' !~ '^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$'
  then
    v_faults := v_faults || app.describe_fault(
      'id', 'uuid_format', 'must be a UUID, for example 018f4e2a-6c1b-4d3e-9f00-2a5b8c7d6e1f');
  end if;

  if jsonb_typeof(v_if_match) <> 'string' then
    v_faults := v_faults
      || app.describe_fault('if_match', 'string_type', 'must be a string: the ETag of the task');
  elsif v_if_match is not null and v_op = 'create' then
    v_faults := v_faults
      || app.describe_fault('if_match', 'not_allowed', 'must be left out: nothing is there yet');
  end if;

  if v_body is null and v_op in ('create', 'update') then
    v_faults := v_faults
      || app.describe_fault('body', 'missing', 'is required: a JSON object with the fields of the task');
  elsif v_body is not null and v_op = 'delete' then
    v_faults := v_faults
      || app.describe_fault('body', 'not_allowed', 'must be left out: a deletion has no body');
  elsif jsonb_typeof(v_body) <> 'object' then
    v_faults := v_faults || app.describe_fault('body', 'object_type', 'must be a JSON object');
  end if;

  v_rest := operation - c_fields;
  if v_rest <> '{}' and not lenient then
    v_faults := v_faults || app.describe_fault(
      (select min(left(field, 100)) from jsonb_object_keys(v_rest) as field), 'unknown_field',
      'is not a field here; the fields are ' || array_to_string(c_fields, ', '));
  end if;
  return v_faults;
end $$;

comment on function app.find_operation_faults is
  'The errors of an operation of a batch, but for those of its body, each with its place in the operation.';

grant execute on function app.find_operation_faults to task_api;
