-- One operation of a batch: the function that a request of its own would call. There a question about a rule
-- has its answer in another statement, and the version says that nothing has changed in between. Here what
-- comes before in the batch is done anew in each statement, with other versions. So a reply counts where the
-- same is asked again.
--
-- answers: {"known": what the service computed from the body, "replies": [{"question": …, "answer": …}, …]}.

create or replace function app.run_operation(
  operation jsonb, lenient boolean, careful boolean, answers jsonb,
  out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  c_max_questions constant integer := 4;
  v_op constant text := operation ->> 'op';
  v_id constant uuid := operation ->> 'id';
  v_if_match constant text := operation ->> 'if_match';
  v_body constant jsonb := coalesce(nullif(operation -> 'body', 'null'), '{}');
  v_answer jsonb := answers -> 'known';
  v_question jsonb;
  v_reply jsonb;
begin
  if careful and v_op <> 'create' and v_if_match is null then
    raise exception 'if_match is required' using errcode = 'DT428';
  end if;
  for v_attempt in 0 .. c_max_questions loop
    case v_op
      when 'create' then
        select created.* into status, headers, response
        from api.create_task(
          body => v_body, id => v_id, lenient => run_operation.lenient, answer => v_answer,
          idempotency_key => null) as created;
      when 'update' then
        select updated.* into status, headers, response
        from api.update_task(
          id => v_id, body => v_body, lenient => run_operation.lenient, if_match => v_if_match,
          if_none_match => null, answer => v_answer) as updated;
      when 'toggle' then
        select toggled.* into status, headers, response
        from api.toggle_task(
          id => v_id, body => v_body, lenient => run_operation.lenient, if_match => v_if_match,
          if_none_match => null, answer => v_answer, idempotency_key => null) as toggled;
      when 'delete' then
        select deleted.* into status, headers, response
        from api.delete_task(id => v_id, if_match => v_if_match, if_none_match => null) as deleted;
    end case;
    exit when status is not null;

    v_question := response::jsonb;
    select reply.value -> 'answer' into v_reply
    from jsonb_array_elements(answers -> 'replies') as reply
    where reply.value -> 'question' = v_question - 'version';
    exit when v_reply is null;
    v_answer := coalesce(v_answer, '{}') || v_reply || jsonb_build_object('version', v_question -> 'version');
  end loop;
end $$;

comment on function app.run_operation is
  'Does an operation of a batch, whose form is right. Without a status, the response is a question about the '
  'rule.';

grant execute on function app.run_operation to task_api;
