-- A sentence has no brackets and quotes of JSON: "roles task_api, task_worker".

create or replace function audit.print_value(attribute jsonb) returns text
language sql immutable
return case jsonb_typeof(attribute)
  when 'array' then coalesce(
    nullif(array_to_string(array(select jsonb_array_elements_text(attribute)), ', '), ''), 'none')
  else attribute #>> '{}'
end;

comment on function audit.print_value is 'An attribute of an object, as text for a sentence.';

grant execute on function audit.print_value to task_auditor;
