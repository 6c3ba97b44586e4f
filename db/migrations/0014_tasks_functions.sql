-- migrate:up

-- A copy of db/functions/tasks, written by make functions: change it there.

set local role task_owner;

-- begin db/functions/tasks/check_batch.sql
-- The form of a batch, without its operations. Their number is looked at before any of them.

create or replace function app.check_batch(body jsonb, lenient boolean) returns void
language plpgsql stable
set search_path = ''
as $$
declare
  c_max_operations constant integer := 100;
  v_operations constant jsonb := body -> 'operations';
begin
  perform app.refuse_unknown_fields(body, array['operations'], lenient);
  if v_operations is null then
    perform app.refuse('operations', 'missing', 'is required: an array of 1 to 100 operations');
  elsif jsonb_typeof(v_operations) <> 'array' then
    perform app.refuse('operations', 'array_type', 'must be an array of 1 to 100 operations');
  elsif jsonb_array_length(v_operations) not between 1 and c_max_operations then
    perform app.refuse('operations', 'batch_size', 'must have 1 to 100 operations');
  end if;
end $$;

comment on function app.check_batch is
  'Raises DT400 where the body of a batch is no object with 1 to 100 operations.';

grant execute on function app.check_batch to task_api;
-- end db/functions/tasks/check_batch.sql

-- begin db/functions/tasks/describe_rules.sql
-- Part of the OpenAPI document: see describe_tasks.

create or replace function app.describe_rules(definitions text[]) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  v_rules constant text := array_to_string(definitions, E'\n');
begin
  -- As pg_get_constraintdef writes them; "between" has become ">= … and <= …".
  return jsonb_strip_nulls(jsonb_build_object(
    'minLength', substring(v_rules from 'char_length\([^)]+\) >= ([0-9]+)')::integer,
    'maxLength', substring(v_rules from 'char_length\([^)]+\) <= ([0-9]+)')::integer,
    'maxItems', substring(v_rules from 'cardinality\(.+\) <= ([0-9]+)')::integer,
    'pattern',
    '^[^' || substring(v_rules from $pattern$(?i)position"?\(.*'(.)'::text.*\) = 0$pattern$) || ']*$',
    'enum', nullif(array(
      select value[1]
      from regexp_matches(substring(v_rules from '= ANY \(ARRAY\[(.+)\]\)'),
        $pattern$'([^']+)'::text$pattern$, 'g') as value),
      '{}')));
end $$;

comment on function app.describe_rules is 'What the definitions of check constraints mean in JSON Schema.';

grant execute on function app.describe_rules to task_api;
-- end db/functions/tasks/describe_rules.sql

-- begin db/functions/tasks/describe_type.sql
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
-- end db/functions/tasks/describe_type.sql

-- begin db/functions/tasks/empty_task.sql
-- A new task is the empty one with the fields of the body: create and update share merge_task, and so their
-- rules.

create or replace function app.empty_task() returns app.tasks
language plpgsql stable parallel safe
set search_path = ''
as $$
declare
  v_task app.tasks;
begin
  v_task.completed := false;
  v_task.priority := 'Medium';
  v_task.tags := '{}';
  v_task.is_recurring := false;
  v_task.series_index := 1;
  return v_task;
end $$;

comment on function app.empty_task is 'A new task before it has any field: the table''s defaults.';

grant execute on function app.empty_task to task_api;
-- end db/functions/tasks/empty_task.sql

-- begin db/functions/tasks/find_operation_faults.sql
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
-- end db/functions/tasks/find_operation_faults.sql

-- begin db/functions/tasks/find_rule_faults.sql
-- Part of find_task_faults, read_series and create_pass: a table's constraints, tried one by one.

create or replace function app.find_rule_faults("row" anyelement, except_fields text[]) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_constraint record;
  v_holds boolean;
  v_faults jsonb := '[]';
begin
  for v_constraint in
    select
      pg_get_expr(rule.conbin, rule.conrelid) as expression,
      obj_description(rule.oid, 'pg_constraint') as comment,
      attribute.attname::text as field
    from pg_constraint as rule
    join pg_attribute as attribute on attribute.attrelid = rule.conrelid and attribute.attnum = rule.conkey[1]
    where rule.conrelid = pg_typeof("row")::text::regclass and rule.contype = 'c'
      and attribute.attname <> all(except_fields)
    order by attribute.attnum
  loop
    execute format('select %s from (select ($1).*) as checked',
      v_constraint.expression) into v_holds using "row";
    if not v_holds then
      v_faults := v_faults || jsonb_build_object(
        'loc', array['body', v_constraint.field],
        'msg', substring(v_constraint.comment from ': (.*)'),
        'type', split_part(v_constraint.comment, ': ', 1));
    end if;
  end loop;
  return v_faults;
end $$;

comment on function app.find_rule_faults is
  'The constraints of its table that the row breaks, but for those of fields that are known to be bad.';

grant execute on function app.find_rule_faults to task_api;
-- end db/functions/tasks/find_rule_faults.sql

-- begin db/functions/tasks/find_successor.sql
-- A task has at most one successor (the index tasks_one_successor): completing it again returns that one.

create or replace function app.find_successor(user_id text, id uuid) returns app.tasks
language plpgsql stable
set search_path = ''
as $$
declare
  v_successor app.tasks;
begin
  select * into v_successor from app.tasks as task
  where task.user_id = find_successor.user_id and task.predecessor_id = find_successor.id;
  return v_successor;
end $$;

comment on function app.find_successor is 'The task that the completion of this one made, or null.';

grant execute on function app.find_successor to task_api;
-- end db/functions/tasks/find_successor.sql

-- begin db/functions/tasks/insert_successor.sql
-- The next task of a series, made in the transaction that completes the one before it. save_task calls it.

create or replace function app.insert_successor(task app.tasks, next jsonb) returns app.tasks
language plpgsql volatile
set search_path = ''
as $$
begin
  task.predecessor_id := task.id;
  task.id := null;
  task.completed := false;
  task.due_date := (next ->> 'due_date')::timestamptz;
  task.reminder_at := (next ->> 'reminder_at')::timestamptz;
  task.series_start := (next ->> 'series_start')::timestamptz;
  task.series_index := (next ->> 'series_index')::integer;
  return app.insert_task(task);
end $$;

comment on function app.insert_successor is
  'Inserts the next task of a series, after a recurring task is completed.';

grant execute on function app.insert_successor to task_api;
-- end db/functions/tasks/insert_successor.sql

-- begin db/functions/tasks/insert_task.sql
-- The one insert of tasks. user_id is written by its default. Nothing is returned by the insert, which would
-- read the row under its policies: the task is what was inserted, but for title_key.

create or replace function app.insert_task(task app.tasks) returns app.tasks
language plpgsql volatile
set search_path = ''
as $$
begin
  -- The number is taken for the task as it is going to be: a webhook may be sent it.
  task.user_id := app.user_id();
  task.id := coalesce(task.id, gen_random_uuid());
  task.created_at := null;
  task.version := keeper.take_number(null, task);
  task.created_at := app.time_of(task.version);
  task.updated_at := task.created_at;
  insert into app.tasks (
    id, title, description, completed, priority, tags, due_date, reminder_at, is_recurring, recurrence_rule,
    timezone, created_at, updated_at, version, predecessor_id, series_start, series_index)
  values (
    task.id, task.title, task.description, task.completed, task.priority, task.tags,
    task.due_date, task.reminder_at, task.is_recurring, task.recurrence_rule, task.timezone, task.created_at,
    task.updated_at, task.version, task.predecessor_id, task.series_start, task.series_index);
  return task;
end $$;

comment on function app.insert_task is
  'Inserts a task for the user; raises 23505 where the user has one with its id.';

grant execute on function app.insert_task to task_api;
-- end db/functions/tasks/insert_task.sql

-- begin db/functions/tasks/lock_user.sql
-- All writes of a user through the service form one line, so that none can wait for another in a circle, and
-- what one has read stays as it was until it has written. Users never wait for each other, but where two ids
-- have one hash.
--
-- It returns something, so that it can be assigned: "perform" is a query of its own.

create or replace function app.lock_user() returns text
language sql volatile
return case
  when pg_advisory_xact_lock(hashtextextended(app.require_user_id(), 0)) is not null then app.user_id()
end;

comment on function app.lock_user is
  'Makes the other writes of the present user wait until this transaction ends; returns the user.';

grant execute on function app.lock_user to task_api, task_worker;
-- end db/functions/tasks/lock_user.sql

-- begin db/functions/tasks/merge_task.sql
-- RFC 7396: a field that is missing stays, null clears one that may be null, any other value replaces. The
-- same function makes a new task, out of the empty one, and changes an old one; the table's constraints judge
-- the outcome.

create or replace function app.merge_task(task app.tasks, patch jsonb) returns app.tasks
language plpgsql stable parallel safe
set search_path = ''
as $$
begin
  if patch ? 'title' then
    task.title := app.trim_text(app.read_text(patch, 'title'));
  end if;
  if patch ? 'description' then
    task.description := app.read_text(patch, 'description');
  end if;
  if patch ? 'completed' then
    task.completed := app.read_boolean(patch, 'completed');
  end if;
  if patch ? 'priority' then
    task.priority := initcap(app.read_text(patch, 'priority'));
  end if;
  if patch ? 'tags' then
    task.tags := app.read_tags(patch, 'tags');
  end if;
  if patch ? 'due_date' then
    task.due_date := app.read_time(patch, 'due_date');
  end if;
  if patch ? 'reminder_at' then
    task.reminder_at := app.read_time(patch, 'reminder_at');
  end if;
  if patch ? 'is_recurring' then
    task.is_recurring := app.read_boolean(patch, 'is_recurring');
  end if;
  if patch ? 'recurrence_rule' then
    task.recurrence_rule := app.read_text(patch, 'recurrence_rule');
  end if;
  if patch ? 'timezone' then
    task.timezone := app.read_text(patch, 'timezone');
  end if;
  return task;
end $$;

comment on function app.merge_task is
  'The task with the fields of the patch; raises DT400 where one has the wrong type. Other members of the '
  'patch are left alone.';

grant execute on function app.merge_task to task_api;
-- end db/functions/tasks/merge_task.sql

-- begin db/functions/tasks/number_task.sql
-- Direct SQL writes no version. keeper.count_task, whose triggers come first, has taken a number for the
-- change.

create or replace function app.number_task() returns trigger
language plpgsql volatile
set search_path = ''
as $$
declare
  v_version constant bigint := (
    select counts.version from app.task_counts as counts where counts.user_id = new.user_id);
  v_updated_at constant timestamptz := app.time_of(v_version);
begin
  update app.tasks as task set version = v_version, updated_at = v_updated_at
  where task.user_id = new.user_id and task.id = new.id;
  return null;
end $$;

comment on function app.number_task is 'Gives a change by direct SQL its number, as version and updated_at.';
-- end db/functions/tasks/number_task.sql

-- begin db/functions/tasks/read_task.sql
-- A task as a write begins from it: see lock_user.

create or replace function app.read_task(id uuid, if_match text, if_none_match text) returns app.tasks
language plpgsql stable
set search_path = ''
as $$
declare
  v_user constant text := app.require_user_id();
  v_task app.tasks;
begin
  select * into v_task from app.tasks as task where task.user_id = v_user and task.id = read_task.id;
  if not found then
    raise exception 'no such task' using errcode = 'DT404';
  end if;
  if not app.preconditions_hold(if_match, if_none_match, v_task.version) then
    raise exception 'a precondition of the request does not hold' using errcode = 'DT412';
  end if;
  return v_task;
end $$;

comment on function app.read_task is
  'The user''s task; raises DT404 where there is none, and DT412 where If-Match or If-None-Match does not '
  'hold.';

grant execute on function app.read_task to task_api;
-- end db/functions/tasks/read_task.sql

-- begin db/functions/tasks/render_refusal.sql
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
-- end db/functions/tasks/render_refusal.sql

-- begin db/functions/tasks/render_result.sql
-- One result of a batch. headers are names and values by turns, as the api functions answer them.

create or replace function app.render_result(status integer, headers text[], response text) returns text
language sql immutable parallel safe
return concat(
  '{"status":', status,
  ',"etag":' || to_json(case when headers[1] = 'etag' then headers[2] end)::text,
  ',"location":' || to_json(case when headers[3] = 'location' then headers[4] end)::text,
  ',"body":' || response, '}');

comment on function app.render_result is
  'The result of an operation that was done; without a response it has no body.';

grant execute on function app.render_result to task_api;
-- end db/functions/tasks/render_result.sql

-- begin db/functions/tasks/render_time.sql
-- Part of render_task.

create or replace function app.render_time(moment timestamptz) returns text
language sql stable parallel safe
-- A fraction of a second only where there is one.
return replace((moment at time zone 'UTC')::text, ' ', 'T') || 'Z';

comment on function app.render_time is 'A time of RFC 3339 in UTC.';

grant execute on function app.render_time to task_api, task_worker, task_keeper;
-- end db/functions/tasks/render_time.sql

-- begin db/functions/tasks/render_task.sql
-- The JSON of a task, in the one place where its form is decided: names, order, and how times are written.
-- One expression, so that it becomes part of the query that calls it.

create or replace function app.render_task(task app.tasks) returns text
language sql stable parallel safe
return row_to_json(row(
  task.id, task.user_id, task.title, task.description, task.completed, task.priority, task.tags,
  app.render_time(task.due_date), app.render_time(task.reminder_at), task.is_recurring, task.recurrence_rule,
  task.timezone,
  app.render_time(task.created_at), app.render_time(task.updated_at)
)::app.task_document)::text;

comment on function app.render_task is 'A task as the JSON that a client reads.';

grant execute on function app.render_task to task_api, task_worker, task_keeper;
-- end db/functions/tasks/render_task.sql

-- begin db/functions/tasks/run_operation.sql
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
-- end db/functions/tasks/run_operation.sql

-- begin db/functions/tasks/save_task.sql
-- Every write of a task goes through this function. What a rule means is computed by the service (RFC 5545),
-- and no transaction may be open meanwhile. So where save_task lacks an answer that depends on what is
-- stored, it saves nothing and returns the question; the service calls again with the answer, which counts
-- while the task has the version that the answer was computed from.
--
-- body has the fields that a client wrote. A time without an offset is read as UTC at first; the answer has
-- what it means in the zone.
--
-- Most tasks have neither rule nor zone: for them nothing is asked.
--
-- The answer: due_date and reminder_at, in UTC, where they have no offset; timezone and recurrence_rule, in
-- normal form, where the body has them; checked, where the rule was checked against a due date and a zone
-- that are the body's; next, the successor; version, that of the task in the question.

create or replace function app.save_task(
  old app.tasks, new app.tasks, catch_up boolean, body jsonb, answer jsonb,
  out task app.tasks, out successor app.tasks, out question jsonb)
returns record
language plpgsql volatile
set search_path = ''
as $$
declare
  v_current boolean;
  v_completes boolean := false;
  v_local_times text[];
  v_asked text[];
  -- The next occurrence is asked for when they are.
  v_times_known boolean;
begin
  if coalesce(new.recurrence_rule, new.timezone, old.recurrence_rule, old.timezone) is not null then
    v_current := coalesce(
      answer ? 'version' and (answer ->> 'version')::bigint is not distinct from old.version, false);
    v_completes := new.completed and not coalesce(old.completed, true)
      and new.is_recurring and new.recurrence_rule is not null;
    v_asked := '{}';
    -- As they are stored: a rule in upper case, without "RRULE:"; a zone as the tz database spells it.
    new.recurrence_rule := coalesce(answer ->> 'recurrence_rule', new.recurrence_rule);
    new.timezone := coalesce(answer ->> 'timezone', new.timezone);
    if new.timezone is not null then
      v_local_times := app.local_times(body);
      if 'due_date' = any(v_local_times) then
        if (answer ? 'due_date' and (v_current or answer ? 'timezone')) is true then
          new.due_date := coalesce((answer ->> 'due_date')::timestamptz, new.due_date);
        else
          v_asked := v_asked || 'due_date'::text;
        end if;
      end if;
      if 'reminder_at' = any(v_local_times) then
        if (answer ? 'reminder_at' and (v_current or answer ? 'timezone')) is true then
          new.reminder_at := coalesce((answer ->> 'reminder_at')::timestamptz, new.reminder_at);
        else
          v_asked := v_asked || 'reminder_at'::text;
        end if;
      end if;
    end if;
    v_times_known := v_asked = '{}';
    if (new.due_date, new.recurrence_rule, new.timezone)
      is distinct from (old.due_date, old.recurrence_rule, old.timezone)
    then
      new.series_start := null;
      new.series_index := 1;
    end if;

    if new.timezone is distinct from old.timezone and new.timezone is not null
      and (answer ? 'timezone') is not true
    then
      v_asked := v_asked || 'timezone'::text;
    end if;
    if new.recurrence_rule is distinct from old.recurrence_rule and new.recurrence_rule is not null
      and (answer ? 'recurrence_rule' and (v_current or answer @> '{"checked": true}')) is not true
    then
      v_asked := v_asked || 'recurrence_rule'::text;
    end if;
    if v_completes and v_times_known then
      successor := app.find_successor(old.user_id, old.id);
      if successor.id is null and (answer ? 'next' and v_current) is not true then
        v_asked := v_asked || 'next'::text;
      end if;
    end if;
    if v_asked <> '{}' then
      question := jsonb_build_object(
        'asked', v_asked,
        'version', old.version,
        'recurrence_rule', new.recurrence_rule,
        'timezone', new.timezone,
        'due_date', new.due_date at time zone 'UTC',
        'reminder_at', new.reminder_at at time zone 'UTC',
        'series_start', coalesce(new.series_start, new.due_date) at time zone 'UTC',
        'series_index', new.series_index,
        'catch_up', catch_up);
      return;
    end if;
  end if;

  if old.id is null then
    task := app.insert_task(new);
  elsif new is not distinct from old then
    task := old;
  else
    task := app.update_task(old, new);
  end if;
  if v_completes and successor.id is null and jsonb_typeof(answer -> 'next') = 'object' then
    successor := app.insert_successor(task, answer -> 'next');
  end if;
  if old.completed and not new.completed then
    -- Reopened: its successor goes, if nobody has touched it.
    delete from app.tasks as next
    where next.user_id = old.user_id and next.predecessor_id = old.id and next.updated_at = next.created_at;
  end if;
end $$;

comment on function app.save_task is
  'Writes a task, and with its completion the successor. Where the answer lacks something, it writes nothing '
  'and returns the question.';

grant execute on function app.save_task to task_api;
-- end db/functions/tasks/save_task.sql

-- begin db/functions/tasks/time_of.sql
-- A version is a time, exact to the microsecond.

create or replace function app.time_of(version bigint) returns timestamptz
language sql immutable parallel safe
-- Double precision tells microseconds apart until the year 2242.
return to_timestamp(version / 1000000::double precision);

comment on function app.time_of is 'The time that a version stands for: updated_at.';

grant execute on function app.time_of to task_api, task_worker, task_keeper;
-- end db/functions/tasks/time_of.sql

-- begin db/functions/tasks/try_operation.sql
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
-- end db/functions/tasks/try_operation.sql

-- begin db/functions/tasks/update_task.sql
-- The service's own writes wait for each other (lock_user), so the task is as it was read, unless somebody
-- changes it by direct SQL at the same time.

create or replace function app.update_task(old app.tasks, new app.tasks) returns app.tasks
language plpgsql volatile
set search_path = ''
as $$
begin
  new.version := keeper.take_number(old, new);
  new.updated_at := app.time_of(new.version);
  update app.tasks as task
  set title = new.title, description = new.description, completed = new.completed, priority = new.priority,
    tags = new.tags, due_date = new.due_date, reminder_at = new.reminder_at, is_recurring = new.is_recurring,
    recurrence_rule = new.recurrence_rule, timezone = new.timezone, series_start = new.series_start,
    series_index = new.series_index, version = new.version, updated_at = new.updated_at
  where task.user_id = old.user_id and task.id = old.id and task.version = old.version;
  if not found then
    raise exception 'the task was changed by direct SQL meanwhile' using errcode = '40001';
  end if;
  return new;
end $$;

comment on function app.update_task is
  'Writes the new state of a task, with the next number as its version; raises 40001 where the old state is '
  'not there any more.';

grant execute on function app.update_task to task_api;
-- end db/functions/tasks/update_task.sql

-- begin db/functions/tasks/version_of.sql
-- The inverse of time_of, and immutable as that is: the difference of two times needs no time zone.

create or replace function app.version_of(moment timestamptz) returns bigint
language sql immutable parallel safe
return (extract(epoch from moment - '1970-01-01 00:00:00Z'::timestamptz) * 1000000)::bigint;

comment on function app.version_of is 'The version that an updated_at stands for: microseconds since 1970.';

grant execute on function app.version_of to task_api, task_worker;
-- end db/functions/tasks/version_of.sql

-- begin db/functions/tasks/priority_key.sql
-- Order by priority: High first, then by created_at. One number, so that a cursor has one key; the priorities
-- lie 300 years apart.

create or replace function app.priority_key(priority text, created_at timestamptz) returns bigint
language sql stable parallel safe
return array_position('{High,Medium,Low}', priority) * 10000000000000000 + app.version_of(created_at);

comment on function app.priority_key is 'The place of a task in the order by priority.';

grant execute on function app.priority_key to task_api;
-- end db/functions/tasks/priority_key.sql

-- begin db/functions/tasks/writable_fields.sql
-- What app.merge_task reads from a body. Each is a column of app.tasks.

create or replace function app.writable_fields() returns text[]
language sql immutable parallel safe
return array[
  'title', 'description', 'completed', 'priority', 'tags', 'due_date', 'reminder_at', 'is_recurring',
  'recurrence_rule', 'timezone'];

comment on function app.writable_fields is 'The fields of a task that a client may write.';

grant execute on function app.writable_fields to task_api;
-- end db/functions/tasks/writable_fields.sql

-- begin db/functions/tasks/task_fields.sql
-- The fields of a body; any other is unknown (refuse_unknown_fields). Those that only the server writes are
-- ignored, so that a task can be sent back as it was read.

create or replace function app.task_fields() returns text[]
language sql immutable parallel safe
return app.writable_fields() || array['id', 'user_id', 'created_at', 'updated_at'];

comment on function app.task_fields is 'The fields that the body of a task may have.';

grant execute on function app.task_fields to task_api;
-- end db/functions/tasks/task_fields.sql

reset role;

-- migrate:down

set local role task_owner;

-- drop db/functions/tasks/task_fields.sql
drop function app.task_fields;

-- drop db/functions/tasks/writable_fields.sql
drop function app.writable_fields;

-- drop db/functions/tasks/priority_key.sql
drop function app.priority_key;

-- drop db/functions/tasks/version_of.sql
drop function app.version_of;

-- drop db/functions/tasks/update_task.sql
drop function app.update_task;

-- drop db/functions/tasks/try_operation.sql
drop function app.try_operation;

-- drop db/functions/tasks/time_of.sql
drop function app.time_of;

-- drop db/functions/tasks/save_task.sql
drop function app.save_task;

-- drop db/functions/tasks/run_operation.sql
drop function app.run_operation;

-- drop db/functions/tasks/render_task.sql
drop function app.render_task;

-- drop db/functions/tasks/render_time.sql
drop function app.render_time;

-- drop db/functions/tasks/render_result.sql
drop function app.render_result;

-- drop db/functions/tasks/render_refusal.sql
drop function app.render_refusal;

-- drop db/functions/tasks/read_task.sql
drop function app.read_task;

-- drop db/functions/tasks/number_task.sql
drop function app.number_task;

-- drop db/functions/tasks/merge_task.sql
drop function app.merge_task;

-- drop db/functions/tasks/lock_user.sql
drop function app.lock_user;

-- drop db/functions/tasks/insert_task.sql
drop function app.insert_task;

-- drop db/functions/tasks/insert_successor.sql
drop function app.insert_successor;

-- drop db/functions/tasks/find_successor.sql
drop function app.find_successor;

-- drop db/functions/tasks/find_rule_faults.sql
drop function app.find_rule_faults;

-- drop db/functions/tasks/find_operation_faults.sql
drop function app.find_operation_faults;

-- drop db/functions/tasks/empty_task.sql
drop function app.empty_task;

-- drop db/functions/tasks/describe_type.sql
drop function app.describe_type;

-- drop db/functions/tasks/describe_rules.sql
drop function app.describe_rules;

-- drop db/functions/tasks/check_batch.sql
drop function app.check_batch;

reset role;
