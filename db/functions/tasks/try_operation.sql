-- One operation of a batch in a savepoint: its error is told, and not raised. Part of change_tasks and
-- find_batch_faults.
--
-- answers: see run_operation; besides, "faults" has the errors that the service found in a rule.

create or replace function app.try_operation(
  operation jsonb, place integer, lenient boolean, careful boolean, answers jsonb,
  out status integer, out headers text[], out response text, out code text, out faults jsonb)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_place constant jsonb := jsonb_build_array('body', 'operations', place);
  v_column text;
  v_type text;
  v_message text;
  v_known jsonb := coalesce(answers -> 'known', '{}');
  v_told jsonb := coalesce(answers -> 'faults', '[]');
begin
  faults := app.find_operation_faults(operation, lenient);
  if faults <> '[]' then
    code := 'DT400';
  else
    begin
      if v_told <> '[]' then
        perform app.refuse('recurrence_rule', 'recurrence_rule_syntax', 'the service has refused it');
      end if;
      select done.* into status, headers, response
      from app.run_operation(operation, lenient, careful, answers) as done;
      return;
    exception
      when sqlstate 'DT400' or sqlstate 'DT404' or sqlstate 'DT412' or sqlstate 'DT428'
        or check_violation or not_null_violation or unique_violation
      then
        get stacked diagnostics
          code = returned_sqlstate, v_column = column_name,
          v_type = constraint_name, v_message = message_text;
    end;
    -- An error of the body: all of them are found, but for a toggle's, which has two fields.
    if code in ('DT400', '23502', '23514') then
      code := 'DT400';
      faults := jsonb_build_array(app.describe_fault(nullif(v_column, ''), v_type, v_message));
      if operation ->> 'op' in ('create', 'update') then
        select coalesce(v_known || jsonb_object_agg(answered.key, answered.value), v_known) into v_known
        from jsonb_array_elements(answers -> 'replies') as reply,
          jsonb_each(reply.value -> 'answer') as answered;
        begin
          select coalesce(
            jsonb_agg(jsonb_set(fault.value, '{loc}', (fault.value -> 'loc') - 0) order by fault.place), '[]')
          into faults
          from jsonb_array_elements(api.find_task_faults(
            body => operation -> 'body',
            id => case when operation ->> 'op' = 'update' then (operation ->> 'id')::uuid end,
            lenient => try_operation.lenient, answer => v_known)) with ordinality as fault (value, place);
          -- The service's come first, as they do where one task is saved.
          faults := coalesce((
            select jsonb_agg(told.value)
            from jsonb_array_elements(v_told) as told
            where not exists (
              select from jsonb_array_elements(faults) as fault
              where fault.value -> 'loc' = told.value -> 'loc')), '[]')
            || faults;
        exception
          when sqlstate 'DT400' then
            null;
          when sqlstate 'DT404' then
            code := 'DT404';
        end;
      end if;
    end if;
    if code <> 'DT400' then
      faults := '[null]';
    end if;
  end if;

  select jsonb_agg(case
    when fault.value = 'null' then jsonb_build_object('loc', v_place)
    else jsonb_set(fault.value, '{loc}', v_place || (fault.value -> 'loc')) end order by fault.place)
  into faults
  from jsonb_array_elements(faults) with ordinality as fault (value, place);
end $$;

comment on function app.try_operation is
  'Does an operation of a batch or, where it is refused, tells the SQLSTATE and all of its errors, each with '
  'its place.';

grant execute on function app.try_operation to task_api;
