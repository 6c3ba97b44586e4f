-- migrate:up

-- A copy of db/functions/api, written by make functions: change it there.

set local role task_owner;

-- begin db/functions/api/change_tasks.sql
-- POST /tasks/batch. All or nothing costs no savepoint: whatever an operation raises undoes the statement,
-- and find_batch_faults finds the rest. Each by itself has a savepoint for each operation.
--
-- answers: by the place of the operation, see run_operation and try_operation. problems: the problem document
-- of each SQLSTATE that an operation may fail with.

create or replace function api.change_tasks(
  body jsonb, lenient boolean, separately boolean, careful boolean, minimal boolean, answers jsonb,
  problems jsonb, idempotency_key text,
  out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  -- A kept answer may not be longer.
  c_max_kept constant integer := 262144;
  v_operations constant jsonb := body -> 'operations';
  v_request text;
  v_operation jsonb;
  v_answer jsonb;
  v_done record;
  v_questions jsonb := '{}';
  v_results text[] := '{}';
  v_deleted uuid;
  v_all_deleted uuid[] := '{}';
  v_kept text;
begin
  perform app.require_user_id();
  if idempotency_key is not null then
    v_request := concat_ws(' ', 'change', app.hash_body(body));
    select * into status, headers, response from app.recall_answer(idempotency_key, v_request);
    if status is not null then
      return;
    end if;
  end if;

  perform app.check_batch(body, lenient);
  perform app.lock_user();
  for v_place in 0 .. jsonb_array_length(v_operations) - 1 loop
    v_operation := v_operations -> v_place;
    v_answer := answers -> v_place::text;
    -- After a question nothing is going to stay, and what fails may do so for want of its answer.
    if separately or v_questions <> '{}' then
      v_done := app.try_operation(v_operation, v_place, lenient, careful, v_answer);
    else
      if app.find_operation_faults(v_operation, lenient) <> '[]' then
        perform app.refuse('operations', 'operation', 'has errors');
      end if;
      v_done := app.run_operation(v_operation, lenient, careful, v_answer);
    end if;
    if v_done.status = 204 then
      v_all_deleted := v_all_deleted || (v_operation ->> 'id')::uuid;
    end if;
    if v_done.status is not null then
      v_results := v_results
        || app.render_result(v_done.status, v_done.headers, case when not minimal then v_done.response end);
    elsif v_done.response is not null then
      v_questions := v_questions || jsonb_build_object(v_place, v_done.response::jsonb);
    else
      v_results := v_results || app.render_refusal(v_done.code, v_done.faults, problems);
    end if;
  end loop;
  if v_questions <> '{}' then
    raise exception 'the batch has questions' using errcode = 'DT100', detail = v_questions::text;
  end if;

  status := 200;
  headers := case
    when minimal and separately then array['preference-applied', 'return=minimal, handling=lenient']
    when minimal then array['preference-applied', 'return=minimal']
    when separately then array['preference-applied', 'handling=lenient']
    else '{}' end;
  response := concat('{"results":[', array_to_string(v_results, ','), ']}');

  if idempotency_key is not null then
    if octet_length(response) > c_max_kept then
      raise exception 'the answer is too long to be kept' using errcode = 'DT400', detail = jsonb_build_array(
        jsonb_build_object(
          'loc', array['header', 'Idempotency-Key'], 'type', 'answer_too_long',
          'msg',
          'needs an answer of at most 256 KiB here; send Prefer: return=minimal, or fewer operations'))::text;
    end if;
    v_kept := response;
    foreach v_deleted in array v_all_deleted loop
      v_kept := app.redact_answer(v_kept, v_deleted);
    end loop;
    perform app.remember_answer(idempotency_key, v_request, status, headers, v_kept);
  end if;
end $$;

comment on function api.change_tasks is
  'Does the operations of a batch in order, all or none or, separately, each by itself; raises DT100 with '
  'the questions about rules, by the place of the operation.';

grant execute on function api.change_tasks to task_api;
-- end db/functions/api/change_tasks.sql

-- begin db/functions/api/check_readiness.sql
-- GET /health/ready. The codes are for anybody; the sentences name tables, roles and policies, and are for
-- the log.

create or replace function api.check_readiness(migrations jsonb, functions jsonb) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_after_later constant boolean := exists (
    select from keeper.list_migrations() as applied (version)
    where applied.version > (
      select max(known.version) from jsonb_array_elements_text(migrations) as known (version)));
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object('code', found.code, 'reason', found.reason)), '[]')
    from (
      -- Whoever logged in counts too: reset role would lead back to it.
      select distinct 'isolation' as code, audit.find_isolation_faults(role, reachable_only => true) as reason
      from unnest(array[current_user, session_user]) as role
      union all
      select
        'migrations-pending',
        format('migration %s is pending: run duly migrate (make migrate)', pending.version)
      from jsonb_array_elements_text(migrations) as pending (version)
      where pending.version not in (select keeper.list_migrations())
      union all
      select 'functions', audit.find_function_faults(functions, current_user, v_after_later)
      union all
      select 'settings', audit.find_setting_faults()
    ) as found);
end $$;

comment on function api.check_readiness is
  'Why the service may not serve: an array of {code, reason}. functions: expected definitions, by name.';

grant execute on function api.check_readiness to task_api;
-- end db/functions/api/check_readiness.sql

-- begin db/functions/api/check_worker.sql
-- Called by the worker at its start, before it takes any work: a function that is missing, or that the role
-- may not execute, would otherwise be found at the first reminder.

create or replace function api.check_worker(functions jsonb) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(
      case
        when routine.oid is null
          then format('function %s is missing: run duly migrate (make migrate)', wanted.name)
        else format('%1$I may not execute function %2$s: grant execute on function %2$s to task_worker',
          current_user, wanted.name) end
      order by wanted.name), '[]')
    from jsonb_array_elements_text(functions) as wanted (name)
    left join pg_catalog.pg_proc as routine on to_regprocedure(wanted.name) = routine.oid
    where routine.oid is null or not has_function_privilege(routine.oid, 'execute'));
end $$;

comment on function api.check_worker is
  'Which of these functions are missing, or may not be executed: a sentence for each. For the worker.';

grant execute on function api.check_worker to task_worker;
-- end db/functions/api/check_worker.sql

-- begin db/functions/api/create_pass.sql
-- POST /passes. The service makes the token and sends its digest alone.

create or replace function api.create_pass(
  body jsonb, digest bytea, lenient boolean, out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  c_fields constant text[] := array['label', 'scope', 'expires_at'];
  c_max_passes constant integer := 20;
  v_user constant text := app.require_user_id();
  v_member record;
  v_pass app.passes;
  v_bad text[] := '{}';
  v_type text;
  v_message text;
  v_fault jsonb;
  v_faults jsonb := '[]';
  -- Reported last, because only the first 20 errors are reported.
  v_unknown jsonb := '[]';
begin
  if jsonb_typeof(body) is distinct from 'object' then
    perform app.refuse('', 'object_type', 'must be a JSON object, for example {"label": "Backup"}');
  end if;
  -- More than 100 members are refused before any loop.
  perform app.refuse_unknown_fields(body, c_fields, true);
  v_pass.created_at := now();
  v_pass.scope := 'tasks:read';
  v_pass.expires_at := v_pass.created_at + interval '90 days';
  for v_member in select field, value from jsonb_each(body) as member (field, value) loop
    begin
      perform app.refuse_unknown_fields(
        jsonb_build_object(v_member.field, v_member.value), c_fields, lenient);
      if v_member.field = 'label' then
        v_pass.label := app.trim_text(app.read_text(body, 'label'));
      elsif v_member.field = 'scope' then
        v_pass.scope := coalesce(app.read_text(body, 'scope'), v_pass.scope);
      elsif v_member.field = 'expires_at' then
        v_pass.expires_at := coalesce(app.read_time(body, 'expires_at'), v_pass.expires_at);
      end if;
    exception when sqlstate 'DT400' then
      get stacked diagnostics v_message = message_text, v_type = constraint_name;
      v_bad := v_bad || v_member.field;
      v_fault := jsonb_build_object(
        'loc', array['body', left(v_member.field, 100)], 'msg', v_message, 'type', v_type);
      if v_type = 'unknown_field' then
        v_unknown := v_unknown || v_fault;
      else
        v_faults := v_faults || v_fault;
      end if;
    end;
  end loop;
  if v_pass.label is null and 'label' <> all(v_bad) then
    v_faults := v_faults || jsonb_build_object(
      'loc', array['body', 'label'], 'msg', 'is required: a string of 1 to 100 characters',
      'type', 'missing');
  end if;
  v_faults := v_faults || app.find_rule_faults(v_pass, v_bad) || v_unknown;
  if v_faults <> '[]' then
    raise exception 'bad pass' using errcode = 'DT400', detail = v_faults;
  end if;

  -- Held to the end of the transaction, so that two requests at once can't both be the last that fits.
  perform pg_advisory_xact_lock(hashtextextended('api.create_pass ' || v_user, 0));
  delete from app.passes as pass where pass.user_id = v_user and pass.expires_at <= now();
  if (select count(*) from app.passes as pass where pass.user_id = v_user) >= c_max_passes then
    raise exception 'too many passes' using errcode = 'DT4TM';
  end if;
  insert into app.passes (label, scope, digest, expires_at)
  values (v_pass.label, v_pass.scope, create_pass.digest, v_pass.expires_at)
  returning id into v_pass.id;

  status := 201;
  headers := '{}';
  response := app.render_pass(
    v_pass.id, v_pass.label, v_pass.scope, v_pass.created_at, v_pass.expires_at, v_pass.last_used_on);
end $$;

comment on function api.create_pass is
  'Creates a pass and removes the user''s expired ones. Raises DT4TM where the user has 20 already.';

grant execute on function api.create_pass to task_api;
-- end db/functions/api/create_pass.sql

-- begin db/functions/api/create_task.sql
-- POST /tasks, and PUT /tasks/{id} with If-None-Match: *.

create or replace function api.create_task(
  body jsonb, id uuid, lenient boolean, answer jsonb, idempotency_key text,
  out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user text := app.require_user_id();
  v_request text;
  v_new app.tasks;
  v_saved record;
begin
  if idempotency_key is not null then
    v_request := concat_ws(' ', 'create', app.hash_body(body));
    select * into status, headers, response from app.recall_answer(idempotency_key, v_request);
    if status is not null then
      return;
    end if;
  end if;

  v_new := app.merge_task(
    app.empty_task(), app.refuse_unknown_fields(body, app.task_fields(), lenient));
  v_new.id := create_task.id;
  v_user := app.lock_user();
  v_saved := app.save_task(null, v_new, false, body, answer);
  if v_saved.question is not null then
    response := v_saved.question;
    return;
  end if;

  status := 201;
  v_new := v_saved.task;
  headers := array['etag', format('"%s"', v_new.version), 'location', '/tasks/' || v_new.id];
  response := app.render_task(v_new);

  if idempotency_key is not null then
    perform app.remember_answer(idempotency_key, v_request, status, headers, response);
  end if;
end $$;

comment on function api.create_task is
  'Creates a task, with the id if one is given. Without a status, the response is a question about the rule.';

grant execute on function api.create_task to task_api;
-- end db/functions/api/create_task.sql

-- begin db/functions/api/create_webhook.sql
-- POST /webhooks. The service derives the secret from the id and the generation, and adds it to the answer.

create or replace function api.create_webhook(
  body jsonb, plain boolean, lenient boolean, out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  c_max_webhooks constant integer := 10;
  v_user constant text := app.require_user_id();
  v_webhook app.webhooks;
begin
  v_webhook.events := array[
    'task.completed', 'task.created', 'task.deleted', 'task.reminder', 'task.reopened', 'task.updated'];
  v_webhook.headers := '{}';
  v_webhook := app.merge_webhook(v_webhook, body, plain, lenient);
  perform app.lock_user();
  if (select count(*) from app.webhooks as webhook where webhook.user_id = v_user) >= c_max_webhooks then
    raise exception 'too many webhooks' using errcode = 'DT4TM';
  end if;
  insert into app.webhooks (url, label, events, headers, body, timezone, paused)
  values (
    v_webhook.url, v_webhook.label, v_webhook.events, v_webhook.headers, v_webhook.body, v_webhook.timezone,
    v_webhook.paused)
  returning * into v_webhook;
  status := 201;
  headers := array['etag', format('"%s"', app.version_of(v_webhook.updated_at))];
  response := app.render_webhook(v_webhook);
end $$;

comment on function api.create_webhook is 'Creates a webhook. Raises DT4TM where the user has 10 already.';

grant execute on function api.create_webhook to task_api;
-- end db/functions/api/create_webhook.sql

-- begin db/functions/api/delete_pass.sql
-- DELETE /passes/{id}.

create or replace function api.delete_pass(id uuid, out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
begin
  delete from app.passes as pass where pass.user_id = v_user and pass.id = delete_pass.id;
  if not found then
    raise exception 'no such pass' using errcode = 'DT404';
  end if;
  status := 204;
  headers := '{}';
end $$;

comment on function api.delete_pass is 'Revokes a pass, for good.';

grant execute on function api.delete_pass to task_api;
-- end db/functions/api/delete_pass.sql

-- begin db/functions/api/delete_task.sql
-- DELETE /tasks/{id}.

create or replace function api.delete_task(
  id uuid, if_match text, if_none_match text, out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
begin
  perform app.lock_user();
  perform app.read_task(id, if_match, if_none_match);
  delete from app.tasks as task where task.user_id = v_user and task.id = delete_task.id;
  perform app.forget_answers(id);
  status := 204;
  headers := '{}';
end $$;

comment on function api.delete_task is 'Deletes a task, for good.';

grant execute on function api.delete_task to task_api;
-- end db/functions/api/delete_task.sql

-- begin db/functions/api/delete_webhook.sql
-- DELETE /webhooks/{id}. Its deliveries go with it.

create or replace function api.delete_webhook(
  id uuid, if_match text, if_none_match text, out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
begin
  perform app.lock_user();
  perform app.read_webhook(id, if_match, if_none_match);
  delete from app.webhooks as webhook where webhook.user_id = v_user and webhook.id = delete_webhook.id;
  status := 204;
  headers := '{}';
end $$;

comment on function api.delete_webhook is 'Deletes a webhook and its deliveries, for good.';

grant execute on function api.delete_webhook to task_api;
-- end db/functions/api/delete_webhook.sql

-- begin db/functions/api/describe_tasks.sql
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
-- end db/functions/api/describe_tasks.sql

-- begin db/functions/api/find_batch_faults.sql
-- The error path of change_tasks, as find_task_faults is that of one task: each operation is tried in a
-- savepoint, so that all errors of all operations are found, and then everything is undone.

create or replace function api.find_batch_faults(
  body jsonb, lenient boolean, careful boolean, answers jsonb, problems jsonb)
returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  c_max_errors constant integer := 20;
  v_operations constant jsonb := body -> 'operations';
  v_operation jsonb;
  v_id text;
  v_done record;
  v_code text;
  v_faults jsonb := '[]';
  v_questions jsonb := '{}';
  -- Tasks that are not as they would be: what else fails with them says nothing new.
  v_doubtful text[] := '{}';
begin
  perform app.require_user_id();
  perform app.check_batch(body, lenient);
  perform app.lock_user();
  begin
    for v_place in 0 .. jsonb_array_length(v_operations) - 1 loop
      v_operation := v_operations -> v_place;
      v_done := app.try_operation(v_operation, v_place, lenient, careful, answers -> v_place::text);
      continue when v_done.status is not null;
      v_id := case when v_done.code is null or v_done.code <> 'DT400'
        or jsonb_typeof(v_operation -> 'id') = 'string'
        then lower(replace(left(v_operation ->> 'id', 40), '-', '')) end;
      if v_done.code is null then
        v_questions := v_questions || jsonb_build_object(v_place, v_done.response::jsonb);
      elsif v_done.code = 'DT400' or (v_id = any(v_doubtful)) is not true then
        v_code := coalesce(v_code, v_done.code);
        v_faults := v_faults || case
          when v_done.code = 'DT400' then v_done.faults
          else jsonb_set(
            v_done.faults, '{0}', v_done.faults -> 0 || jsonb_build_object(
              'msg', problems -> v_done.code -> 'detail',
              'type', replace(split_part(problems -> v_done.code ->> 'type', '/', 3), '-', '_')))
          end;
      end if;
      v_doubtful := array_append(v_doubtful, v_id);
      exit when jsonb_array_length(v_faults) >= c_max_errors;
    end loop;
    raise exception 'only errors were looked for' using errcode = 'DT100';
  exception when sqlstate 'DT100' then
    null;
  end;
  return jsonb_build_object('code', v_code, 'faults', v_faults, 'questions', v_questions);
end $$;

comment on function api.find_batch_faults is
  'All errors of a batch that was refused, {"code": SQLSTATE of the first, "faults": […], "questions": {…}}. '
  'It changes nothing.';

grant execute on function api.find_batch_faults to task_api;
-- end db/functions/api/find_batch_faults.sql

-- begin db/functions/api/find_task_faults.sql
-- The error path. A write stops at its first error. Then this function finds all of them: it tries each field
-- alone, and checks the outcome against each constraint of the table. The messages are the comments on the
-- constraints.

create or replace function api.find_task_faults(body jsonb, id uuid, lenient boolean, answer jsonb)
returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_task app.tasks := app.empty_task();
  v_member record;
  v_message text;
  v_rule text;
  v_bad text[] := '{}';
  v_fault jsonb;
  v_faults jsonb := '[]';
  -- Reported last, because only the first 20 errors are reported.
  v_unknown jsonb := '[]';
begin
  -- No object, or too many members: then this is the only error.
  perform app.refuse_unknown_fields(body, app.task_fields(), true);
  select * into v_task from app.tasks as task where task.user_id = v_user and task.id = find_task_faults.id;
  if not found and id is not null then
    raise exception 'no such task' using errcode = 'DT404';
  elsif not found then
    v_task := app.empty_task();
    body := '{"title": null}' || body;
  end if;

  for v_member in
    select field, value from jsonb_each(body) as member (field, value)
  loop
    begin
      perform app.refuse_unknown_fields(
        jsonb_build_object(v_member.field, v_member.value), app.task_fields(), lenient);
      v_task := app.merge_task(v_task, jsonb_build_object(v_member.field, v_member.value));
    exception when sqlstate 'DT400' or check_violation then
      get stacked diagnostics v_message = message_text, v_rule = constraint_name;
      v_bad := v_bad || v_member.field;
      if sqlstate = '23514' then
        v_message := (
          select obj_description(oid, 'pg_constraint') from pg_constraint
          where conname = v_rule and connamespace = 'app'::regnamespace);
        v_rule := split_part(v_message, ': ', 1);
        v_message := substring(v_message from ': (.*)');
      end if;
      v_fault := jsonb_build_object(
        'loc', array['body', left(v_member.field, 100)], 'msg', v_message, 'type', v_rule);
      if v_rule = 'unknown_field' then
        v_unknown := v_unknown || v_fault;
      else
        v_faults := v_faults || v_fault;
      end if;
    end;
  end loop;

  -- Times without an offset, in the zone; null, which is not judged, where the service has not said what they
  -- mean.
  if v_task.timezone is not null then
    if 'due_date' = any(app.local_times(body)) then
      v_task.due_date := case when answer ? 'due_date'
        then coalesce((answer ->> 'due_date')::timestamptz, v_task.due_date) end;
    end if;
    if 'reminder_at' = any(app.local_times(body)) then
      v_task.reminder_at := case when answer ? 'reminder_at'
        then coalesce((answer ->> 'reminder_at')::timestamptz, v_task.reminder_at) end;
    end if;
  end if;

  -- Null where a value must be.
  for v_member in
    select attribute.attname::text as field
    from pg_attribute as attribute
    where attribute.attrelid = 'app.tasks'::regclass and attribute.attnotnull
      and attribute.attname = any(array['title', 'completed', 'priority', 'is_recurring'])
      and attribute.attname <> all(v_bad)
      and to_jsonb(v_task) -> attribute.attname::text = 'null'
    order by attribute.attnum
  loop
    v_bad := v_bad || v_member.field;
    v_faults := v_faults || jsonb_build_object(
      'loc', array['body', v_member.field],
      'msg', case
        when v_member.field = 'title' then 'is required: a string of 1 to 200 characters'
        else 'must not be null'
      end,
      'type', case when v_member.field = 'title' then 'missing' else 'not_null' end);
  end loop;

  return v_faults || app.find_rule_faults(v_task, v_bad) || v_unknown;
end $$;

comment on function api.find_task_faults is
  'Every error of a body that was refused, as an array of {"loc", "msg", "type"}.';

grant execute on function api.find_task_faults to task_api;
-- end db/functions/api/find_task_faults.sql

-- begin db/functions/api/find_work.sql
-- Called by the worker, before a user is known.

create or replace function api.find_work("limit" integer) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce((
    select jsonb_agg(jsonb_build_object(
      'user_id', due.user_id, 'kind', due.kind, 'id', due.id, 'webhook_id', due.webhook_id,
      'at', app.version_of(due.due_at), 'failing', due.failing))
    from porter.find_due("limit") as due), '[]');
end $$;

comment on function api.find_work is
  'The due work of all users: ids, times in microseconds since 1970, and whether the webhook is failing. For '
  'the worker.';

grant execute on function api.find_work to task_worker;
-- end db/functions/api/find_work.sql

-- begin db/functions/api/finish_delivery.sql
-- Called by the worker, as the user of the delivery, only while the claim is its own: attempts is then
-- unchanged. The times between attempts are those of Standard Webhooks.

create or replace function api.finish_delivery(
  id uuid, attempts integer, http_status integer, error text, retry_after integer) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  -- 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h.
  c_waits constant integer[] := array[5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400];
  v_user constant text := app.require_user_id();
  v_now constant timestamptz := now();
  v_delivery app.deliveries;
  v_webhook app.webhooks;
  v_state text := 'waiting';
  v_due timestamptz;
begin
  perform app.lock_user();
  select * into v_delivery from app.deliveries as delivery
  where delivery.user_id = v_user and delivery.id = finish_delivery.id;
  select * into v_webhook from app.webhooks as webhook
  where webhook.user_id = v_user and webhook.id = v_delivery.webhook_id
  for no key update;
  -- Again, now that nobody else can take it.
  select * into v_delivery from app.deliveries as delivery
  where delivery.user_id = v_user and delivery.id = finish_delivery.id
    and delivery.attempts = finish_delivery.attempts and delivery.claimed;
  if not found then
    return 'null';
  end if;

  if http_status between 200 and 299 then
    v_state := 'delivered';
    if v_webhook.failing_since is not null then
      v_webhook.failing_since := null;
      v_webhook.updated_at := greatest(v_now, v_webhook.updated_at + interval '1 microsecond');
    end if;
  elsif error = 'too large' then
    -- Nothing was sent, so this tells nothing of the receiver; and it would be as large again.
    v_state := 'failed';
  else
    if http_status = 410 or attempts > cardinality(c_waits) then
      v_state := 'failed';
    end if;
    if http_status = 410 and v_webhook.paused is distinct from 'gone'
      or v_webhook.paused is null and (
        v_webhook.failing_since < v_now - interval '5 days' or v_webhook.waiting >= app.max_waiting())
    then
      v_webhook.paused := case when http_status = 410 then 'gone' else 'failing' end;
      v_webhook.updated_at := greatest(v_now, v_webhook.updated_at + interval '1 microsecond');
    end if;
    if v_webhook.failing_since is null then
      v_webhook.failing_since := v_now;
      v_webhook.updated_at := greatest(v_now, v_webhook.updated_at + interval '1 microsecond');
    end if;
  end if;

  if v_state = 'waiting' then
    v_due := v_now + greatest(
      c_waits[attempts] * (0.9 + 0.2 * random()),
      least(coalesce(retry_after, 0), 86400)) * interval '1 second';
  else
    v_webhook.waiting := greatest(v_webhook.waiting - 1, 0);
  end if;
  update app.deliveries as delivery
  set state = v_state, due_at = v_due, claimed = false, status = http_status, error = finish_delivery.error,
    finished_at = case when v_state <> 'waiting' then v_now end
  where delivery.user_id = v_user and delivery.id = v_delivery.id;

  if v_state <> 'waiting' then
    -- The next event of the task has waited for this one.
    update app.deliveries as delivery
    set due_at = v_now
    where delivery.user_id = v_user and not delivery.claimed and delivery.due_at is not null
      and delivery.id = (
      select next.id from app.deliveries as next
      where next.user_id = v_user and next.webhook_id = v_delivery.webhook_id
        and next.task_id = v_delivery.task_id
        and next.number > v_delivery.number and next.state = 'waiting' and next.attempts = 0
        and next.type <> 'task.reminder'
      order by next.number
      limit 1);
    if found then
      v_due := v_now;
    end if;
  end if;
  -- The place may be earlier than what is due next: then a turn sets it right. To leave it where it is saves
  -- an entry of its index, and the look for what is next.
  v_due := case when v_webhook.paused is null then least(v_webhook.due_at, v_due) end;
  update app.webhooks as webhook
  set failing_since = v_webhook.failing_since, paused = v_webhook.paused, waiting = v_webhook.waiting,
    due_at = v_due, updated_at = v_webhook.updated_at
  where webhook.user_id = v_user and webhook.id = v_webhook.id;

  delete from app.deliveries as delivery
  where delivery.user_id = v_user and delivery.id = any(array(
    select past.id from app.deliveries as past
    where past.user_id = v_user and past.webhook_id = v_delivery.webhook_id
      and past.created_at < now() - interval '7 days'
      and (past.state = 'delivered' or past.state = 'failed' and past.created_at < now() - interval '30 days')
    order by past.created_at
    limit 10));
  return to_jsonb(v_state);
end $$;

comment on function api.finish_delivery is
  'Records the result of an attempt and the time of the next one; pauses a webhook that is gone or has '
  'failed for long; deletes old deliveries. Null where the claim has ended. For the worker.';

grant execute on function api.finish_delivery to task_worker;
-- end db/functions/api/finish_delivery.sql

-- begin db/functions/api/fire_reminder.sql
-- Called by the worker, as the user of the reminder. It is taken in the transaction that writes its
-- deliveries; of several workers one finds it. In any case the user goes to the end of the line of
-- porter.find_due, or waits there for the next reminder.

create or replace function api.fire_reminder(id uuid, at bigint) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_fired boolean;
  v_late boolean;
  v_task app.tasks;
  v_payload text;
  v_webhook uuid;
  v_count integer := 0;
  v_next timestamptz;
begin
  perform app.lock_user();
  delete from app.reminders as reminder
  where reminder.user_id = v_user and reminder.id = fire_reminder.id and reminder.remind_at = app.time_of(at)
  returning reminder.remind_at < now() - interval '24 hours' into v_late;
  v_fired := found;
  if v_fired then
    select * into v_task from app.tasks as task where task.user_id = v_user and task.id = fire_reminder.id;
    v_payload := app.render_event('task.reminder', now(), v_task.version, app.render_task(v_task));
    for v_webhook in
      select webhook.id from app.webhooks as webhook
      where webhook.user_id = v_user and webhook.paused is null and 'task.reminder' = any(webhook.events)
      order by webhook.id
    loop
      v_count := v_count + 1;
      if v_late then
        insert into app.deliveries (webhook_id, type, task_id, number, payload, state, due_at, error,
          finished_at)
        values (v_webhook, 'task.reminder', v_task.id, v_task.version, v_payload, 'failed', null, 'too late',
          now());
      else
        insert into app.deliveries (webhook_id, type, task_id, number, payload)
        values (v_webhook, 'task.reminder', v_task.id, v_task.version, v_payload);
        perform app.add_waiting(v_user, v_webhook);
      end if;
    end loop;
  end if;
  select reminder.remind_at into v_next from app.reminders as reminder
  where reminder.user_id = v_user
  order by reminder.remind_at
  limit 1;
  if v_next is not null then
    v_next := greatest(v_next, now());
  end if;
  update app.task_counts as counts set remind_at = v_next where counts.user_id = v_user;
  return case when v_fired then to_jsonb(v_count) else 'null' end;
end $$;

comment on function api.fire_reminder is
  'Writes the deliveries of a reminder that is due; returns their number, or null where it is no longer due. '
  'For the worker.';

grant execute on function api.fire_reminder to task_worker;
-- end db/functions/api/fire_reminder.sql

-- begin db/functions/api/forget_user.sql
-- For an operator: make forget-user user=…. Row-level security holds task_owner and task_api, so it needs a
-- superuser, or a role with BYPASSRLS that was granted delete; the service may not execute it. Each table
-- with a user_id counts, those to come as well.

create or replace function api.forget_user(user_id text) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  v_tables text[];
  v_table text;
  v_count bigint;
  v_counts jsonb := '{}';
begin
  if row_security_active('app.tasks') then
    raise exception 'row-level security holds this role, which therefore finds nobody''s rows'
      using errcode = 'insufficient_privilege', hint = 'call it as a superuser';
  end if;
  -- Writes of the user wait.
  perform set_config('app.user_id', user_id, true);
  perform app.lock_user();
  -- The tasks first: their deletion writes into other tables.
  v_tables := array(
    select class.oid::regclass::text
    from pg_catalog.pg_class as class
    inner join pg_catalog.pg_attribute as attribute
      on class.oid = attribute.attrelid and attribute.attname = 'user_id' and not attribute.attisdropped
    where class.relnamespace = 'app'::regnamespace and class.relkind in ('r', 'p')
    order by class.relname <> 'tasks', class.relname);
  foreach v_table in array v_tables loop
    execute format('select count(*) from %s as counted where counted.user_id = $1', v_table)
      into v_count using user_id;
    v_counts := v_counts || jsonb_build_object(v_table, v_count);
  end loop;
  foreach v_table in array v_tables loop
    execute format('delete from %s as forgotten where forgotten.user_id = $1', v_table) using user_id;
  end loop;
  return v_counts;
end $$;

comment on function api.forget_user is
  'Deletes every trace of a user in one transaction; the number of rows by table, as they were. For an '
  'operator, not for the service.';
-- end db/functions/api/forget_user.sql

-- begin db/functions/api/get_series.sql
-- The service computes the coming due dates of a task (RFC 5545) from this.

create or replace function api.get_series(id uuid) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_task app.tasks;
begin
  select * into v_task from app.tasks as task where task.user_id = v_user and task.id = get_series.id;
  if not found then
    raise exception 'no such task' using errcode = 'DT404';
  end if;
  return jsonb_build_object(
    'recurrence_rule', case when v_task.is_recurring then v_task.recurrence_rule end,
    'timezone', v_task.timezone,
    'due_date', v_task.due_date at time zone 'UTC',
    'series_start', coalesce(v_task.series_start, v_task.due_date) at time zone 'UTC',
    'series_index', v_task.series_index);
end $$;

comment on function api.get_series is
  'Where a task stands in its series; the rule is null where nothing follows it. Times are in UTC, without '
  'an offset.';

grant execute on function api.get_series to task_api;
-- end db/functions/api/get_series.sql

-- begin db/functions/api/get_task.sql
-- GET /tasks/{id}.

create or replace function api.get_task(
  id uuid, if_none_match text, out status integer, out headers text[], out response text)
returns record
language plpgsql stable
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_task app.tasks;
begin
  select * into v_task
  from app.tasks as task
  where task.user_id = v_user and task.id = get_task.id;
  if not found then
    raise exception 'no such task' using errcode = 'DT404';
  end if;
  status := 200;
  headers := array['etag', format('"%s"', v_task.version)];
  if app.etag_matches_weakly(if_none_match, headers[2]) then
    status := 304;
  else
    response := app.render_task(v_task);
  end if;
end $$;

comment on function api.get_task is 'One task; 304 where If-None-Match names its ETag.';

grant execute on function api.get_task to task_api;
-- end db/functions/api/get_task.sql

-- begin db/functions/api/get_webhook.sql
-- GET /webhooks/{id}.

create or replace function api.get_webhook(
  id uuid, if_none_match text, out status integer, out headers text[], out response text)
returns record
language plpgsql stable
set search_path = ''
as $$
declare
  v_webhook constant app.webhooks := app.read_webhook(id, null, null);
begin
  status := 200;
  headers := array['etag', format('"%s"', app.version_of(v_webhook.updated_at))];
  if app.etag_matches_weakly(if_none_match, headers[2]) then
    status := 304;
  else
    response := app.render_webhook(v_webhook);
  end if;
end $$;

comment on function api.get_webhook is 'One webhook; 304 where If-None-Match names its ETag.';

grant execute on function api.get_webhook to task_api;
-- end db/functions/api/get_webhook.sql

-- begin db/functions/api/list_changes.sql
-- GET /changes. Tasks come in the order of their numbers, from the index of updated_at, which is the number
-- as a time. One statement has one snapshot, so no number in it can be followed by a smaller one later: see
-- app.task_counts.

create or replace function api.list_changes(
  since text, "limit" integer, if_none_match text, out status integer, out headers text[], out response text)
returns record
language plpgsql stable
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
declare
  v_user constant text := app.require_user_id();
  v_counts app.task_counts;
  v_since record;
  -- All tasks, whatever their status and priority.
  v_query app.task_query;
  v_page record;
  v_changed text[] := '{}';
  v_deleted uuid[] := '{}';
  v_deletions bigint[];
  v_last_changed bigint;
  v_next bigint;
  v_token text;
begin
  select * into v_counts from app.task_counts as counts where counts.user_id = v_user;
  if not found then
    v_counts.version := 0;
    v_counts.forgotten := 0;
  end if;
  v_since := app.read_since(since, v_counts);
  v_next := v_counts.version;

  if v_since.after < v_counts.version then
    -- One more of each than is shown. Where there is one, the page ends with the last that is shown, in both
    -- lists alike.
    v_query.statuses := '{false,true}';
    v_query.priorities := '{High,Medium,Low}';
    v_query."offset" := 0;
    v_page := app.page_tasks_by_updated_at_asc(
      v_query, app.time_of(v_since.after)::text, 'ffffffff-ffff-ffff-ffff-ffffffffffff', "limit" + 1);
    v_changed := coalesce(v_page.documents[:"limit"], '{}');
    if cardinality(v_page.ids) > "limit" then
      v_last_changed := app.version_of(v_page.keys[2]::timestamptz);
    end if;
    v_deletions := array(
      select deleted.version from app.deleted_tasks as deleted
      where deleted.user_id = v_user and deleted.version > greatest(v_since.after, v_since.begun)
      order by deleted.version
      limit "limit" + 1);
    v_next := least(v_next, v_last_changed,
      case when cardinality(v_deletions) > "limit" then v_deletions["limit"] end);

    if v_next < coalesce(v_last_changed, v_counts.version) then
      v_changed := array(
        select changed.document from unnest(v_changed) with ordinality as changed (document, place)
        where app.version_of((changed.document::json ->> 'updated_at')::timestamptz) <= v_next
        order by changed.place);
    end if;
    -- A task that was made again is only in changed.
    v_deleted := array(
      select distinct deleted.id from app.deleted_tasks as deleted
      where deleted.user_id = v_user and deleted.version > greatest(v_since.after, v_since.begun)
        and deleted.version <= v_next
        and not exists (select from app.tasks as task where task.user_id = v_user and task.id = deleted.id));
  end if;

  v_token := concat_ws('-', app.epoch(), v_next, case when v_next < v_counts.version then v_since.begun end);
  headers := array['etag', format('W/"%s"', v_token)];
  if v_since.after = v_counts.version and app.etag_matches_weakly(if_none_match, headers[2]) then
    status := 304;
    return;
  end if;
  status := 200;
  response := concat(
    '{"changed":[', array_to_string(v_changed, ','), '],"deleted":', array_to_json(v_deleted),
    ',"next":"', v_token, '","has_more":', (v_next < v_counts.version)::text, '}');
end $$;

comment on function api.list_changes is
  'The user''s tasks that changed and the ids of those that were deleted since the token; without a token, '
  'all tasks.';

grant execute on function api.list_changes to task_api;
-- end db/functions/api/list_changes.sql

-- begin db/functions/api/list_deliveries.sql
-- GET /webhooks/{id}/deliveries, newest first. The cursor is the last delivery of the page before: its time
-- and its id.

create or replace function api.list_deliveries(
  id uuid, state text, "limit" integer, cursor text,
  out status integer, out headers text[], out response text)
returns record
language plpgsql stable
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_before constant text[] := regexp_match(cursor,
    '^([0-9]{1,18})-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$');
  v_webhook constant app.webhooks := app.read_webhook(id, null, null);
  v_delivery record;
  v_items text[] := '{}';
  v_last text;
  v_next text;
begin
  if cursor is not null and v_before is null then
    raise exception 'bad cursor' using errcode = 'DT400', detail = jsonb_build_array(jsonb_build_object(
      'loc', array['query', 'cursor'], 'type', 'cursor_invalid',
      'msg', 'must be next_cursor of the page before'));
  end if;
  for v_delivery in
    select * from app.deliveries as delivery
    where delivery.user_id = v_user and delivery.webhook_id = list_deliveries.id
      and (list_deliveries.state is null or delivery.state = list_deliveries.state)
      and (v_before is null
        or (delivery.created_at, delivery.id) < (app.time_of(v_before[1]::bigint), v_before[2]::uuid))
    order by delivery.created_at desc, delivery.id desc
    limit "limit" + 1
  loop
    if cardinality(v_items) = "limit" then
      -- There is one more than is shown.
      v_next := v_last;
      exit;
    end if;
    v_last := concat(app.version_of(v_delivery.created_at), '-', v_delivery.id);
    v_items := v_items || row_to_json(row(
      v_delivery.id, v_delivery.type, v_delivery.task_id, v_delivery.state, v_delivery.attempts,
      v_delivery.status,
      v_delivery.error, app.render_time(v_delivery.created_at),
      case when v_webhook.paused is null then app.render_time(v_delivery.due_at) end,
      app.render_time(v_delivery.finished_at), v_delivery.payload::json)::app.delivery_document)::text;
  end loop;
  status := 200;
  headers := '{}';
  response := concat(
    '{"items":[', array_to_string(v_items, ','), '],"next_cursor":', coalesce('"' || v_next || '"', 'null'),
    '}');
end $$;

comment on function api.list_deliveries is
  'A page of the deliveries of a webhook, of one state or of all. Raises DT400 for a malformed cursor.';

grant execute on function api.list_deliveries to task_api;
-- end db/functions/api/list_deliveries.sql

-- begin db/functions/api/list_passes.sql
-- GET /passes. At most 20, so there are no pages.

create or replace function api.list_passes(out status integer, out headers text[], out response text)
returns record
language plpgsql stable
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
begin
  status := 200;
  headers := '{}';
  response := '{"items":[' || coalesce((
    select string_agg(
      app.render_pass(pass.id, pass.label, pass.scope, pass.created_at, pass.expires_at, pass.last_used_on),
      ',' order by pass.created_at desc, pass.id)
    from app.passes as pass
    where pass.user_id = v_user), '') || ']}';
end $$;

comment on function api.list_passes is 'The user''s passes, newest first, without their tokens.';

grant execute on function api.list_passes to task_api;
-- end db/functions/api/list_passes.sql

-- begin db/functions/api/list_tasks.sql
-- GET /tasks: the query, the page (find_page), the links (link_pages), the answer.

create or replace function api.list_tasks(
  parameters jsonb, link text, cursor_key text, if_none_match text,
  out status integer, out headers text[], out response text)
returns record
language plpgsql stable
set search_path = ''
-- Each query in here and in what it calls has one plan that fits every user: planning a page anew takes
-- longer than reading it.
set plan_cache_mode = force_generic_plan
as $$
declare
  v_user constant text := app.require_user_id();
  v_cursor jsonb;
  v_typed text;
  v_query app.task_query;
  v_counts app.task_counts;
  v_page record;
  v_next text;
  v_previous text;
  v_links text;
begin
  if parameters -> 'cursor' ->> 0 <> '' then
    v_cursor := app.read_cursor(cursor_key, parameters -> 'cursor' ->> 0, parameters);
    v_typed := v_cursor ->> 'typed';
    parameters := (v_cursor -> 'parameters') || jsonb_build_object(
      'limit', coalesce(nullif(parameters -> 'limit', '[""]'), jsonb_build_array(v_cursor ->> 'limit')));
  end if;
  v_query := app.read_task_query(parameters);

  select * into v_counts from app.task_counts as counts where counts.user_id = v_user;
  status := 200;
  headers := array[
    'etag', format('W/"%s"', md5(concat_ws(' ', v_user, v_counts.version, parameters, v_cursor)))];
  if app.etag_matches_weakly(if_none_match, headers[2]) then
    status := 304;
    return;
  end if;

  v_page := app.find_page(v_query, v_cursor);
  if v_page.suggestion is not null then
    headers := headers || array['search-suggestion', app.encode_uri_component(v_page.suggestion)];
    v_typed := parameters -> 'q' ->> 0;
    parameters := parameters || jsonb_build_object('q', array[v_page.suggestion]);
  end if;

  if v_page.has_next then
    v_next := app.make_cursor(
      cursor_key, parameters, v_typed, v_query.limit, v_page.last_key, v_page.last_id, false);
  end if;
  if v_cursor is null then
    v_links := app.link_pages(
      link, v_query.limit,
      case when v_page.has_next then 'offset=' || v_query.offset + v_query.limit end,
      case when v_query.offset > 0 then 'offset=' || greatest(0, v_query.offset - v_query.limit) end);
  else
    if v_page.has_previous then
      v_previous := app.make_cursor(
        cursor_key, parameters, v_typed, v_query.limit, v_page.first_key, v_page.first_id, true);
    end if;
    v_links := app.link_pages(link, v_query.limit, 'cursor=' || v_next, 'cursor=' || v_previous);
  end if;
  -- Long links repeat a long query. The head of an answer stays below 4 KiB; next_cursor is in the body.
  if octet_length(v_links) <= 1500 then
    headers := headers || array['link', v_links];
  end if;

  response := concat(
    '{"items":[', array_to_string(v_page.documents, ','),
    '],"total":', coalesce(
      v_page.total, app.count_tasks(v_counts, v_query.statuses, v_query.priorities), 0),
    ',"limit":', v_query.limit, ',"offset":', v_query.offset,
    ',"next_cursor":', coalesce(to_json(v_next)::text, 'null'), '}');
end $$;

comment on function api.list_tasks is
  'A page of the user''s tasks. Links begin with link; cursors are signed with cursor_key.';

grant execute on function api.list_tasks to task_api;
-- end db/functions/api/list_tasks.sql

-- begin db/functions/api/list_webhooks.sql
-- GET /webhooks. At most 10, so there are no pages.

create or replace function api.list_webhooks(out status integer, out headers text[], out response text)
returns record
language plpgsql stable
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
begin
  status := 200;
  headers := '{}';
  response := '{"items":[' || coalesce((
    select string_agg(
      app.render_webhook(row(webhook.*)::app.webhooks), ',' order by webhook.created_at desc, webhook.id)
    from app.webhooks as webhook
    where webhook.user_id = v_user), '') || ']}';
end $$;

comment on function api.list_webhooks is 'The user''s webhooks, newest first, without their secrets.';

grant execute on function api.list_webhooks to task_api;
-- end db/functions/api/list_webhooks.sql

-- begin db/functions/api/measure_work.sql
-- Called by the worker, for its metrics.

create or replace function api.measure_work() returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_queue constant record := porter.measure_queue();
begin
  return jsonb_build_object('waiting', v_queue.waiting, 'oldest', greatest(v_queue.oldest, 0));
end $$;

comment on function api.measure_work is
  'How many deliveries wait, and by how many seconds the oldest work is late. For the worker.';

grant execute on function api.measure_work to task_worker;
-- end db/functions/api/measure_work.sql

-- begin db/functions/api/open_pass.sql
-- Called for a request with a pass, before its user is known.

create or replace function api.open_pass(digest bytea) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_pass record;
begin
  select * into v_pass from porter.open_pass(digest);
  if v_pass.user_id is null then
    return 'null';
  end if;
  return jsonb_build_object(
    'user_id', v_pass.user_id, 'id', v_pass.id, 'scope', v_pass.scope,
    'expires_at', extract(epoch from v_pass.expires_at), 'used_today', v_pass.used_today);
end $$;

comment on function api.open_pass is
  'The pass with this digest; expires_at is in seconds since 1970. Null for no valid pass.';

grant execute on function api.open_pass to task_api;
-- end db/functions/api/open_pass.sql

-- begin db/functions/api/read_series.sql
-- A rule that is only being tried, read as the same fields of a task are.

create or replace function api.read_series(body jsonb, lenient boolean) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_known constant text[] := array['due_date', 'recurrence_rule', 'timezone', 'limit'];
  v_limit integer;
  v_member record;
  v_task app.tasks := app.empty_task();
  v_bad text[] := '{}';
  v_fault jsonb;
  v_faults jsonb := '[]';
  -- Reported last, because only the first 20 errors are reported.
  v_unknown jsonb := '[]';
  v_type text;
  v_message text;
begin
  perform app.require_user_id();
  if jsonb_typeof(body) <> 'object' then
    perform app.refuse(
      '', 'object_type', 'must be a JSON object, for example {"recurrence_rule": "FREQ=DAILY"}');
  end if;
  perform app.refuse_unknown_fields(body, v_known, true);
  for v_member in select field, value from jsonb_each(body) as member (field, value) loop
    begin
      perform app.refuse_unknown_fields(jsonb_build_object(v_member.field, v_member.value), v_known, lenient);
      if v_member.field = 'limit' then
        v_limit := app.read_integer(body, 'limit', 1, 100);
      elsif v_member.field in ('due_date', 'recurrence_rule', 'timezone') then
        v_task := app.merge_task(v_task, jsonb_build_object(v_member.field, v_member.value));
      end if;
    exception when sqlstate 'DT400' then
      get stacked diagnostics v_message = message_text, v_type = constraint_name;
      v_bad := v_bad || v_member.field;
      v_fault := jsonb_build_object(
        'loc', array['body', left(v_member.field, 100)], 'msg', v_message, 'type', v_type);
      if v_type = 'unknown_field' then
        v_unknown := v_unknown || v_fault;
      else
        v_faults := v_faults || v_fault;
      end if;
    end;
  end loop;
  if body -> 'recurrence_rule' = 'null' or not body ? 'recurrence_rule' then
    v_faults := v_faults || jsonb_build_object(
      'loc', array['body', 'recurrence_rule'],
      'msg', 'is required, for example FREQ=WEEKLY;BYDAY=MO', 'type', 'missing');
  end if;

  v_faults := v_faults || app.find_rule_faults(v_task, v_bad) || v_unknown;

  return jsonb_build_object(
    'recurrence_rule', v_task.recurrence_rule,
    'timezone', v_task.timezone,
    'is_local', 'due_date' = any(app.local_times(body)),
    'due_date', case when v_faults = '[]' then v_task.due_date at time zone 'UTC' end,
    'limit', v_limit,
    'faults', v_faults);
end $$;

comment on function api.read_series is
  'The due_date, recurrence_rule, timezone and limit of a body, and its errors; is_local: the due_date has '
  'no offset. The service computes the meaning of the rule and the zone.';

grant execute on function api.read_series to task_api;
-- end db/functions/api/read_series.sql

-- begin db/functions/api/retry_deliveries.sql
-- POST /webhooks/{id}/deliveries/{delivery}/retry, and POST /webhooks/{id}/replay {"since": time}: the failed
-- deliveries are sent again, under their old ids.

create or replace function api.retry_deliveries(
  id uuid, delivery uuid, body jsonb, out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  c_max_deliveries constant integer := 1000;
  v_user constant text := app.require_user_id();
  v_webhook app.webhooks;
  v_now constant timestamptz := now();
  v_due timestamptz;
  v_since timestamptz := '-infinity';
  v_ids uuid[] := array[delivery];
  v_count integer;
begin
  perform app.lock_user();
  perform app.read_webhook(id, null, null);
  select * into v_webhook from app.webhooks as webhook
  where webhook.user_id = v_user and webhook.id = retry_deliveries.id
  for no key update;
  if delivery is null then
    perform app.refuse_unknown_fields(body, array['since'], false);
    v_since := app.read_time(body, 'since');
    if v_since is null then
      perform app.refuse('since', 'missing', 'is required: a time, for example 2026-01-10T17:00:00Z');
    end if;
    v_ids := array(
      select failed.id from app.deliveries as failed
      where failed.user_id = v_user and failed.webhook_id = v_webhook.id and failed.state = 'failed'
        and failed.created_at >= v_since
      order by failed.created_at
      limit c_max_deliveries);
  end if;
  if v_webhook.waiting >= 2 * app.max_waiting() then
    raise exception 'too many deliveries wait' using errcode = 'DT4TM';
  end if;
  update app.deliveries as failed
  set state = 'waiting', attempts = 0, claimed = false, finished_at = null,
    due_at = v_now
  where failed.user_id = v_user and failed.webhook_id = v_webhook.id and failed.id = any(v_ids)
    and failed.state = 'failed';
  get diagnostics v_count = row_count;
  if delivery is not null and v_count = 0 then
    raise exception 'no such failed delivery' using errcode = 'DT404';
  end if;
  if v_webhook.paused is null then
    v_due := app.next_due(v_webhook.id);
  end if;
  update app.webhooks as webhook
  set due_at = v_due, waiting = webhook.waiting + v_count
  where webhook.user_id = v_user and webhook.id = v_webhook.id;
  status := 202;
  headers := '{}';
  response := concat('{"count":', v_count, '}');
end $$;

comment on function api.retry_deliveries is
  'Sends a failed delivery again, or those since a time, at most 1,000. Raises DT404 where the delivery has '
  'not failed.';

grant execute on function api.retry_deliveries to task_api;
-- end db/functions/api/retry_deliveries.sql

-- begin db/functions/api/rotate_secret.sql
-- POST /webhooks/{id}/secret. For a day the previous secret signs as well.

create or replace function api.rotate_secret(
  id uuid, out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_generation integer;
begin
  perform app.lock_user();
  perform app.read_webhook(id, null, null);
  update app.webhooks as webhook
  set generation = webhook.generation + 1, rotated_at = now(),
    updated_at = greatest(now(), app.time_of(app.version_of(webhook.updated_at) + 1))
  where webhook.user_id = v_user and webhook.id = rotate_secret.id
  returning webhook.generation into v_generation;
  status := 200;
  headers := '{}';
  response := concat('{"id":"', id, '","generation":', v_generation, '}');
end $$;

comment on function api.rotate_secret is
  'Begins a new signing secret; the service derives it from the generation in the response.';

grant execute on function api.rotate_secret to task_api;
-- end db/functions/api/rotate_secret.sql

-- begin db/functions/api/take_delivery.sql
-- Called by the worker, as the user of the delivery. The claim is by compare-and-set on due_at and ends after
-- 60 seconds, so no lock is held while the request runs, and a worker that dies loses nothing. An event waits
-- for the earlier ones of its task and webhook; finish_delivery wakes it. The webhook has had its turn, and
-- goes to the end of the line of porter.find_due.

create or replace function api.take_delivery(id uuid, at bigint, webhook_id uuid) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  -- Bytes of a body of the user's own, when it is filled in. An event is smaller.
  c_max_body constant integer := 65536;
  v_user constant text := app.require_user_id();
  v_at constant timestamptz := app.time_of(at);
  v_claim constant timestamptz := now() + interval '60 seconds';
  v_delivery app.deliveries;
  v_earlier timestamptz;
  v_webhook app.webhooks;
  v_next timestamptz;
  v_body text;
begin
  select * into v_webhook from app.webhooks as webhook
  where webhook.user_id = v_user and webhook.id = take_delivery.webhook_id
  for no key update;
  if not found or v_webhook.paused is not null then
    return 'null';
  end if;
  select * into v_delivery from app.deliveries as delivery
  where delivery.user_id = v_user and delivery.id = take_delivery.id and delivery.due_at = v_at
    and delivery.webhook_id = v_webhook.id;
  if not found and id is not null then
    return 'null';
  end if;
  if v_delivery.type not in ('task.reminder', 'test') then
    select min(earlier.due_at) into v_earlier from app.deliveries as earlier
    where earlier.user_id = v_user and earlier.webhook_id = v_delivery.webhook_id
      and earlier.task_id = v_delivery.task_id
      and earlier.number < v_delivery.number and earlier.state = 'waiting'
      and earlier.type <> 'task.reminder';
  end if;
  if v_earlier is not null then
    v_earlier := greatest(v_earlier, now()) + interval '1 second';
    update app.deliveries as delivery
    set due_at = v_earlier
    where delivery.user_id = v_user and delivery.id = v_delivery.id;
  else
    update app.deliveries as delivery
    set due_at = v_claim, claimed = true, attempts = delivery.attempts + 1
    where delivery.user_id = v_user and delivery.id = v_delivery.id
    returning * into v_delivery;
  end if;
  v_next := app.next_due(v_webhook.id);
  update app.webhooks as webhook
  set due_at = v_next
  where webhook.user_id = v_user and webhook.id = v_webhook.id;
  if v_delivery.id is null or v_earlier is not null then
    return 'null';
  end if;
  v_body := v_delivery.payload;
  if v_webhook.body is not null then
    v_body := app.fill_template(v_webhook.body,
      app.template_values(v_delivery.payload::jsonb, v_webhook.timezone))::text;
    if octet_length(v_body) > c_max_body then
      v_body := null;
    end if;
  end if;
  return jsonb_build_object(
    'url', v_webhook.url,
    'webhook_id', v_webhook.id,
    'headers', v_webhook.headers,
    'generations', case when v_webhook.rotated_at > now() - interval '24 hours'
      then array[v_webhook.generation, v_webhook.generation - 1] else array[v_webhook.generation] end,
    'type', v_delivery.type,
    'attempts', v_delivery.attempts,
    'body', v_body);
end $$;

comment on function api.take_delivery is
  'Claims a delivery for 60 seconds and returns the request to send; its body is null where it would be too '
  'large. Null where the delivery is no longer due. For the worker.';

grant execute on function api.take_delivery to task_worker;
-- end db/functions/api/take_delivery.sql

-- begin db/functions/api/take_token.sql
-- The rate limit (RATE_LIMIT): a token bucket for each user, shared by all who serve. One row of two values a
-- user, which says the same as no row once its time has passed, so it is never removed. Unlogged: nothing is
-- written to the log for it, and after a crash every bucket is full.

create or replace function api.take_token(requests integer, seconds integer, cost integer) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  -- Microseconds, which are added without a time zone.
  v_now constant bigint := app.version_of(clock_timestamp());
  v_window constant bigint := seconds * 1000000::bigint;
  v_taken constant bigint := v_window * cost / requests;
  v_full_at bigint;
  v_remaining integer := -1;
  v_wait bigint;
begin
  insert into app.token_buckets as bucket (full_at) values (v_now + v_taken)
  on conflict (user_id) do update
  set full_at = greatest(bucket.full_at, v_now) + v_taken
  where greatest(bucket.full_at, v_now) + v_taken <= v_now + v_window
  returning bucket.full_at into v_full_at;

  if found then
    v_wait := v_full_at - v_now;
    v_remaining := (v_window - v_wait) * requests / v_window;
  else
    select bucket.full_at + v_taken - v_window - v_now into v_wait
    from app.token_buckets as bucket
    where bucket.user_id = v_user;
  end if;
  return jsonb_build_object('remaining', v_remaining, 'wait', round(v_wait / 1000000.0, 3));
end $$;

comment on function api.take_token is
  'Takes cost tokens from the user''s bucket. remaining: the tokens that are left, or -1 where there were '
  'too few; wait: the seconds until the bucket is full, or has enough.';

grant execute on function api.take_token to task_api;
-- end db/functions/api/take_token.sql

-- begin db/functions/api/test_webhook.sql
-- POST /webhooks/{id}/test. For a paused webhook the test waits with its other deliveries. One test waits at
-- most: asked again, it is that one, and is sent now.

create or replace function api.test_webhook(
  id uuid, out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_now constant timestamptz := now();
  v_webhook app.webhooks;
  v_task app.tasks := app.empty_task();
  v_delivery uuid;
  v_due timestamptz;
begin
  perform app.lock_user();
  perform app.read_webhook(id, null, null);
  select * into v_webhook from app.webhooks as webhook
  where webhook.user_id = v_user and webhook.id = test_webhook.id
  for no key update;
  select waiting.id into v_delivery from app.deliveries as waiting
  where waiting.user_id = v_user and waiting.webhook_id = v_webhook.id and waiting.state = 'waiting'
    and waiting.task_id is null;
  if found then
    update app.deliveries as waiting
    set due_at = v_now
    where waiting.user_id = v_user and waiting.id = v_delivery and not waiting.claimed;
    if v_webhook.paused is null then
      v_due := app.next_due(v_webhook.id);
    end if;
    update app.webhooks as webhook
    set due_at = v_due
    where webhook.user_id = v_user and webhook.id = v_webhook.id;
  else
    v_task.id := gen_random_uuid();
    v_task.user_id := v_user;
    v_task.title := 'A test of your webhook';
    v_task.created_at := date_trunc('second', v_now);
    v_task.updated_at := v_task.created_at;
    v_task.due_date := v_task.created_at + interval '1 hour';
    v_task.reminder_at := v_task.created_at;
    insert into app.deliveries (webhook_id, type, number, payload)
    values (v_webhook.id, 'test', 0, app.render_event('test', v_now, 0, app.render_task(v_task)))
    returning deliveries.id into v_delivery;
    perform app.add_waiting(v_user, v_webhook.id);
  end if;
  status := 202;
  headers := '{}';
  response := concat('{"id":"', v_delivery, '"}');
end $$;

comment on function api.test_webhook is
  'Sends an event of the type test to a webhook; if one waits, that one.';

grant execute on function api.test_webhook to task_api;
-- end db/functions/api/test_webhook.sql

-- begin db/functions/api/toggle_task.sql
-- POST /tasks/{id}/toggle.

create or replace function api.toggle_task(
  id uuid, body jsonb, lenient boolean, if_match text, if_none_match text, answer jsonb, idempotency_key text,
  out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user text := app.require_user_id();
  v_request text;
  v_old app.tasks;
  v_new app.tasks;
  v_saved record;
  v_successor app.tasks;
begin
  if idempotency_key is not null then
    v_request := concat_ws(' ', 'toggle', id, app.hash_body(body));
    select * into status, headers, response from app.recall_answer(idempotency_key, v_request);
    if status is not null then
      return;
    end if;
  end if;

  v_user := app.lock_user();
  v_old := app.read_task(id, if_match, if_none_match);
  body := app.refuse_unknown_fields(body, array['completed', 'catch_up'], lenient);
  v_new := v_old;
  v_new.completed := coalesce(app.read_boolean(body, 'completed'), not v_old.completed);
  v_saved := app.save_task(
    v_old, v_new, coalesce(app.read_boolean(body, 'catch_up'), false), null, answer);
  if v_saved.question is not null then
    response := v_saved.question;
    return;
  end if;
  -- Where it was completed before, the answer is what it was then: a retry is safe.
  v_successor := v_saved.successor;
  if v_new.completed and v_successor.id is null then
    v_successor := app.find_successor(v_user, v_old.id);
  end if;
  v_new := v_saved.task;
  status := 200;
  headers := array['etag', format('"%s"', v_new.version)];
  response := concat(
    '{"task":', app.render_task(v_new),
    ',"new_task":', case when v_successor.id is null then 'null' else app.render_task(v_successor) end, '}');

  if idempotency_key is not null then
    perform app.remember_answer(idempotency_key, v_request, status, headers, response);
  end if;
end $$;

comment on function api.toggle_task is
  'Flips or sets whether a task is completed; a recurring one then has a successor. Without a status, the '
  'response is a question about the rule.';

grant execute on function api.toggle_task to task_api;
-- end db/functions/api/toggle_task.sql

-- begin db/functions/api/update_task.sql
-- PUT and PATCH /tasks/{id}.

create or replace function api.update_task(
  id uuid, body jsonb, lenient boolean, if_match text, if_none_match text, answer jsonb,
  out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.lock_user();
  v_old app.tasks;
  v_saved record;
  v_new app.tasks;
begin
  v_old := app.read_task(id, if_match, if_none_match);
  v_new := app.merge_task(v_old, app.refuse_unknown_fields(body, app.task_fields(), lenient));
  v_saved := app.save_task(v_old, v_new, false, body, answer);
  if v_saved.question is not null then
    response := v_saved.question;
    return;
  end if;
  status := 200;
  v_new := v_saved.task;
  headers := array['etag', format('"%s"', v_new.version)];
  response := app.render_task(v_new);
end $$;

comment on function api.update_task is
  'Changes the fields of a task that the body has (RFC 7396). Without a status, the response is a question '
  'about the rule.';

grant execute on function api.update_task to task_api;
-- end db/functions/api/update_task.sql

-- begin db/functions/api/update_webhook.sql
-- PATCH /webhooks/{id}. {"paused": null} lets what waited go on.

create or replace function api.update_webhook(
  id uuid, body jsonb, plain boolean, lenient boolean, if_match text, if_none_match text,
  out status integer, out headers text[], out response text)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_old app.webhooks;
  v_new app.webhooks;
begin
  perform app.lock_user();
  v_old := app.read_webhook(id, if_match, if_none_match);
  v_new := app.merge_webhook(v_old, body, plain, lenient);
  if v_new is distinct from v_old then
    if v_new.paused is null then
      v_new.failing_since := null;
    end if;
    v_new.updated_at := greatest(clock_timestamp(), v_old.updated_at + interval '1 microsecond');
    update app.webhooks as webhook
    set url = v_new.url, label = v_new.label, events = v_new.events, headers = v_new.headers,
      body = v_new.body, timezone = v_new.timezone, paused = v_new.paused,
      failing_since = v_new.failing_since, updated_at = v_new.updated_at,
      -- A paused webhook has no turns.
      due_at = case when v_new.paused is null then webhook.due_at end
    where webhook.user_id = v_user and webhook.id = v_old.id;
    if v_old.paused is not null and v_new.paused is null then
      perform app.resume_webhook(v_old.id);
    end if;
  end if;
  status := 200;
  headers := array['etag', format('"%s"', app.version_of(v_new.updated_at))];
  response := app.render_webhook(v_new);
end $$;

comment on function api.update_webhook is
  'Changes the fields of a webhook that the body has (RFC 7396); pauses it, or lets it go on.';

grant execute on function api.update_webhook to task_api;
-- end db/functions/api/update_webhook.sql

-- begin db/functions/api/use_pass.sql
-- The day of a pass's last use. Called for the first request of a day only.

create or replace function api.use_pass(id uuid) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_today constant date := (now() at time zone 'UTC')::date;
begin
  update app.passes as pass
  set last_used_on = v_today
  where pass.user_id = v_user and pass.id = use_pass.id and pass.last_used_on is distinct from v_today;
  return to_jsonb(found);
end $$;

comment on function api.use_pass is
  'Records today as the day of the pass''s last use; true if it was another day before.';

grant execute on function api.use_pass to task_api;
-- end db/functions/api/use_pass.sql

-- begin db/functions/api/watch_changes.sql
-- GET /events. Each user's number is read as that user, under row-level security; at the end no user is set.
-- So many streams cost one statement a second, and nothing looks past row-level security.

create or replace function api.watch_changes(users jsonb) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_user text;
  v_versions bigint[] := '{}';
begin
  for v_user in select name from jsonb_array_elements_text(users) with ordinality as watched (name, place)
    order by place loop
    perform set_config('app.user_id', v_user, true);
    v_versions := v_versions || coalesce((
      select counts.version from app.task_counts as counts where counts.user_id = v_user), 0);
  end loop;
  perform set_config('app.user_id', '', true);
  return jsonb_build_object('epoch', app.epoch(), 'versions', v_versions);
end $$;

comment on function api.watch_changes is
  'The number of the last change of each of the users, in their order: {"epoch", "versions"}. For the '
  'service''s own use.';

grant execute on function api.watch_changes to task_api;
-- end db/functions/api/watch_changes.sql

reset role;

-- migrate:down

set local role task_owner;

-- drop db/functions/api/watch_changes.sql
drop function api.watch_changes;

-- drop db/functions/api/use_pass.sql
drop function api.use_pass;

-- drop db/functions/api/update_webhook.sql
drop function api.update_webhook;

-- drop db/functions/api/update_task.sql
drop function api.update_task;

-- drop db/functions/api/toggle_task.sql
drop function api.toggle_task;

-- drop db/functions/api/test_webhook.sql
drop function api.test_webhook;

-- drop db/functions/api/take_token.sql
drop function api.take_token;

-- drop db/functions/api/take_delivery.sql
drop function api.take_delivery;

-- drop db/functions/api/rotate_secret.sql
drop function api.rotate_secret;

-- drop db/functions/api/retry_deliveries.sql
drop function api.retry_deliveries;

-- drop db/functions/api/read_series.sql
drop function api.read_series;

-- drop db/functions/api/open_pass.sql
drop function api.open_pass;

-- drop db/functions/api/measure_work.sql
drop function api.measure_work;

-- drop db/functions/api/list_webhooks.sql
drop function api.list_webhooks;

-- drop db/functions/api/list_tasks.sql
drop function api.list_tasks;

-- drop db/functions/api/list_passes.sql
drop function api.list_passes;

-- drop db/functions/api/list_deliveries.sql
drop function api.list_deliveries;

-- drop db/functions/api/list_changes.sql
drop function api.list_changes;

-- drop db/functions/api/get_webhook.sql
drop function api.get_webhook;

-- drop db/functions/api/get_task.sql
drop function api.get_task;

-- drop db/functions/api/get_series.sql
drop function api.get_series;

-- drop db/functions/api/forget_user.sql
drop function api.forget_user;

-- drop db/functions/api/fire_reminder.sql
drop function api.fire_reminder;

-- drop db/functions/api/finish_delivery.sql
drop function api.finish_delivery;

-- drop db/functions/api/find_work.sql
drop function api.find_work;

-- drop db/functions/api/find_task_faults.sql
drop function api.find_task_faults;

-- drop db/functions/api/find_batch_faults.sql
drop function api.find_batch_faults;

-- drop db/functions/api/describe_tasks.sql
drop function api.describe_tasks;

-- drop db/functions/api/delete_webhook.sql
drop function api.delete_webhook;

-- drop db/functions/api/delete_task.sql
drop function api.delete_task;

-- drop db/functions/api/delete_pass.sql
drop function api.delete_pass;

-- drop db/functions/api/create_webhook.sql
drop function api.create_webhook;

-- drop db/functions/api/create_task.sql
drop function api.create_task;

-- drop db/functions/api/create_pass.sql
drop function api.create_pass;

-- drop db/functions/api/check_worker.sql
drop function api.check_worker;

-- drop db/functions/api/check_readiness.sql
drop function api.check_readiness;

-- drop db/functions/api/change_tasks.sql
drop function api.change_tasks;

reset role;
