-- A kept answer without a task that has been deleted. Of a batch the result of its operation stays, without
-- the body, as Prefer: return=minimal has it; of a toggle, the task that was completed; else nothing.

create or replace function app.redact_answer(body text, id uuid) returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  v_id constant text := id::text;
  v_answer constant json := body;
  v_results text;
begin
  if v_answer -> 'results' is not null then
    select string_agg(
      case
        when result.value #>> '{body,id}' = v_id or result.value #>> '{body,task,id}' = v_id
          or result.value #>> '{body,new_task,id}' = v_id
          then concat(
            '{"status":', result.value -> 'status', ',"etag":' || (result.value -> 'etag')::text,
            ',"location":' || (result.value -> 'location')::text, '}')
        else result.value::text
      end, ',' order by result.place) into v_results
    from json_array_elements(v_answer -> 'results') with ordinality as result (value, place);
    return concat('{"results":[', v_results, ']}');
  elsif v_answer #>> '{new_task,id}' = v_id then
    return concat('{"task":', v_answer -> 'task', ',"new_task":null}');
  elsif v_answer ->> 'id' = v_id or v_answer #>> '{task,id}' = v_id then
    return '';
  end if;
  return body;
end $$;

comment on function app.redact_answer is 'A kept answer without a deleted task; empty where nothing is left.';

grant execute on function app.redact_answer to task_api;
