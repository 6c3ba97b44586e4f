-- The other kind of result: see render_result. A 400 has the text that a request of its own would get.

create or replace function app.render_refusal(code text, faults jsonb, problems jsonb) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  c_max_errors constant integer := 20;
  v_problem jsonb := problems -> code;
  v_names text[];
  v_detail text;
begin
  if code = 'DT400' then
    v_names := array(
      select fault.value -> 'loc' ->> -1
      from jsonb_array_elements(faults) with ordinality as fault (value, place)
      group by 1
      order by min(fault.place));
    v_detail := concat(
      case when cardinality(v_names) = 1 then '1 field is' else cardinality(v_names) || ' fields are' end,
      ' not valid: ', array_to_string(v_names[:c_max_errors], ', '),
      case when cardinality(v_names) > c_max_errors then ', …' end);
    v_problem := v_problem || jsonb_build_object(
      'detail', v_detail, 'message', v_detail, 'errors', jsonb_path_query_array(faults, '$[0 to 19]'));
  end if;
  return concat('{"status":', v_problem -> 'status', ',"problem":', app.render_json(v_problem), '}');
end $$;

comment on function app.render_refusal is
  'The result of an operation that was refused: its problem document (RFC 9457).';

grant execute on function app.render_refusal to task_api;
