\restrict dbmate

-- Dumped from database version 18.6
-- Dumped by pg_dump version 18.6

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: api; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA api;


--
-- Name: SCHEMA api; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON SCHEMA api IS 'The functions that the service calls, one for each operation.';


--
-- Name: app; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA app;


--
-- Name: SCHEMA app; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON SCHEMA app IS 'Duly 1: the tables, their row-level security, and the helpers of the api functions.';


--
-- Name: audit; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA audit;


--
-- Name: SCHEMA audit; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON SCHEMA audit IS 'The views that a DBA reads to check the rules. No user data.';


--
-- Name: finder; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA finder;


--
-- Name: SCHEMA finder; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON SCHEMA finder IS 'The function that looks past row-level security, to use the search index: it returns ids, and reads no task.';


--
-- Name: keeper; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA keeper;


--
-- Name: SCHEMA keeper; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON SCHEMA keeper IS 'The functions that keep totals and search keys, remove expired answers, and list the migrations.';


--
-- Name: porter; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA porter;


--
-- Name: SCHEMA porter; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON SCHEMA porter IS 'The functions that find the user of a pass, a reminder or a delivery, before a user is set: they read no task.';


--
-- Name: pg_trgm; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;


--
-- Name: EXTENSION pg_trgm; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';


--
-- Name: unaccent; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA public;


--
-- Name: EXTENSION unaccent; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION unaccent IS 'text search dictionary that removes accents';


--
-- Name: delivery_document; Type: TYPE; Schema: app; Owner: -
--

CREATE TYPE app.delivery_document AS (
	id uuid,
	type text,
	task_id uuid,
	state text,
	attempts integer,
	status integer,
	error text,
	created_at text,
	next_attempt_at text,
	finished_at text,
	payload json
);


--
-- Name: TYPE delivery_document; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TYPE app.delivery_document IS 'A delivery as a client sees it.';


--
-- Name: pass_document; Type: TYPE; Schema: app; Owner: -
--

CREATE TYPE app.pass_document AS (
	id uuid,
	label text,
	scope text,
	created_at text,
	expires_at text,
	last_used_on date
);


--
-- Name: TYPE pass_document; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TYPE app.pass_document IS 'A pass as a client sees it.';


--
-- Name: tag; Type: DOMAIN; Schema: app; Owner: -
--

CREATE DOMAIN app.tag AS text
	CONSTRAINT tag_comma CHECK ((POSITION((','::text) IN (VALUE)) = 0))
	CONSTRAINT tag_length CHECK (((char_length(VALUE) >= 1) AND (char_length(VALUE) <= 50)));


--
-- Name: DOMAIN tag; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON DOMAIN app.tag IS 'A label of a task.';


--
-- Name: CONSTRAINT tag_comma ON DOMAIN tag; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT tag_comma ON DOMAIN app.tag IS 'tag_comma: a tag must not contain a comma; send several tags as several strings';


--
-- Name: CONSTRAINT tag_length ON DOMAIN tag; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT tag_length ON DOMAIN app.tag IS 'tag_length: each tag must have 1 to 50 characters';


--
-- Name: task_document; Type: TYPE; Schema: app; Owner: -
--

CREATE TYPE app.task_document AS (
	id uuid,
	user_id text,
	title text,
	description text,
	completed boolean,
	priority text,
	tags text[],
	due_date text,
	reminder_at text,
	is_recurring boolean,
	recurrence_rule text,
	timezone text,
	created_at text,
	updated_at text
);


--
-- Name: TYPE task_document; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TYPE app.task_document IS 'A task as a client reads it; times are text.';


--
-- Name: task_query; Type: TYPE; Schema: app; Owner: -
--

CREATE TYPE app.task_query AS (
	statuses boolean[],
	priorities text[],
	q text,
	tags text[],
	tags_match_all boolean,
	due_from timestamp with time zone,
	due_to timestamp with time zone,
	sort_by text,
	descending boolean,
	"limit" integer,
	"offset" integer,
	cursor text
);


--
-- Name: TYPE task_query; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TYPE app.task_query IS 'The filters, the order and the page of a list.';


--
-- Name: COLUMN task_query.statuses; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.task_query.statuses IS 'status: Only completed tasks, or only the others. `completed` and `true`, or `false`, mean the same.';


--
-- Name: COLUMN task_query.priorities; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.task_query.priorities IS 'priority: Tasks with any of these priorities, in any letter case. Repeat the parameter, or separate with commas.';


--
-- Name: COLUMN task_query.q; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.task_query.q IS 'q: Words to find in title and description. Letter case and accents do not matter; English word forms are found; the last word may be the beginning of one; `"quoted phrases"`, `-without`, `or`. See [Search](#description/search).';


--
-- Name: COLUMN task_query.tags; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.task_query.tags IS 'tags: Tasks with any of these tags. Repeat the parameter, or separate with commas.';


--
-- Name: COLUMN task_query.tags_match_all; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.task_query.tags_match_all IS 'tags_match: `any`: at least one of the tags; `all`: every one of them.';


--
-- Name: COLUMN task_query.due_from; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.task_query.due_from IS 'due_date_from: Tasks due at this time or later. UTC, unless it has an offset.';


--
-- Name: COLUMN task_query.due_to; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.task_query.due_to IS 'due_date_to: Tasks due at this time or earlier. A date without a time includes the whole day. UTC, unless it has an offset.';


--
-- Name: COLUMN task_query.sort_by; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.task_query.sort_by IS 'sort_by: The order. If it is left out: `relevance` with `q`, otherwise `created_at`, newest first. `priority` has High first; `title` ignores letter case; `relevance` needs `q`. Tasks without a due date come last in both directions.';


--
-- Name: COLUMN task_query.descending; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.task_query.descending IS 'sort_order: Ascending or descending. If it is left out: `asc`, but best first for `relevance`, and newest first if `sort_by` is left out as well.';


--
-- Name: COLUMN task_query."limit"; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.task_query."limit" IS 'limit: The number of items to return, at most.';


--
-- Name: COLUMN task_query."offset"; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.task_query."offset" IS 'offset: The number of tasks to skip. For long lists use `cursor`.';


--
-- Name: COLUMN task_query.cursor; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.task_query.cursor IS 'cursor: `next_cursor` of the previous page. It carries its own filters and order: parameters beside it must agree with it or be the defaults. `limit` may differ.';


--
-- Name: webhook_document; Type: TYPE; Schema: app; Owner: -
--

CREATE TYPE app.webhook_document AS (
	id uuid,
	url text,
	label text,
	events text[],
	header_names text[],
	body json,
	timezone text,
	paused text,
	failing_since text,
	created_at text,
	updated_at text
);


--
-- Name: TYPE webhook_document; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TYPE app.webhook_document IS 'A webhook as a client sees it: of its header fields the names alone.';


--
-- Name: change_tasks(jsonb, boolean, boolean, boolean, boolean, jsonb, jsonb, text); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.change_tasks(body jsonb, lenient boolean, separately boolean, careful boolean, minimal boolean, answers jsonb, problems jsonb, idempotency_key text, OUT status integer, OUT headers text[], OUT response text) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION change_tasks(body jsonb, lenient boolean, separately boolean, careful boolean, minimal boolean, answers jsonb, problems jsonb, idempotency_key text, OUT status integer, OUT headers text[], OUT response text); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.change_tasks(body jsonb, lenient boolean, separately boolean, careful boolean, minimal boolean, answers jsonb, problems jsonb, idempotency_key text, OUT status integer, OUT headers text[], OUT response text) IS 'Does the operations of a batch in order, all or none or, separately, each by itself; raises DT100 with the questions about rules, by the place of the operation.';


--
-- Name: check_readiness(jsonb, jsonb); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.check_readiness(migrations jsonb, functions jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION check_readiness(migrations jsonb, functions jsonb); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.check_readiness(migrations jsonb, functions jsonb) IS 'Why the service may not serve: an array of {code, reason}. functions: expected definitions, by name.';


--
-- Name: check_worker(jsonb); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.check_worker(functions jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $_$
begin
  return (
    select coalesce(jsonb_agg(
      case
        when routine.oid is null
          then format('function %s is missing: run %s', wanted.name,
            case when wanted.name ~ '^spread\.' then 'make spread' else 'duly migrate (make migrate)' end)
        else format('%1$I may not execute function %2$s: grant execute on function %2$s to task_worker',
          current_user, wanted.name) end
      order by wanted.name), '[]')
    from jsonb_array_elements_text(functions) as wanted (name)
    left join pg_catalog.pg_proc as routine on to_regprocedure(wanted.name) = routine.oid
    where (routine.oid is null or not has_function_privilege(routine.oid, 'execute'))
      and (wanted.name !~ '^spread\.' or to_regnamespace('spread') is not null));
end $_$;


--
-- Name: FUNCTION check_worker(functions jsonb); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.check_worker(functions jsonb) IS 'Which of these functions are missing, or may not be executed: a sentence for each. For the worker.';


--
-- Name: create_pass(jsonb, bytea, boolean); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.create_pass(body jsonb, digest bytea, lenient boolean, OUT status integer, OUT headers text[], OUT response text) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION create_pass(body jsonb, digest bytea, lenient boolean, OUT status integer, OUT headers text[], OUT response text); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.create_pass(body jsonb, digest bytea, lenient boolean, OUT status integer, OUT headers text[], OUT response text) IS 'Creates a pass and removes the user''s expired ones. Raises DT4TM where the user has 20 already.';


--
-- Name: create_task(jsonb, uuid, boolean, jsonb, text); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.create_task(body jsonb, id uuid, lenient boolean, answer jsonb, idempotency_key text, OUT status integer, OUT headers text[], OUT response text) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION create_task(body jsonb, id uuid, lenient boolean, answer jsonb, idempotency_key text, OUT status integer, OUT headers text[], OUT response text); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.create_task(body jsonb, id uuid, lenient boolean, answer jsonb, idempotency_key text, OUT status integer, OUT headers text[], OUT response text) IS 'Creates a task, with the id if one is given. Without a status, the response is a question about the rule.';


--
-- Name: create_webhook(jsonb, boolean, boolean); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.create_webhook(body jsonb, plain boolean, lenient boolean, OUT status integer, OUT headers text[], OUT response text) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION create_webhook(body jsonb, plain boolean, lenient boolean, OUT status integer, OUT headers text[], OUT response text); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.create_webhook(body jsonb, plain boolean, lenient boolean, OUT status integer, OUT headers text[], OUT response text) IS 'Creates a webhook. Raises DT4TM where the user has 10 already.';


--
-- Name: delete_pass(uuid); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.delete_pass(id uuid, OUT status integer, OUT headers text[], OUT response text) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION delete_pass(id uuid, OUT status integer, OUT headers text[], OUT response text); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.delete_pass(id uuid, OUT status integer, OUT headers text[], OUT response text) IS 'Revokes a pass, for good.';


--
-- Name: delete_task(uuid, text, text); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.delete_task(id uuid, if_match text, if_none_match text, OUT status integer, OUT headers text[], OUT response text) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION delete_task(id uuid, if_match text, if_none_match text, OUT status integer, OUT headers text[], OUT response text); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.delete_task(id uuid, if_match text, if_none_match text, OUT status integer, OUT headers text[], OUT response text) IS 'Deletes a task, for good.';


--
-- Name: delete_webhook(uuid, text, text); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.delete_webhook(id uuid, if_match text, if_none_match text, OUT status integer, OUT headers text[], OUT response text) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_user constant text := app.require_user_id();
begin
  perform app.lock_user();
  perform app.read_webhook(id, if_match, if_none_match);
  delete from app.webhooks as webhook where webhook.user_id = v_user and webhook.id = delete_webhook.id;
  status := 204;
  headers := '{}';
end $$;


--
-- Name: FUNCTION delete_webhook(id uuid, if_match text, if_none_match text, OUT status integer, OUT headers text[], OUT response text); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.delete_webhook(id uuid, if_match text, if_none_match text, OUT status integer, OUT headers text[], OUT response text) IS 'Deletes a webhook and its deliveries, for good.';


--
-- Name: describe_tasks(); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.describe_tasks() RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION describe_tasks(); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.describe_tasks() IS 'Each field of a task and each parameter of a list in JSON Schema, and each rule with its stable type and its words: {"fields": […], "parameters": […], "faults": […]}.';


--
-- Name: find_batch_faults(jsonb, boolean, boolean, jsonb, jsonb); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.find_batch_faults(body jsonb, lenient boolean, careful boolean, answers jsonb, problems jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION find_batch_faults(body jsonb, lenient boolean, careful boolean, answers jsonb, problems jsonb); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.find_batch_faults(body jsonb, lenient boolean, careful boolean, answers jsonb, problems jsonb) IS 'All errors of a batch that was refused, {"code": SQLSTATE of the first, "faults": […], "questions": {…}}. It changes nothing.';


--
-- Name: find_task_faults(jsonb, uuid, boolean, jsonb); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.find_task_faults(body jsonb, id uuid, lenient boolean, answer jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION find_task_faults(body jsonb, id uuid, lenient boolean, answer jsonb); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.find_task_faults(body jsonb, id uuid, lenient boolean, answer jsonb) IS 'Every error of a body that was refused, as an array of {"loc", "msg", "type"}.';


--
-- Name: find_work(integer); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.find_work("limit" integer) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
begin
  return coalesce((
    select jsonb_agg(jsonb_build_object(
      'user_id', due.user_id, 'kind', due.kind, 'id', due.id, 'webhook_id', due.webhook_id,
      'at', app.version_of(due.due_at), 'failing', due.failing))
    from porter.find_due("limit") as due), '[]');
end $$;


--
-- Name: FUNCTION find_work("limit" integer); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.find_work("limit" integer) IS 'The due work of all users: ids, times in microseconds since 1970, and whether the webhook is failing. For the worker.';


--
-- Name: finish_delivery(uuid, integer, integer, text, integer); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.finish_delivery(id uuid, attempts integer, http_status integer, error text, retry_after integer) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION finish_delivery(id uuid, attempts integer, http_status integer, error text, retry_after integer); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.finish_delivery(id uuid, attempts integer, http_status integer, error text, retry_after integer) IS 'Records the result of an attempt and the time of the next one; pauses a webhook that is gone or has failed for long; deletes old deliveries. Null where the claim has ended. For the worker.';


--
-- Name: fire_reminder(uuid, bigint); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.fire_reminder(id uuid, at bigint) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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
  if id is not null and not exists (
    select from app.reminders as reminder
    where reminder.user_id = v_user and reminder.id = fire_reminder.id
      and reminder.remind_at = app.time_of(at))
  then
    return 'null';
  end if;
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


--
-- Name: FUNCTION fire_reminder(id uuid, at bigint); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.fire_reminder(id uuid, at bigint) IS 'Writes the deliveries of a reminder that is due; returns their number, or null where it is no longer due. For the worker.';


--
-- Name: forget_user(text); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.forget_user(user_id text) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $_$
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
end $_$;


--
-- Name: FUNCTION forget_user(user_id text); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.forget_user(user_id text) IS 'Deletes every trace of a user in one transaction; the number of rows by table, as they were. For an operator, not for the service.';


--
-- Name: get_series(uuid); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.get_series(id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION get_series(id uuid); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.get_series(id uuid) IS 'Where a task stands in its series; the rule is null where nothing follows it. Times are in UTC, without an offset.';


--
-- Name: get_task(uuid, text); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.get_task(id uuid, if_none_match text, OUT status integer, OUT headers text[], OUT response text) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION get_task(id uuid, if_none_match text, OUT status integer, OUT headers text[], OUT response text); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.get_task(id uuid, if_none_match text, OUT status integer, OUT headers text[], OUT response text) IS 'One task; 304 where If-None-Match names its ETag.';


--
-- Name: get_webhook(uuid, text); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.get_webhook(id uuid, if_none_match text, OUT status integer, OUT headers text[], OUT response text) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION get_webhook(id uuid, if_none_match text, OUT status integer, OUT headers text[], OUT response text); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.get_webhook(id uuid, if_none_match text, OUT status integer, OUT headers text[], OUT response text) IS 'One webhook; 304 where If-None-Match names its ETag.';


--
-- Name: list_changes(text, integer, text); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.list_changes(since text, "limit" integer, if_none_match text, OUT status integer, OUT headers text[], OUT response text) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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


--
-- Name: FUNCTION list_changes(since text, "limit" integer, if_none_match text, OUT status integer, OUT headers text[], OUT response text); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.list_changes(since text, "limit" integer, if_none_match text, OUT status integer, OUT headers text[], OUT response text) IS 'The user''s tasks that changed and the ids of those that were deleted since the token; without a token, all tasks.';


--
-- Name: list_deliveries(uuid, text, integer, text); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.list_deliveries(id uuid, state text, "limit" integer, cursor text, OUT status integer, OUT headers text[], OUT response text) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $_$
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
end $_$;


--
-- Name: FUNCTION list_deliveries(id uuid, state text, "limit" integer, cursor text, OUT status integer, OUT headers text[], OUT response text); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.list_deliveries(id uuid, state text, "limit" integer, cursor text, OUT status integer, OUT headers text[], OUT response text) IS 'A page of the deliveries of a webhook, of one state or of all. Raises DT400 for a malformed cursor.';


--
-- Name: list_passes(); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.list_passes(OUT status integer, OUT headers text[], OUT response text) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION list_passes(OUT status integer, OUT headers text[], OUT response text); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.list_passes(OUT status integer, OUT headers text[], OUT response text) IS 'The user''s passes, newest first, without their tokens.';


--
-- Name: list_tasks(jsonb, text, text, text); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.list_tasks(parameters jsonb, link text, cursor_key text, if_none_match text, OUT status integer, OUT headers text[], OUT response text) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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


--
-- Name: FUNCTION list_tasks(parameters jsonb, link text, cursor_key text, if_none_match text, OUT status integer, OUT headers text[], OUT response text); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.list_tasks(parameters jsonb, link text, cursor_key text, if_none_match text, OUT status integer, OUT headers text[], OUT response text) IS 'A page of the user''s tasks. Links begin with link; cursors are signed with cursor_key.';


--
-- Name: list_webhooks(); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.list_webhooks(OUT status integer, OUT headers text[], OUT response text) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION list_webhooks(OUT status integer, OUT headers text[], OUT response text); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.list_webhooks(OUT status integer, OUT headers text[], OUT response text) IS 'The user''s webhooks, newest first, without their secrets.';


--
-- Name: measure_work(); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.measure_work() RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  v_queue constant record := porter.measure_queue();
begin
  return jsonb_build_object('waiting', v_queue.waiting, 'oldest', greatest(v_queue.oldest, 0));
end $$;


--
-- Name: FUNCTION measure_work(); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.measure_work() IS 'How many deliveries wait, and by how many seconds the oldest work is late. For the worker.';


--
-- Name: open_pass(bytea); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.open_pass(digest bytea) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION open_pass(digest bytea); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.open_pass(digest bytea) IS 'The pass with this digest; expires_at is in seconds since 1970. Null for no valid pass.';


--
-- Name: read_series(jsonb, boolean); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.read_series(body jsonb, lenient boolean) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION read_series(body jsonb, lenient boolean); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.read_series(body jsonb, lenient boolean) IS 'The due_date, recurrence_rule, timezone and limit of a body, and its errors; is_local: the due_date has no offset. The service computes the meaning of the rule and the zone.';


--
-- Name: retry_deliveries(uuid, uuid, jsonb); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.retry_deliveries(id uuid, delivery uuid, body jsonb, OUT status integer, OUT headers text[], OUT response text) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION retry_deliveries(id uuid, delivery uuid, body jsonb, OUT status integer, OUT headers text[], OUT response text); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.retry_deliveries(id uuid, delivery uuid, body jsonb, OUT status integer, OUT headers text[], OUT response text) IS 'Sends a failed delivery again, or those since a time, at most 1,000. Raises DT404 where the delivery has not failed.';


--
-- Name: rotate_secret(uuid); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.rotate_secret(id uuid, OUT status integer, OUT headers text[], OUT response text) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION rotate_secret(id uuid, OUT status integer, OUT headers text[], OUT response text); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.rotate_secret(id uuid, OUT status integer, OUT headers text[], OUT response text) IS 'Begins a new signing secret; the service derives it from the generation in the response.';


--
-- Name: take_delivery(uuid, bigint, uuid); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.take_delivery(id uuid, at bigint, webhook_id uuid) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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
  if id is not null and not exists (
    select from app.deliveries as delivery
    where delivery.user_id = v_user and delivery.id = take_delivery.id and delivery.due_at = v_at)
  then
    return 'null';
  end if;
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


--
-- Name: FUNCTION take_delivery(id uuid, at bigint, webhook_id uuid); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.take_delivery(id uuid, at bigint, webhook_id uuid) IS 'Claims a delivery for 60 seconds and returns the request to send; its body is null where it would be too large. Null where the delivery is no longer due. For the worker.';


--
-- Name: take_token(integer, integer, integer); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.take_token(requests integer, seconds integer, cost integer) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION take_token(requests integer, seconds integer, cost integer); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.take_token(requests integer, seconds integer, cost integer) IS 'Takes cost tokens from the user''s bucket. remaining: the tokens that are left, or -1 where there were too few; wait: the seconds until the bucket is full, or has enough.';


--
-- Name: test_webhook(uuid); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.test_webhook(id uuid, OUT status integer, OUT headers text[], OUT response text) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION test_webhook(id uuid, OUT status integer, OUT headers text[], OUT response text); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.test_webhook(id uuid, OUT status integer, OUT headers text[], OUT response text) IS 'Sends an event of the type test to a webhook; if one waits, that one.';


--
-- Name: toggle_task(uuid, jsonb, boolean, text, text, jsonb, text); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.toggle_task(id uuid, body jsonb, lenient boolean, if_match text, if_none_match text, answer jsonb, idempotency_key text, OUT status integer, OUT headers text[], OUT response text) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION toggle_task(id uuid, body jsonb, lenient boolean, if_match text, if_none_match text, answer jsonb, idempotency_key text, OUT status integer, OUT headers text[], OUT response text); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.toggle_task(id uuid, body jsonb, lenient boolean, if_match text, if_none_match text, answer jsonb, idempotency_key text, OUT status integer, OUT headers text[], OUT response text) IS 'Flips or sets whether a task is completed; a recurring one then has a successor. Without a status, the response is a question about the rule.';


--
-- Name: update_task(uuid, jsonb, boolean, text, text, jsonb); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.update_task(id uuid, body jsonb, lenient boolean, if_match text, if_none_match text, answer jsonb, OUT status integer, OUT headers text[], OUT response text) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION update_task(id uuid, body jsonb, lenient boolean, if_match text, if_none_match text, answer jsonb, OUT status integer, OUT headers text[], OUT response text); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.update_task(id uuid, body jsonb, lenient boolean, if_match text, if_none_match text, answer jsonb, OUT status integer, OUT headers text[], OUT response text) IS 'Changes the fields of a task that the body has (RFC 7396). Without a status, the response is a question about the rule.';


--
-- Name: update_webhook(uuid, jsonb, boolean, boolean, text, text); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.update_webhook(id uuid, body jsonb, plain boolean, lenient boolean, if_match text, if_none_match text, OUT status integer, OUT headers text[], OUT response text) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION update_webhook(id uuid, body jsonb, plain boolean, lenient boolean, if_match text, if_none_match text, OUT status integer, OUT headers text[], OUT response text); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.update_webhook(id uuid, body jsonb, plain boolean, lenient boolean, if_match text, if_none_match text, OUT status integer, OUT headers text[], OUT response text) IS 'Changes the fields of a webhook that the body has (RFC 7396); pauses it, or lets it go on.';


--
-- Name: use_pass(uuid); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.use_pass(id uuid) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_user constant text := app.require_user_id();
  v_today constant date := (now() at time zone 'UTC')::date;
begin
  update app.passes as pass
  set last_used_on = v_today
  where pass.user_id = v_user and pass.id = use_pass.id and pass.last_used_on is distinct from v_today;
  return to_jsonb(found);
end $$;


--
-- Name: FUNCTION use_pass(id uuid); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.use_pass(id uuid) IS 'Records today as the day of the pass''s last use; true if it was another day before.';


--
-- Name: watch_changes(jsonb); Type: FUNCTION; Schema: api; Owner: -
--

CREATE FUNCTION api.watch_changes(users jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION watch_changes(users jsonb); Type: COMMENT; Schema: api; Owner: -
--

COMMENT ON FUNCTION api.watch_changes(users jsonb) IS 'The number of the last change of each of the users, in their order: {"epoch", "versions"}. For the service''s own use.';


--
-- Name: add_waiting(text, uuid); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.add_waiting(user_id text, webhook_id uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $_$
declare
  v_now constant timestamptz := now();
  v_waiting integer;
  v_failing_since timestamptz;
  v_updated_at timestamptz;
begin
  update app.webhooks as webhook
  set waiting = webhook.waiting + 1,
    due_at = case when webhook.paused is null then least(webhook.due_at, v_now) end
  where webhook.user_id = $1 and webhook.id = $2
  returning
    case when webhook.paused is null then webhook.waiting end, webhook.failing_since, webhook.updated_at
  into v_waiting, v_failing_since, v_updated_at;
  if v_waiting >= (app.max_waiting() * case when v_failing_since is null then 2 else 1 end) then
    v_updated_at := greatest(v_now, v_updated_at + interval '1 microsecond');
    update app.webhooks as webhook
    set paused = 'failing', due_at = null, failing_since = coalesce(webhook.failing_since, v_now),
      updated_at = v_updated_at
    where webhook.user_id = $1 and webhook.id = $2;
  end if;
end $_$;


--
-- Name: FUNCTION add_waiting(user_id text, webhook_id uuid); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.add_waiting(user_id text, webhook_id uuid) IS 'Counts a delivery that was written, and lets its webhook have a turn; pauses the webhook where too many wait.';


--
-- Name: check_batch(jsonb, boolean); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.check_batch(body jsonb, lenient boolean) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION check_batch(body jsonb, lenient boolean); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.check_batch(body jsonb, lenient boolean) IS 'Raises DT400 where the body of a batch is no object with 1 to 100 operations.';


--
-- Name: check_cursor(jsonb, jsonb); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.check_cursor(cursor jsonb, parameters jsonb) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  v_carried constant jsonb := cursor -> 'parameters';
  -- An empty parameter is one that was left out.
  v_given constant jsonb := (
    select coalesce(jsonb_object_agg(name, value), '{}')
    from jsonb_each(parameters) as parameter (name, value)
    where name <> 'limit'
      and exists (select from jsonb_array_elements_text(value) as each where app.trim_text(each) <> ''));
  v_own constant app.task_query := app.read_task_query(v_carried);
  v_plain constant app.task_query := app.read_task_query(v_carried - array['sort_by', 'sort_order']);
  v_without_direction constant app.task_query := app.read_task_query(v_carried - 'sort_order');
  v_asked app.task_query;
  v_others text[];
begin
  v_asked := app.read_task_query(v_carried || v_given);
  v_others := array(
    select name
    from (values
      ('q', v_asked.q is distinct from v_own.q
        and v_asked.q is distinct from app.trim_text(cursor ->> 'typed')),
      ('status', v_asked.statuses <> v_own.statuses),
      ('priority', not v_asked.priorities @> '{High,Medium,Low}'
        and not (v_asked.priorities @> v_own.priorities and v_asked.priorities <@ v_own.priorities)),
      ('tags', v_own.tags is null or not (v_asked.tags @> v_own.tags and v_asked.tags <@ v_own.tags)),
      ('tags_match', v_asked.tags_match_all and not v_own.tags_match_all),
      ('due_date_from', v_asked.due_from is distinct from v_own.due_from),
      ('due_date_to', v_asked.due_to is distinct from v_own.due_to),
      ('sort_by', v_asked.sort_by not in (v_own.sort_by, v_plain.sort_by)),
      ('sort_order', v_asked.descending not in (v_own.descending, v_without_direction.descending)),
      ('offset', v_asked.offset <> 0)
    ) as parameter (name, differs)
    where differs and v_given ? name);
  if v_others <> '{}' then
    raise exception 'bad cursor' using errcode = 'DT400',
      detail = jsonb_build_array(jsonb_build_object(
        'loc', array['query', 'cursor'], 'type', 'cursor_mismatch', 'msg', format(
          'carries its own filters and order; %s would change them: send it alone, or begin again without it',
          array_to_string(v_others, ', '))));
  end if;
end $$;


--
-- Name: FUNCTION check_cursor(cursor jsonb, parameters jsonb); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.check_cursor(cursor jsonb, parameters jsonb) IS 'Raises DT400 where a parameter beside the cursor neither agrees with it nor is the default.';


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: task_counts; Type: TABLE; Schema: app; Owner: -
--

CREATE TABLE app.task_counts (
    user_id text NOT NULL,
    version bigint DEFAULT 0 NOT NULL,
    forgotten bigint DEFAULT 0 NOT NULL,
    open_high integer DEFAULT 0 NOT NULL,
    open_medium integer DEFAULT 0 NOT NULL,
    open_low integer DEFAULT 0 NOT NULL,
    completed_high integer DEFAULT 0 NOT NULL,
    completed_medium integer DEFAULT 0 NOT NULL,
    completed_low integer DEFAULT 0 NOT NULL,
    listening integer DEFAULT 0 NOT NULL,
    remind_at timestamp with time zone,
    CONSTRAINT task_counts_not_negative CHECK ((LEAST(open_high, open_medium, open_low, completed_high, completed_medium, completed_low) >= 0))
)
WITH (fillfactor='50');

ALTER TABLE ONLY app.task_counts FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE task_counts; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TABLE app.task_counts IS 'The number of each user''s last change, and how many tasks the user has; written by keeper.count_change, and remind_at by the worker.';


--
-- Name: COLUMN task_counts.user_id; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.task_counts.user_id IS 'The owner of the tasks.';


--
-- Name: COLUMN task_counts.version; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.task_counts.version IS 'The number of the last change: microseconds since 1970, or one more than the number before.';


--
-- Name: COLUMN task_counts.forgotten; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.task_counts.forgotten IS 'Deletions up to this number are no longer known.';


--
-- Name: COLUMN task_counts.open_high; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.task_counts.open_high IS 'How many tasks of priority High are open.';


--
-- Name: COLUMN task_counts.open_medium; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.task_counts.open_medium IS 'How many tasks of priority Medium are open.';


--
-- Name: COLUMN task_counts.open_low; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.task_counts.open_low IS 'How many tasks of priority Low are open.';


--
-- Name: COLUMN task_counts.completed_high; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.task_counts.completed_high IS 'How many tasks of priority High are completed.';


--
-- Name: COLUMN task_counts.completed_medium; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.task_counts.completed_medium IS 'How many tasks of priority Medium are completed.';


--
-- Name: COLUMN task_counts.completed_low; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.task_counts.completed_low IS 'How many tasks of priority Low are completed.';


--
-- Name: COLUMN task_counts.listening; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.task_counts.listening IS 'The events that the user''s active webhooks wait for, as the bits of app.event_bit; 0 for none.';


--
-- Name: COLUMN task_counts.remind_at; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.task_counts.remind_at IS 'When the user has the next turn: the place in the line of porter.find_due. No later than the user''s next reminder; null for none.';


--
-- Name: CONSTRAINT task_counts_not_negative ON task_counts; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT task_counts_not_negative ON app.task_counts IS 'A negative number would mean that a change was not counted.';


--
-- Name: count_tasks(app.task_counts, boolean[], text[]); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.count_tasks(counts app.task_counts, statuses boolean[], priorities text[]) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (CASE WHEN (false = ANY (statuses)) THEN ((CASE WHEN ('High'::text = ANY (priorities)) THEN (counts).open_high ELSE 0 END + CASE WHEN ('Medium'::text = ANY (priorities)) THEN (counts).open_medium ELSE 0 END) + CASE WHEN ('Low'::text = ANY (priorities)) THEN (counts).open_low ELSE 0 END) ELSE 0 END + CASE WHEN (true = ANY (statuses)) THEN ((CASE WHEN ('High'::text = ANY (priorities)) THEN (counts).completed_high ELSE 0 END + CASE WHEN ('Medium'::text = ANY (priorities)) THEN (counts).completed_medium ELSE 0 END) + CASE WHEN ('Low'::text = ANY (priorities)) THEN (counts).completed_low ELSE 0 END) ELSE 0 END);


--
-- Name: FUNCTION count_tasks(counts app.task_counts, statuses boolean[], priorities text[]); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.count_tasks(counts app.task_counts, statuses boolean[], priorities text[]) IS 'How many of the counted tasks have one of the statuses and one of the priorities.';


--
-- Name: describe_fault(text, text, text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.describe_fault(field text, type text, message text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN jsonb_build_object('loc', CASE WHEN (field IS NULL) THEN '[]'::jsonb ELSE jsonb_build_array(field) END, 'msg', message, 'type', type);


--
-- Name: FUNCTION describe_fault(field text, type text, message text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.describe_fault(field text, type text, message text) IS 'An error as {"loc", "msg", "type"}; without a field it is about the whole.';


--
-- Name: describe_parameters(); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.describe_parameters() RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $_$
begin
  return (
    select jsonb_agg(
      jsonb_build_object(
        'name', parameter.name, 'description', substring(described.comment from ': (.*)'),
        'schema', parameter.schema)
      order by parameter.place)
    from (values
      (1, 'q', '{"type": "string", "maxLength": 2000, "examples": ["rent -garage"]}'::jsonb),
      (2, 'status', '{"type": "string", "enum": ["complete", "incomplete"]}'),
      (3, 'priority', '{"type": "array", "items": {"type": "string", "enum": ["High", "Medium", "Low"]}}'),
      (4, 'tags',
        '{"type": "array", "maxItems": 50, '
        '"items": {"type": "string", "maxLength": 50, "pattern": "^[^,]*$"}}'),
      (5, 'tags_match', '{"type": "string", "enum": ["any", "all"], "default": "any"}'),
      (6, 'due_date_from',
        '{"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}'),
      (7, 'due_date_to',
        '{"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}'),
      (8, 'sort_by', '{"type": "string",
        "enum": ["due_date", "title", "priority", "created_at", "updated_at", "relevance"]}'),
      (9, 'sort_order', '{"type": "string", "enum": ["asc", "desc"]}'),
      (10, 'limit', '{"type": "integer", "minimum": 1, "maximum": 100, "default": 50}'),
      (11, 'offset', '{"type": "integer", "minimum": 0, "maximum": 999999999, "default": 0}'),
      (12, 'cursor', '{"type": "string"}')
    ) as parameter (place, name, schema)
    left join lateral (
      select col_description(attribute.attrelid, attribute.attnum) as comment
      from pg_catalog.pg_attribute as attribute
      where attribute.attrelid = 'app.task_query'::regclass
        and split_part(col_description(attribute.attrelid, attribute.attnum), ': ', 1) = parameter.name
    ) as described on true);
end $_$;


--
-- Name: FUNCTION describe_parameters(); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.describe_parameters() IS 'Each parameter of a list: its name, its description and its JSON Schema.';


--
-- Name: describe_rules(text[]); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.describe_rules(definitions text[]) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO ''
    AS $_$
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
end $_$;


--
-- Name: FUNCTION describe_rules(definitions text[]); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.describe_rules(definitions text[]) IS 'What the definitions of check constraints mean in JSON Schema.';


--
-- Name: describe_type(oid); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.describe_type(type oid) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION describe_type(type oid); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.describe_type(type oid) IS 'A type in JSON Schema, with the rules of a domain.';


--
-- Name: user_id(); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.user_id() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('app.user_id'::text, true), ''::text);


--
-- Name: FUNCTION user_id(); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.user_id() IS 'The user of the present statement, or null when none is set: then no policy lets anything through.';


--
-- Name: tasks; Type: TABLE; Schema: app; Owner: -
--

CREATE TABLE app.tasks (
    user_id text DEFAULT app.user_id() NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    title text NOT NULL,
    description text,
    completed boolean DEFAULT false NOT NULL,
    priority text DEFAULT 'Medium'::text NOT NULL,
    tags app.tag[] DEFAULT '{}'::app.tag[] NOT NULL,
    due_date timestamp with time zone,
    reminder_at timestamp with time zone,
    is_recurring boolean DEFAULT false NOT NULL,
    recurrence_rule text,
    timezone text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version bigint DEFAULT 0 NOT NULL,
    predecessor_id uuid,
    series_start timestamp with time zone,
    series_index integer DEFAULT 1 NOT NULL,
    title_key text GENERATED ALWAYS AS (lower(title)) STORED NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT tasks_description_length CHECK ((char_length(description) <= 2000)),
    CONSTRAINT tasks_due_date_range CHECK (((due_date >= '0001-01-01 00:00:00+00'::timestamp with time zone) AND (due_date <= '9999-12-31 23:59:59.999999+00'::timestamp with time zone))),
    CONSTRAINT tasks_id_meaningful CHECK ((id <> ALL (ARRAY['00000000-0000-0000-0000-000000000000'::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid]))),
    CONSTRAINT tasks_priority_known CHECK ((priority = ANY (ARRAY['High'::text, 'Medium'::text, 'Low'::text]))),
    CONSTRAINT tasks_recurrence_rule_length CHECK (((char_length(recurrence_rule) >= 1) AND (char_length(recurrence_rule) <= 500))),
    CONSTRAINT tasks_recurring_has_rule CHECK (((recurrence_rule IS NOT NULL) OR (NOT is_recurring))),
    CONSTRAINT tasks_reminder_at_range CHECK (((reminder_at >= '0001-01-01 00:00:00+00'::timestamp with time zone) AND (reminder_at <= '9999-12-31 23:59:59.999999+00'::timestamp with time zone))),
    CONSTRAINT tasks_reminder_not_after_due CHECK ((reminder_at <= due_date)),
    CONSTRAINT tasks_tags_count CHECK ((cardinality(tags) <= 50)),
    CONSTRAINT tasks_timezone_length CHECK (((char_length(timezone) >= 1) AND (char_length(timezone) <= 100))),
    CONSTRAINT tasks_title_length CHECK (((char_length(title) >= 1) AND (char_length(title) <= 200))),
    CONSTRAINT tasks_user_id_length CHECK (((char_length(user_id) >= 1) AND (char_length(user_id) <= 255)))
);

ALTER TABLE ONLY app.tasks FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE tasks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TABLE app.tasks IS 'The tasks of all users. Row-level security shows a user only their own tasks.';


--
-- Name: COLUMN tasks.user_id; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.tasks.user_id IS 'The owner, from the token.';


--
-- Name: COLUMN tasks.id; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.tasks.id IS 'The id of the task, unique among the tasks of its owner.';


--
-- Name: COLUMN tasks.title; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.tasks.title IS 'The title. White space at both ends is trimmed.';


--
-- Name: COLUMN tasks.description; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.tasks.description IS 'A longer text, or null.';


--
-- Name: COLUMN tasks.completed; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.tasks.completed IS 'Whether the task is done. Writing it does the same as toggle.';


--
-- Name: COLUMN tasks.priority; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.tasks.priority IS 'High, Medium or Low; any letter case in a body.';


--
-- Name: COLUMN tasks.tags; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.tasks.tags IS 'Labels. They are trimmed, and duplicates are dropped; the first of them keeps its place.';


--
-- Name: COLUMN tasks.due_date; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.tasks.due_date IS 'When the task is due, or null. It may be in the past.';


--
-- Name: COLUMN tasks.reminder_at; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.tasks.reminder_at IS 'When to remind the user, or null. It must not be after `due_date`.';


--
-- Name: COLUMN tasks.is_recurring; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.tasks.is_recurring IS 'Whether completing the task creates its successor. True needs a `recurrence_rule`.';


--
-- Name: COLUMN tasks.recurrence_rule; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.tasks.recurrence_rule IS 'An RFC 5545 RRULE value, for example `FREQ=WEEKLY;BYDAY=MO`, or null.';


--
-- Name: COLUMN tasks.timezone; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.tasks.timezone IS 'The IANA time zone of the rule and of times without an offset, for example `Europe/Berlin`. Null means UTC.';


--
-- Name: COLUMN tasks.created_at; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.tasks.created_at IS 'When the task was created.';


--
-- Name: COLUMN tasks.updated_at; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.tasks.updated_at IS 'When the task last changed.';


--
-- Name: COLUMN tasks.version; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.tasks.version IS 'The number of its last change among its owner''s, see app.task_counts; the ETag. 0 until the change is numbered.';


--
-- Name: COLUMN tasks.predecessor_id; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.tasks.predecessor_id IS 'The task whose completion created this one. It may have been deleted since.';


--
-- Name: COLUMN tasks.series_start; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.tasks.series_start IS 'The due date with which the series began, if that was the due date of another task; null means its own.';


--
-- Name: COLUMN tasks.series_index; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.tasks.series_index IS 'The place of the task in its series, from 1; COUNT is counted with it.';


--
-- Name: COLUMN tasks.title_key; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.tasks.title_key IS 'The title in lower case, the order by title; kept, because lower() is not leakproof.';


--
-- Name: CONSTRAINT tasks_description_length ON tasks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT tasks_description_length ON app.tasks IS 'string_length: must have at most 2,000 characters';


--
-- Name: CONSTRAINT tasks_due_date_range ON tasks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT tasks_due_date_range ON app.tasks IS 'time_range: must lie between the years 1 and 9999';


--
-- Name: CONSTRAINT tasks_id_meaningful ON tasks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT tasks_id_meaningful ON app.tasks IS 'uuid_meaningful: must not be the nil or the max UUID (RFC 9562, 5.9 and 5.10)';


--
-- Name: CONSTRAINT tasks_priority_known ON tasks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT tasks_priority_known ON app.tasks IS 'enum: must be High, Medium or Low';


--
-- Name: CONSTRAINT tasks_recurrence_rule_length ON tasks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT tasks_recurrence_rule_length ON app.tasks IS 'string_length: must have 1 to 500 characters';


--
-- Name: CONSTRAINT tasks_recurring_has_rule ON tasks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT tasks_recurring_has_rule ON app.tasks IS 'recurrence_rule_missing: must be set where is_recurring is true, for example FREQ=WEEKLY;BYDAY=MO';


--
-- Name: CONSTRAINT tasks_reminder_at_range ON tasks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT tasks_reminder_at_range ON app.tasks IS 'time_range: must lie between the years 1 and 9999';


--
-- Name: CONSTRAINT tasks_reminder_not_after_due ON tasks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT tasks_reminder_not_after_due ON app.tasks IS 'reminder_after_due: must not be after due_date';


--
-- Name: CONSTRAINT tasks_tags_count ON tasks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT tasks_tags_count ON app.tasks IS 'array_length: must have at most 50 tags';


--
-- Name: CONSTRAINT tasks_timezone_length ON tasks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT tasks_timezone_length ON app.tasks IS 'string_length: must have 1 to 100 characters';


--
-- Name: CONSTRAINT tasks_title_length ON tasks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT tasks_title_length ON app.tasks IS 'string_length: must have 1 to 200 characters';


--
-- Name: CONSTRAINT tasks_user_id_length ON tasks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT tasks_user_id_length ON app.tasks IS 'string_length: must have 1 to 255 characters';


--
-- Name: empty_task(); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.empty_task() RETURNS app.tasks
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION empty_task(); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.empty_task() IS 'A new task before it has any field: the table''s defaults.';


--
-- Name: encode_base64url(bytea); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.encode_base64url(bytes bytea) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
begin
  return translate(encode(bytes, 'base64'), E'+/=\n', '-_');
end $$;


--
-- Name: FUNCTION encode_base64url(bytes bytea); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.encode_base64url(bytes bytea) IS 'RFC 4648, section 5, without padding.';


--
-- Name: encode_uri_component(text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.encode_uri_component(text text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO ''
    AS $_$
  select string_agg(
    case when letter ~ '^[A-Za-z0-9._~-]$' then letter
      else regexp_replace(encode(convert_to(letter, 'UTF8'), 'hex'), '(..)', '%\1', 'g') end,
    '' order by place)
  from regexp_split_to_table("text", '') with ordinality as letters (letter, place)
$_$;


--
-- Name: FUNCTION encode_uri_component(text text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.encode_uri_component(text text) IS 'The text, percent-encoded as UTF-8 (RFC 3986, 2.1).';


--
-- Name: epoch(); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.epoch() RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
begin
  if to_regproc('spread.epoch') is not null then
    return spread.epoch();
  end if;
  return left(md5(format(
    '%s/%s', (pg_control_system()).system_identifier, (pg_control_checkpoint()).timeline_id)), 8);
exception when insufficient_privilege then
  -- Some providers keep these functions to themselves.
  return '00000000';
end $$;


--
-- Name: FUNCTION epoch(); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.epoch() IS 'The history of the database that numbers belong to, as 8 hexadecimal digits.';


--
-- Name: etag_matches(text, text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.etag_matches(condition text, etag text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (ARRAY['*'::text, etag] && regexp_split_to_array(btrim(condition, ' 	'::text), '[ \t]*,[ \t]*'::text));


--
-- Name: FUNCTION etag_matches(condition text, etag text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.etag_matches(condition text, etag text) IS 'Whether If-Match names the tag; null where there is no condition.';


--
-- Name: etag_matches_weakly(text, text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.etag_matches_weakly(condition text, etag text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN app.etag_matches(replace(condition, 'W/"'::text, '"'::text), replace(etag, 'W/"'::text, '"'::text));


--
-- Name: FUNCTION etag_matches_weakly(condition text, etag text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.etag_matches_weakly(condition text, etag text) IS 'As etag_matches, by the weak comparison that If-None-Match asks for: a proxy that compresses makes strong tags weak.';


--
-- Name: event_bit(text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.event_bit(type text) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE type WHEN 'task.created'::text THEN 1 WHEN 'task.updated'::text THEN 2 WHEN 'task.completed'::text THEN 4 WHEN 'task.reopened'::text THEN 8 WHEN 'task.deleted'::text THEN 16 WHEN 'task.reminder'::text THEN 32 ELSE 0 END;


--
-- Name: FUNCTION event_bit(type text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.event_bit(type text) IS 'The bit of a type of event in app.task_counts.listening.';


--
-- Name: fill_template(jsonb, jsonb); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.fill_template(template jsonb, "values" jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO ''
    AS $_$
begin
  case jsonb_typeof(template)
    when 'string' then
      return to_jsonb((
        select string_agg(
          coalesce("values" ->> substring(part.text[1] from '^\{([a-z_]+)\}$'), part.text[1]), ''
          order by part.place)
        from regexp_matches(template #>> '{}', '\{[a-z_]+\}|[^{]+|\{', 'g')
          with ordinality as part (text, place)));
    when 'array' then
      return coalesce((
        select jsonb_agg(app.fill_template(element.value, "values") order by element.place)
        from jsonb_array_elements(template) with ordinality as element (value, place)), '[]');
    when 'object' then
      return coalesce((
        select jsonb_object_agg(member.key, app.fill_template(member.value, "values"))
        from jsonb_each(template) as member), '{}');
    else
      return template;
  end case;
end $_$;


--
-- Name: FUNCTION fill_template(template jsonb, "values" jsonb); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.fill_template(template jsonb, "values" jsonb) IS 'The template with each {name} in its strings replaced by the value of that name.';


--
-- Name: find_operation_faults(jsonb, boolean); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.find_operation_faults(operation jsonb, lenient boolean) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $_$
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
end $_$;


--
-- Name: FUNCTION find_operation_faults(operation jsonb, lenient boolean); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.find_operation_faults(operation jsonb, lenient boolean) IS 'The errors of an operation of a batch, but for those of its body, each with its place in the operation.';


--
-- Name: find_page(app.task_query, jsonb); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.find_page(query app.task_query, cursor jsonb, OUT documents text[], OUT first_key text, OUT first_id uuid, OUT last_key text, OUT last_id uuid, OUT has_previous boolean, OUT has_next boolean, OUT total bigint, OUT suggestion text) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  v_key constant text := case query.sort_by
    when 'due_date' then case when query.descending then 'due_or_minus_infinity' else 'due_or_infinity' end
    when 'title' then 'title_key'
    when 'priority' then 'priority_key'
    else query.sort_by end;
  v_backwards constant boolean := coalesce((cursor ->> 'backwards')::boolean, false);
  v_direction constant text := case when query.descending <> v_backwards then 'desc' else 'asc' end;
  v_after constant text := cursor ->> 'key';
  v_after_id constant uuid := cursor ->> 'id';
  -- One more than the page shows says whether there is another page.
  v_limit constant integer := query.limit + 1;
  v_page record;
  v_more boolean;
  v_count integer;
begin
  if query.q is null and query.tags is null and query.due_from is null and query.due_to is null then
    -- Not execute: that would be planned at every call.
    v_page := case v_key || ' ' || v_direction
      when 'created_at asc' then app.page_tasks_by_created_at_asc(query, v_after, v_after_id, v_limit)
      when 'created_at desc' then app.page_tasks_by_created_at_desc(query, v_after, v_after_id, v_limit)
      when 'updated_at asc' then app.page_tasks_by_updated_at_asc(query, v_after, v_after_id, v_limit)
      when 'updated_at desc' then app.page_tasks_by_updated_at_desc(query, v_after, v_after_id, v_limit)
      when 'title_key asc' then app.page_tasks_by_title_key_asc(query, v_after, v_after_id, v_limit)
      when 'title_key desc' then app.page_tasks_by_title_key_desc(query, v_after, v_after_id, v_limit)
      when 'priority_key asc' then app.page_tasks_by_priority_key_asc(query, v_after, v_after_id, v_limit)
      when 'priority_key desc' then app.page_tasks_by_priority_key_desc(query, v_after, v_after_id, v_limit)
      when 'due_or_infinity asc' then
        app.page_tasks_by_due_or_infinity_asc(query, v_after, v_after_id, v_limit)
      when 'due_or_infinity desc' then
        app.page_tasks_by_due_or_infinity_desc(query, v_after, v_after_id, v_limit)
      when 'due_or_minus_infinity asc' then
        app.page_tasks_by_due_or_minus_infinity_asc(query, v_after, v_after_id, v_limit)
      when 'due_or_minus_infinity desc' then
        app.page_tasks_by_due_or_minus_infinity_desc(query, v_after, v_after_id, v_limit)
    end;
  else
    v_page := app.search_tasks(query, v_key, v_direction, v_after, v_after_id, v_limit);
    total := v_page.total;
    if total = 0 and query.q is not null and cursor is null then
      query.q := app.suggest_query(query);
      -- The head of an answer stays below 4 KiB.
      if octet_length(app.encode_uri_component(query.q)) <= 1000 then
        v_page := app.search_tasks(query, v_key, v_direction, null, null, v_limit);
        total := v_page.total;
        suggestion := case when total > 0 then query.q end;
      end if;
    end if;
  end if;

  v_count := coalesce(cardinality(v_page.ids), 0);
  v_more := v_count > query.limit;
  v_count := least(v_count, query.limit);
  documents := v_page.documents[:v_count];
  first_id := v_page.ids[1];
  last_id := v_page.ids[v_count];
  first_key := v_page.keys[1];
  last_key := v_page.keys[2];
  has_next := v_more;
  has_previous := cursor is not null and v_count > 0;
  if v_backwards then
    documents := array(
      select document from unnest(documents) with ordinality as page (document, place) order by place desc);
    first_id := v_page.ids[v_count];
    last_id := v_page.ids[1];
    first_key := v_page.keys[2];
    last_key := v_page.keys[1];
    has_next := v_count > 0;
    has_previous := v_more;
  end if;
end $$;


--
-- Name: FUNCTION find_page(query app.task_query, cursor jsonb, OUT documents text[], OUT first_key text, OUT first_id uuid, OUT last_key text, OUT last_id uuid, OUT has_previous boolean, OUT has_next boolean, OUT total bigint, OUT suggestion text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.find_page(query app.task_query, cursor jsonb, OUT documents text[], OUT first_key text, OUT first_id uuid, OUT last_key text, OUT last_id uuid, OUT has_previous boolean, OUT has_next boolean, OUT total bigint, OUT suggestion text) IS 'The tasks of a page as JSON, the keys and ids of its first and last, and whether there are pages before and after it. total only of a search, suggestion only where it is what was found.';


--
-- Name: find_rule_faults(anyelement, text[]); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.find_rule_faults("row" anyelement, except_fields text[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $_$
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
end $_$;


--
-- Name: FUNCTION find_rule_faults("row" anyelement, except_fields text[]); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.find_rule_faults("row" anyelement, except_fields text[]) IS 'The constraints of its table that the row breaks, but for those of fields that are known to be bad.';


--
-- Name: find_successor(text, uuid); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.find_successor(user_id text, id uuid) RETURNS app.tasks
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  v_successor app.tasks;
begin
  select * into v_successor from app.tasks as task
  where task.user_id = find_successor.user_id and task.predecessor_id = find_successor.id;
  return v_successor;
end $$;


--
-- Name: FUNCTION find_successor(user_id text, id uuid); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.find_successor(user_id text, id uuid) IS 'The task that the completion of this one made, or null.';


--
-- Name: fold_letters(text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.fold_letters(written text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
declare
  -- Apostrophes, quotes, signs whose letters are not part of a word; blanks.
  v_text text := normalize(
    translate(
      written,
      E'’‘‛ʼʻʽ´“”„‟«»〝〞〟™℠\u0085\u1680\u2028\u2029',
      '''''''''''''''"""""""""      '),
    nfkd);
begin
  v_text := lower(regexp_replace(
    v_text,
    '[\u00AD\u0300-\u036F\u0483-\u0489\u0591-\u05BD\u05BF\u05C1\u05C2\u05C4\u05C5\u05C7\u0610-\u061A\u061C'
    '\u0640\u064B-\u065F\u0670\u06D6-\u06DC\u06DF-\u06E4\u06E7\u06E8\u06EA-\u06ED\u08D3-\u08E1'
    '\u08E3-\u08FF\u115F\u1160\u180B-\u180F\u1AB0-\u1AFF\u1DC0-\u1DFF\u200B-\u200F\u202A-\u202E'
    '\u2060-\u206F\u20D0-\u20FF\uFE00-\uFE0F\uFE20-\uFE2F\uFEFF\uFFF9-\uFFFB\U0001F3FB-\U0001F3FF'
    '\U000E0000-\U000E0FFF]+',
    '', 'g'));
  -- Final sigma; the shapes that Arabic letters have in its languages and keyboards; its digits.
  if v_text ~ '[\u03C2\u0621-\u06F9]' then
    v_text := translate(
      v_text, 'ςىیةٱک٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹', 'σييهاك01234567890123456789');
  end if;
  return v_text;
end $$;


--
-- Name: FUNCTION fold_letters(written text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.fold_letters(written text) IS 'The form of a text with letters beyond ASCII, see app.fold_text.';


--
-- Name: fold_text(text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.fold_text(written text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (octet_length(written) = char_length(written)) THEN lower(written) ELSE app.fold_letters(written) END;


--
-- Name: FUNCTION fold_text(written text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.fold_text(written text) IS 'The form in which texts are compared: searches and what is searched.';


--
-- Name: forget_answers(uuid); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.forget_answers(id uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_user constant text := app.require_user_id();
  v_kept app.idempotency_keys;
  v_body text;
begin
  for v_kept in
    select * from app.idempotency_keys as kept
    where kept.user_id = v_user and position(forget_answers.id::text in kept.body) > 0
  loop
    v_body := app.redact_answer(v_kept.body, id);
    continue when v_body = v_kept.body;
    delete from app.idempotency_keys as kept where kept.user_id = v_user and kept.key = v_kept.key;
    insert into app.idempotency_keys (key, request, status, headers, body)
    values (v_kept.key, v_kept.request, v_kept.status, v_kept.headers, v_body);
  end loop;
end $$;


--
-- Name: FUNCTION forget_answers(id uuid); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.forget_answers(id uuid) IS 'Takes a task out of the kept answers of the user.';


--
-- Name: hash_body(jsonb); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.hash_body(body jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((jsonb_hash_extended(body, (0)::bigint) || ' '::text) || jsonb_hash_extended(body, (1)::bigint));


--
-- Name: FUNCTION hash_body(body jsonb); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.hash_body(body jsonb) IS 'The same for bodies that mean the same, and with near certainty another for others.';


--
-- Name: insert_successor(app.tasks, jsonb); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.insert_successor(task app.tasks, next jsonb) RETURNS app.tasks
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION insert_successor(task app.tasks, next jsonb); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.insert_successor(task app.tasks, next jsonb) IS 'Inserts the next task of a series, after a recurring task is completed.';


--
-- Name: insert_task(app.tasks); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.insert_task(task app.tasks) RETURNS app.tasks
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION insert_task(task app.tasks); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.insert_task(task app.tasks) IS 'Inserts a task for the user; raises 23505 where the user has one with its id.';


--
-- Name: link_pages(text, integer, text, text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.link_pages(link text, "limit" integer, next text, previous text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN concat_ws(', '::text, (((((('<'::text || link) || 'limit='::text) || "limit") || '&'::text) || next) || '>; rel="next"'::text), (((((('<'::text || link) || 'limit='::text) || "limit") || '&'::text) || previous) || '>; rel="prev"'::text), (((('<'::text || link) || 'limit='::text) || "limit") || '>; rel="first"'::text));


--
-- Name: FUNCTION link_pages(link text, "limit" integer, next text, previous text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.link_pages(link text, "limit" integer, next text, previous text) IS 'The value of the header Link. link is the URL of the list without its place; next and previous are the parameter that leads there, or null.';


--
-- Name: local_times(jsonb); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.local_times(body jsonb) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN array_remove(ARRAY[CASE WHEN (("right"((body ->> 'due_date'::text), 1) <> ALL (ARRAY['Z'::text, 'z'::text])) AND ((body ->> 'due_date'::text) !~ '[Tt ].*[+-]\d{2}(:?\d{2})?$'::text)) THEN 'due_date'::text ELSE NULL::text END, CASE WHEN (("right"((body ->> 'reminder_at'::text), 1) <> ALL (ARRAY['Z'::text, 'z'::text])) AND ((body ->> 'reminder_at'::text) !~ '[Tt ].*[+-]\d{2}(:?\d{2})?$'::text)) THEN 'reminder_at'::text ELSE NULL::text END], NULL::text);


--
-- Name: FUNCTION local_times(body jsonb); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.local_times(body jsonb) IS 'The fields of a body with a time that has no offset.';


--
-- Name: require_user_id(); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.require_user_id() RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
declare
  v_user constant text := app.user_id();
begin
  if v_user is null then
    raise exception 'no user is set' using errcode = 'DT401',
      hint = 'set app.user_id for the transaction first';
  end if;
  return v_user;
end $$;


--
-- Name: FUNCTION require_user_id(); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.require_user_id() IS 'The user of the present statement; raises DT401 when none is set.';


--
-- Name: lock_user(); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.lock_user() RETURNS text
    LANGUAGE sql
    RETURN CASE WHEN (pg_advisory_xact_lock(hashtextextended(app.require_user_id(), (0)::bigint)) IS NOT NULL) THEN app.user_id() ELSE NULL::text END;


--
-- Name: FUNCTION lock_user(); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.lock_user() IS 'Makes the other writes of the present user wait until this transaction ends; returns the user.';


--
-- Name: make_cursor(text, jsonb, text, integer, text, uuid, boolean); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.make_cursor(cursor_key text, parameters jsonb, typed text, "limit" integer, key text, id uuid, backwards boolean) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
begin
  return app.sign_cursor(cursor_key, app.encode_base64url(convert_to(
    jsonb_build_object(
      'parameters', parameters - array['limit', 'offset', 'cursor'], 'typed', typed, 'limit', "limit",
      'key', key, 'id', id, 'backwards', backwards
    )::text, 'UTF8')));
end $$;


--
-- Name: FUNCTION make_cursor(cursor_key text, parameters jsonb, typed text, "limit" integer, key text, id uuid, backwards boolean); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.make_cursor(cursor_key text, parameters jsonb, typed text, "limit" integer, key text, id uuid, backwards boolean) IS 'The cursor of the page after (or, backwards, before) the task with this id and key. typed is the q of the client where parameters have a suggestion instead.';


--
-- Name: max_waiting(); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.max_waiting() RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN 10000;


--
-- Name: FUNCTION max_waiting(); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.max_waiting() IS 'How many deliveries may wait for a webhook that is failing; twice as many for any other.';


--
-- Name: merge_task(app.tasks, jsonb); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.merge_task(task app.tasks, patch jsonb) RETURNS app.tasks
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION merge_task(task app.tasks, patch jsonb); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.merge_task(task app.tasks, patch jsonb) IS 'The task with the fields of the patch; raises DT400 where one has the wrong type. Other members of the patch are left alone.';


--
-- Name: webhooks; Type: TABLE; Schema: app; Owner: -
--

CREATE TABLE app.webhooks (
    user_id text DEFAULT app.user_id() NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    url text NOT NULL,
    label text,
    events text[] NOT NULL,
    headers jsonb DEFAULT '{}'::jsonb NOT NULL,
    body jsonb,
    timezone text,
    paused text,
    generation integer DEFAULT 1 NOT NULL,
    rotated_at timestamp with time zone,
    failing_since timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    waiting integer DEFAULT 0 NOT NULL,
    due_at timestamp with time zone,
    CONSTRAINT webhooks_body_placeholders CHECK ((regexp_count((body)::text, '\{[a-z_]+\}'::text) <= 20)),
    CONSTRAINT webhooks_body_size CHECK ((octet_length((body)::text) <= 4096)),
    CONSTRAINT webhooks_events_known CHECK (((cardinality(events) > 0) AND (events <@ ARRAY['task.created'::text, 'task.updated'::text, 'task.completed'::text, 'task.reopened'::text, 'task.deleted'::text, 'task.reminder'::text]))),
    CONSTRAINT webhooks_headers_form CHECK (((jsonb_array_length(jsonb_path_query_array(headers, '$.keyvalue()'::jsonpath)) <= 10) AND (NOT jsonb_path_exists(headers, '$.keyvalue()?((((@."value".type() != "string" || !(@."value" like_regex "^[ -~]*$")) || !(@."key" like_regex "^[A-Za-z0-9_-]+$")) || @."key" like_regex "^(content|proxy|webhook)-" flag "i") || @."key" like_regex "^(host|connection|expect|keep-alive|te|trailer|transfer-encoding|upgrade)$" flag "i")'::jsonpath)))),
    CONSTRAINT webhooks_headers_size CHECK ((octet_length((headers)::text) <= 4096)),
    CONSTRAINT webhooks_label_length CHECK (((char_length(label) >= 1) AND (char_length(label) <= 100))),
    CONSTRAINT webhooks_paused_known CHECK ((paused = ANY (ARRAY['user'::text, 'gone'::text, 'failing'::text]))),
    CONSTRAINT webhooks_url_form CHECK ((url ~ '^https?://[A-Za-z0-9.:\[\]_-]+([/?][!-"$-~]*)?$'::text)),
    CONSTRAINT webhooks_url_length CHECK (((char_length(url) >= 1) AND (char_length(url) <= 2000)))
)
WITH (fillfactor='80');

ALTER TABLE ONLY app.webhooks FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE webhooks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TABLE app.webhooks IS 'The addresses to which a user has reminders and events sent.';


--
-- Name: COLUMN webhooks.user_id; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.webhooks.user_id IS 'The owner, from the token.';


--
-- Name: COLUMN webhooks.id; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.webhooks.id IS 'The id of the webhook, unique among those of its owner.';


--
-- Name: COLUMN webhooks.url; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.webhooks.url IS 'Where the requests go. It may hold a secret of the receiver.';


--
-- Name: COLUMN webhooks.label; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.webhooks.label IS 'What the webhook is for, or null.';


--
-- Name: COLUMN webhooks.events; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.webhooks.events IS 'The types of the events that are sent.';


--
-- Name: COLUMN webhooks.headers; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.webhooks.headers IS 'Header fields of the requests, besides those of the service. Their values are secrets.';


--
-- Name: COLUMN webhooks.body; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.webhooks.body IS 'The body of the requests, with placeholders such as {title} in its strings; null: the event.';


--
-- Name: COLUMN webhooks.timezone; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.webhooks.timezone IS 'The zone in which {due} is written where the task has none; null means UTC.';


--
-- Name: COLUMN webhooks.paused; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.webhooks.paused IS 'Why nothing is sent: user, gone (it answered 410) or failing; null while it is active.';


--
-- Name: COLUMN webhooks.generation; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.webhooks.generation IS 'The number of its signing secret, which is derived and not stored.';


--
-- Name: COLUMN webhooks.rotated_at; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.webhooks.rotated_at IS 'When the secret was last changed; for a day both sign.';


--
-- Name: COLUMN webhooks.failing_since; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.webhooks.failing_since IS 'The first failure since the last success, or null.';


--
-- Name: COLUMN webhooks.created_at; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.webhooks.created_at IS 'When it was created.';


--
-- Name: COLUMN webhooks.updated_at; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.webhooks.updated_at IS 'When it last changed; the ETag is made of it.';


--
-- Name: COLUMN webhooks.waiting; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.webhooks.waiting IS 'How many of its deliveries wait.';


--
-- Name: COLUMN webhooks.due_at; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.webhooks.due_at IS 'When it has its next turn: its place in the line of porter.find_due. No later than its next delivery; null while it is paused, or where nothing waits.';


--
-- Name: CONSTRAINT webhooks_body_placeholders ON webhooks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT webhooks_body_placeholders ON app.webhooks IS 'placeholder_count: must have at most 20 placeholders like {title}';


--
-- Name: CONSTRAINT webhooks_body_size ON webhooks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT webhooks_body_size ON app.webhooks IS 'object_length: must have at most 4,096 bytes';


--
-- Name: CONSTRAINT webhooks_events_known ON webhooks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT webhooks_events_known ON app.webhooks IS 'enum: must be one or more of task.created, task.updated, task.completed, task.reopened, task.deleted, task.reminder';


--
-- Name: CONSTRAINT webhooks_headers_form ON webhooks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT webhooks_headers_form ON app.webhooks IS 'headers_form: must be at most 10 header fields with values in ASCII, none of them Host, Content-… or Webhook-…';


--
-- Name: CONSTRAINT webhooks_headers_size ON webhooks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT webhooks_headers_size ON app.webhooks IS 'object_length: must have at most 4,096 bytes in all';


--
-- Name: CONSTRAINT webhooks_label_length ON webhooks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT webhooks_label_length ON app.webhooks IS 'string_length: must have 1 to 100 characters';


--
-- Name: CONSTRAINT webhooks_paused_known ON webhooks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT webhooks_paused_known ON app.webhooks IS 'enum: must be user, or null to go on';


--
-- Name: CONSTRAINT webhooks_url_form ON webhooks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT webhooks_url_form ON app.webhooks IS 'url_form: must be a URL like https://example.com/path, in ASCII, without a user and without a fragment';


--
-- Name: CONSTRAINT webhooks_url_length ON webhooks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT webhooks_url_length ON app.webhooks IS 'string_length: must have 1 to 2,000 characters';


--
-- Name: merge_webhook(app.webhooks, jsonb, boolean, boolean); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.merge_webhook(webhook app.webhooks, patch jsonb, plain boolean, lenient boolean) RETURNS app.webhooks
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $_$
declare
  c_fields constant text[] := array['url', 'label', 'events', 'headers', 'body', 'timezone', 'paused'];
  -- What is read can be sent back.
  c_ignored constant text[] :=
    array['id', 'header_names', 'failing_since', 'created_at', 'updated_at', 'secret'];
  v_old constant app.webhooks := webhook;
  v_member record;
  v_bad text[] := '{}';
  v_type text;
  v_message text;
  v_fault jsonb;
  v_faults jsonb := '[]';
  v_unknown jsonb := '[]';
begin
  if jsonb_typeof(patch) is distinct from 'object' then
    perform app.refuse('', 'object_type',
      'must be a JSON object, for example {"url": "https://ntfy.sh/my-topic"}');
  end if;
  -- More than 100 members are refused before any loop.
  perform app.refuse_unknown_fields(patch, c_fields, true);
  for v_member in select field, value from jsonb_each(patch) as member (field, value) loop
    begin
      perform app.refuse_unknown_fields(
        jsonb_build_object(v_member.field, v_member.value), c_fields || c_ignored, lenient);
      if v_member.field = 'url' then
        webhook.url := app.trim_text(app.read_text(patch, 'url'));
        if webhook.url ~ '^http:' and not plain then
          perform app.refuse('url', 'url_https', 'must begin with https:');
        end if;
      elsif v_member.field = 'label' then
        webhook.label := app.trim_text(app.read_text(patch, 'label'));
      elsif v_member.field = 'events' then
        if jsonb_typeof(v_member.value) <> 'array' or jsonb_array_length(v_member.value) > 20
          or jsonb_path_exists(v_member.value, '$[*] ? (@.type() != "string")')
        then
          perform app.refuse('events', 'array_type', 'must be an array of types of events');
        end if;
        webhook.events := array(select distinct jsonb_array_elements_text(v_member.value) order by 1);
      elsif v_member.field = 'headers' then
        if jsonb_typeof(v_member.value) = 'null' then
          webhook.headers := '{}';
        elsif jsonb_typeof(v_member.value) = 'object' then
          webhook.headers := jsonb_strip_nulls(webhook.headers || v_member.value);
        else
          perform app.refuse('headers', 'object_type', 'must be an object of header fields and their values');
        end if;
      elsif v_member.field = 'body' then
        webhook.body := nullif(v_member.value, 'null');
      elsif v_member.field = 'timezone' then
        webhook.timezone := app.read_text(patch, 'timezone');
        if webhook.timezone is not null
          and not exists (select from pg_timezone_names as zone where zone.name = webhook.timezone)
        then
          perform app.refuse('timezone', 'timezone_unknown',
            'must be an IANA time zone, for example Europe/Berlin');
        end if;
      elsif v_member.field = 'paused' then
        webhook.paused := app.read_text(patch, 'paused');
        if webhook.paused <> 'user' and webhook.paused is distinct from v_old.paused then
          perform app.refuse('paused', 'enum', 'must be user, or null to go on');
        end if;
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
  if webhook.url is null and 'url' <> all(v_bad) then
    v_faults := v_faults || jsonb_build_object(
      'loc', array['body', 'url'], 'msg', 'is required: a URL like https://example.com/path',
      'type', 'missing');
  end if;
  v_faults := v_faults || app.find_rule_faults(webhook, v_bad) || v_unknown;
  if v_faults <> '[]' then
    raise exception 'bad webhook' using errcode = 'DT400', detail = v_faults;
  end if;
  return webhook;
end $_$;


--
-- Name: FUNCTION merge_webhook(webhook app.webhooks, patch jsonb, plain boolean, lenient boolean); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.merge_webhook(webhook app.webhooks, patch jsonb, plain boolean, lenient boolean) IS 'The webhook with the fields of the patch; raises DT400, with all that is wrong.';


--
-- Name: next_due(uuid); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.next_due(webhook_id uuid) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  v_user constant text := app.require_user_id();
  v_due timestamptz;
begin
  select delivery.due_at into v_due from app.deliveries as delivery
  where delivery.user_id = v_user and delivery.webhook_id = next_due.webhook_id
    and delivery.due_at is not null
  order by delivery.due_at
  limit 1;
  return case when v_due is not null then greatest(v_due, now()) end;
end $$;


--
-- Name: FUNCTION next_due(webhook_id uuid); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.next_due(webhook_id uuid) IS 'When the webhook has its next turn, if it had one now; null where nothing waits.';


--
-- Name: number_task(); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.number_task() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_version constant bigint := (
    select counts.version from app.task_counts as counts where counts.user_id = new.user_id);
  v_updated_at constant timestamptz := app.time_of(v_version);
begin
  update app.tasks as task set version = v_version, updated_at = v_updated_at
  where task.user_id = new.user_id and task.id = new.id;
  return null;
end $$;


--
-- Name: FUNCTION number_task(); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.number_task() IS 'Gives a change by direct SQL its number, as version and updated_at.';


--
-- Name: page_tasks_by_created_at_asc(app.task_query, text, uuid, integer); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.page_tasks_by_created_at_asc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  v_user constant text := app.require_user_id();
  v_after constant timestamptz := coalesce(after, '-infinity');
  v_after_id constant uuid := coalesce(after_id, '00000000000000000000000000000000');
  v_rows constant integer := "limit" + query.offset;
begin
  select
    array_agg(page.id),
    array[(array_agg(page.key))[1]::text, (array_agg(page.key))[least(count(*), "limit" - 1)]::text],
    array_agg(page.document)
  into ids, keys, documents
  from (
    select task.id, task.created_at as key, app.render_task(row(task.*)::app.tasks) as document
    from (
      (select task.* from (
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and (task.created_at, task.id) > (v_after, v_after_id)
        order by task.created_at asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and (task.created_at, task.id) > (v_after, v_after_id)
        order by task.created_at asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and (task.created_at, task.id) > (v_after, v_after_id)
        order by task.created_at asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and (task.created_at, task.id) > (v_after, v_after_id)
        order by task.created_at asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and (task.created_at, task.id) > (v_after, v_after_id)
        order by task.created_at asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and (task.created_at, task.id) > (v_after, v_after_id)
        order by task.created_at asc, task.id asc limit v_rows)
      ) as task order by task.created_at asc, task.id asc limit v_rows)
    ) as task
    order by task.created_at asc, task.id asc
    limit "limit" offset query.offset
  ) as page;
end $$;


--
-- Name: FUNCTION page_tasks_by_created_at_asc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.page_tasks_by_created_at_asc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]) IS 'The page of tasks after the given key and id, or the first; statuses, priorities and offset from the query. The keys are those of the first task, and of the last but the one that shows whether there are more.';


--
-- Name: page_tasks_by_created_at_desc(app.task_query, text, uuid, integer); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.page_tasks_by_created_at_desc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  v_user constant text := app.require_user_id();
  v_after constant timestamptz := coalesce(after, 'infinity');
  v_after_id constant uuid := coalesce(after_id, 'ffffffffffffffffffffffffffffffff');
  v_rows constant integer := "limit" + query.offset;
begin
  select
    array_agg(page.id),
    array[(array_agg(page.key))[1]::text, (array_agg(page.key))[least(count(*), "limit" - 1)]::text],
    array_agg(page.document)
  into ids, keys, documents
  from (
    select task.id, task.created_at as key, app.render_task(row(task.*)::app.tasks) as document
    from (
      (select task.* from (
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and (task.created_at, task.id) < (v_after, v_after_id)
        order by task.created_at desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and (task.created_at, task.id) < (v_after, v_after_id)
        order by task.created_at desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and (task.created_at, task.id) < (v_after, v_after_id)
        order by task.created_at desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and (task.created_at, task.id) < (v_after, v_after_id)
        order by task.created_at desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and (task.created_at, task.id) < (v_after, v_after_id)
        order by task.created_at desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and (task.created_at, task.id) < (v_after, v_after_id)
        order by task.created_at desc, task.id desc limit v_rows)
      ) as task order by task.created_at desc, task.id desc limit v_rows)
    ) as task
    order by task.created_at desc, task.id desc
    limit "limit" offset query.offset
  ) as page;
end $$;


--
-- Name: FUNCTION page_tasks_by_created_at_desc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.page_tasks_by_created_at_desc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]) IS 'The page of tasks after the given key and id, or the first; statuses, priorities and offset from the query. The keys are those of the first task, and of the last but the one that shows whether there are more.';


--
-- Name: page_tasks_by_due_or_infinity_asc(app.task_query, text, uuid, integer); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.page_tasks_by_due_or_infinity_asc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  v_user constant text := app.require_user_id();
  v_after constant timestamptz := coalesce(after, '-infinity');
  v_after_id constant uuid := coalesce(after_id, '00000000000000000000000000000000');
  v_rows constant integer := "limit" + query.offset;
begin
  select
    array_agg(page.id),
    array[(array_agg(page.key))[1]::text, (array_agg(page.key))[least(count(*), "limit" - 1)]::text],
    array_agg(page.document)
  into ids, keys, documents
  from (
    select task.id, coalesce(task.due_date, 'infinity') as key, app.render_task(row(task.*)::app.tasks) as document
    from (
      (select task.* from (
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and (task.due_date, task.id) > (v_after, v_after_id)
        order by task.due_date asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and (task.due_date, task.id) > (v_after, v_after_id)
        order by task.due_date asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and (task.due_date, task.id) > (v_after, v_after_id)
        order by task.due_date asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and (task.due_date, task.id) > (v_after, v_after_id)
        order by task.due_date asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and (task.due_date, task.id) > (v_after, v_after_id)
        order by task.due_date asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and (task.due_date, task.id) > (v_after, v_after_id)
        order by task.due_date asc, task.id asc limit v_rows)
      ) as task order by task.due_date asc, task.id asc limit v_rows)
      union all
      (select task.* from (
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and task.due_date is null and task.id > case
          when 'infinity' = v_after then v_after_id
          when 'infinity' > v_after then '00000000000000000000000000000000'::uuid
          else 'ffffffffffffffffffffffffffffffff'::uuid end
        order by task.due_date asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and task.due_date is null and task.id > case
          when 'infinity' = v_after then v_after_id
          when 'infinity' > v_after then '00000000000000000000000000000000'::uuid
          else 'ffffffffffffffffffffffffffffffff'::uuid end
        order by task.due_date asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and task.due_date is null and task.id > case
          when 'infinity' = v_after then v_after_id
          when 'infinity' > v_after then '00000000000000000000000000000000'::uuid
          else 'ffffffffffffffffffffffffffffffff'::uuid end
        order by task.due_date asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and task.due_date is null and task.id > case
          when 'infinity' = v_after then v_after_id
          when 'infinity' > v_after then '00000000000000000000000000000000'::uuid
          else 'ffffffffffffffffffffffffffffffff'::uuid end
        order by task.due_date asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and task.due_date is null and task.id > case
          when 'infinity' = v_after then v_after_id
          when 'infinity' > v_after then '00000000000000000000000000000000'::uuid
          else 'ffffffffffffffffffffffffffffffff'::uuid end
        order by task.due_date asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and task.due_date is null and task.id > case
          when 'infinity' = v_after then v_after_id
          when 'infinity' > v_after then '00000000000000000000000000000000'::uuid
          else 'ffffffffffffffffffffffffffffffff'::uuid end
        order by task.due_date asc, task.id asc limit v_rows)
      ) as task order by task.due_date asc, task.id asc limit v_rows)
    ) as task
    order by coalesce(task.due_date, 'infinity') asc, task.id asc
    limit "limit" offset query.offset
  ) as page;
end $$;


--
-- Name: FUNCTION page_tasks_by_due_or_infinity_asc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.page_tasks_by_due_or_infinity_asc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]) IS 'The page of tasks after the given key and id, or the first; statuses, priorities and offset from the query. The keys are those of the first task, and of the last but the one that shows whether there are more.';


--
-- Name: page_tasks_by_due_or_infinity_desc(app.task_query, text, uuid, integer); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.page_tasks_by_due_or_infinity_desc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  v_user constant text := app.require_user_id();
  v_after constant timestamptz := coalesce(after, 'infinity');
  v_after_id constant uuid := coalesce(after_id, 'ffffffffffffffffffffffffffffffff');
  v_rows constant integer := "limit" + query.offset;
begin
  select
    array_agg(page.id),
    array[(array_agg(page.key))[1]::text, (array_agg(page.key))[least(count(*), "limit" - 1)]::text],
    array_agg(page.document)
  into ids, keys, documents
  from (
    select task.id, coalesce(task.due_date, 'infinity') as key, app.render_task(row(task.*)::app.tasks) as document
    from (
      (select task.* from (
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and (task.due_date, task.id) < (v_after, v_after_id)
        order by task.due_date desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and (task.due_date, task.id) < (v_after, v_after_id)
        order by task.due_date desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and (task.due_date, task.id) < (v_after, v_after_id)
        order by task.due_date desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and (task.due_date, task.id) < (v_after, v_after_id)
        order by task.due_date desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and (task.due_date, task.id) < (v_after, v_after_id)
        order by task.due_date desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and (task.due_date, task.id) < (v_after, v_after_id)
        order by task.due_date desc, task.id desc limit v_rows)
      ) as task order by task.due_date desc, task.id desc limit v_rows)
      union all
      (select task.* from (
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and task.due_date is null and task.id < case
          when 'infinity' = v_after then v_after_id
          when 'infinity' < v_after then 'ffffffffffffffffffffffffffffffff'::uuid
          else '00000000000000000000000000000000'::uuid end
        order by task.due_date desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and task.due_date is null and task.id < case
          when 'infinity' = v_after then v_after_id
          when 'infinity' < v_after then 'ffffffffffffffffffffffffffffffff'::uuid
          else '00000000000000000000000000000000'::uuid end
        order by task.due_date desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and task.due_date is null and task.id < case
          when 'infinity' = v_after then v_after_id
          when 'infinity' < v_after then 'ffffffffffffffffffffffffffffffff'::uuid
          else '00000000000000000000000000000000'::uuid end
        order by task.due_date desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and task.due_date is null and task.id < case
          when 'infinity' = v_after then v_after_id
          when 'infinity' < v_after then 'ffffffffffffffffffffffffffffffff'::uuid
          else '00000000000000000000000000000000'::uuid end
        order by task.due_date desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and task.due_date is null and task.id < case
          when 'infinity' = v_after then v_after_id
          when 'infinity' < v_after then 'ffffffffffffffffffffffffffffffff'::uuid
          else '00000000000000000000000000000000'::uuid end
        order by task.due_date desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and task.due_date is null and task.id < case
          when 'infinity' = v_after then v_after_id
          when 'infinity' < v_after then 'ffffffffffffffffffffffffffffffff'::uuid
          else '00000000000000000000000000000000'::uuid end
        order by task.due_date desc, task.id desc limit v_rows)
      ) as task order by task.due_date desc, task.id desc limit v_rows)
    ) as task
    order by coalesce(task.due_date, 'infinity') desc, task.id desc
    limit "limit" offset query.offset
  ) as page;
end $$;


--
-- Name: FUNCTION page_tasks_by_due_or_infinity_desc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.page_tasks_by_due_or_infinity_desc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]) IS 'The page of tasks after the given key and id, or the first; statuses, priorities and offset from the query. The keys are those of the first task, and of the last but the one that shows whether there are more.';


--
-- Name: page_tasks_by_due_or_minus_infinity_asc(app.task_query, text, uuid, integer); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.page_tasks_by_due_or_minus_infinity_asc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  v_user constant text := app.require_user_id();
  v_after constant timestamptz := coalesce(after, '-infinity');
  v_after_id constant uuid := coalesce(after_id, '00000000000000000000000000000000');
  v_rows constant integer := "limit" + query.offset;
begin
  select
    array_agg(page.id),
    array[(array_agg(page.key))[1]::text, (array_agg(page.key))[least(count(*), "limit" - 1)]::text],
    array_agg(page.document)
  into ids, keys, documents
  from (
    select task.id, coalesce(task.due_date, '-infinity') as key, app.render_task(row(task.*)::app.tasks) as document
    from (
      (select task.* from (
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and (task.due_date, task.id) > (v_after, v_after_id)
        order by task.due_date asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and (task.due_date, task.id) > (v_after, v_after_id)
        order by task.due_date asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and (task.due_date, task.id) > (v_after, v_after_id)
        order by task.due_date asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and (task.due_date, task.id) > (v_after, v_after_id)
        order by task.due_date asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and (task.due_date, task.id) > (v_after, v_after_id)
        order by task.due_date asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and (task.due_date, task.id) > (v_after, v_after_id)
        order by task.due_date asc, task.id asc limit v_rows)
      ) as task order by task.due_date asc, task.id asc limit v_rows)
      union all
      (select task.* from (
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and task.due_date is null and task.id > case
          when '-infinity' = v_after then v_after_id
          when '-infinity' > v_after then '00000000000000000000000000000000'::uuid
          else 'ffffffffffffffffffffffffffffffff'::uuid end
        order by task.due_date asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and task.due_date is null and task.id > case
          when '-infinity' = v_after then v_after_id
          when '-infinity' > v_after then '00000000000000000000000000000000'::uuid
          else 'ffffffffffffffffffffffffffffffff'::uuid end
        order by task.due_date asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and task.due_date is null and task.id > case
          when '-infinity' = v_after then v_after_id
          when '-infinity' > v_after then '00000000000000000000000000000000'::uuid
          else 'ffffffffffffffffffffffffffffffff'::uuid end
        order by task.due_date asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and task.due_date is null and task.id > case
          when '-infinity' = v_after then v_after_id
          when '-infinity' > v_after then '00000000000000000000000000000000'::uuid
          else 'ffffffffffffffffffffffffffffffff'::uuid end
        order by task.due_date asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and task.due_date is null and task.id > case
          when '-infinity' = v_after then v_after_id
          when '-infinity' > v_after then '00000000000000000000000000000000'::uuid
          else 'ffffffffffffffffffffffffffffffff'::uuid end
        order by task.due_date asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and task.due_date is null and task.id > case
          when '-infinity' = v_after then v_after_id
          when '-infinity' > v_after then '00000000000000000000000000000000'::uuid
          else 'ffffffffffffffffffffffffffffffff'::uuid end
        order by task.due_date asc, task.id asc limit v_rows)
      ) as task order by task.due_date asc, task.id asc limit v_rows)
    ) as task
    order by coalesce(task.due_date, '-infinity') asc, task.id asc
    limit "limit" offset query.offset
  ) as page;
end $$;


--
-- Name: FUNCTION page_tasks_by_due_or_minus_infinity_asc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.page_tasks_by_due_or_minus_infinity_asc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]) IS 'The page of tasks after the given key and id, or the first; statuses, priorities and offset from the query. The keys are those of the first task, and of the last but the one that shows whether there are more.';


--
-- Name: page_tasks_by_due_or_minus_infinity_desc(app.task_query, text, uuid, integer); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.page_tasks_by_due_or_minus_infinity_desc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  v_user constant text := app.require_user_id();
  v_after constant timestamptz := coalesce(after, 'infinity');
  v_after_id constant uuid := coalesce(after_id, 'ffffffffffffffffffffffffffffffff');
  v_rows constant integer := "limit" + query.offset;
begin
  select
    array_agg(page.id),
    array[(array_agg(page.key))[1]::text, (array_agg(page.key))[least(count(*), "limit" - 1)]::text],
    array_agg(page.document)
  into ids, keys, documents
  from (
    select task.id, coalesce(task.due_date, '-infinity') as key, app.render_task(row(task.*)::app.tasks) as document
    from (
      (select task.* from (
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and (task.due_date, task.id) < (v_after, v_after_id)
        order by task.due_date desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and (task.due_date, task.id) < (v_after, v_after_id)
        order by task.due_date desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and (task.due_date, task.id) < (v_after, v_after_id)
        order by task.due_date desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and (task.due_date, task.id) < (v_after, v_after_id)
        order by task.due_date desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and (task.due_date, task.id) < (v_after, v_after_id)
        order by task.due_date desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and (task.due_date, task.id) < (v_after, v_after_id)
        order by task.due_date desc, task.id desc limit v_rows)
      ) as task order by task.due_date desc, task.id desc limit v_rows)
      union all
      (select task.* from (
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and task.due_date is null and task.id < case
          when '-infinity' = v_after then v_after_id
          when '-infinity' < v_after then 'ffffffffffffffffffffffffffffffff'::uuid
          else '00000000000000000000000000000000'::uuid end
        order by task.due_date desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and task.due_date is null and task.id < case
          when '-infinity' = v_after then v_after_id
          when '-infinity' < v_after then 'ffffffffffffffffffffffffffffffff'::uuid
          else '00000000000000000000000000000000'::uuid end
        order by task.due_date desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and task.due_date is null and task.id < case
          when '-infinity' = v_after then v_after_id
          when '-infinity' < v_after then 'ffffffffffffffffffffffffffffffff'::uuid
          else '00000000000000000000000000000000'::uuid end
        order by task.due_date desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and task.due_date is null and task.id < case
          when '-infinity' = v_after then v_after_id
          when '-infinity' < v_after then 'ffffffffffffffffffffffffffffffff'::uuid
          else '00000000000000000000000000000000'::uuid end
        order by task.due_date desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and task.due_date is null and task.id < case
          when '-infinity' = v_after then v_after_id
          when '-infinity' < v_after then 'ffffffffffffffffffffffffffffffff'::uuid
          else '00000000000000000000000000000000'::uuid end
        order by task.due_date desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and task.due_date is null and task.id < case
          when '-infinity' = v_after then v_after_id
          when '-infinity' < v_after then 'ffffffffffffffffffffffffffffffff'::uuid
          else '00000000000000000000000000000000'::uuid end
        order by task.due_date desc, task.id desc limit v_rows)
      ) as task order by task.due_date desc, task.id desc limit v_rows)
    ) as task
    order by coalesce(task.due_date, '-infinity') desc, task.id desc
    limit "limit" offset query.offset
  ) as page;
end $$;


--
-- Name: FUNCTION page_tasks_by_due_or_minus_infinity_desc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.page_tasks_by_due_or_minus_infinity_desc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]) IS 'The page of tasks after the given key and id, or the first; statuses, priorities and offset from the query. The keys are those of the first task, and of the last but the one that shows whether there are more.';


--
-- Name: page_tasks_by_priority_key_asc(app.task_query, text, uuid, integer); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.page_tasks_by_priority_key_asc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  v_user constant text := app.require_user_id();
  v_after constant bigint := coalesce(after, '0');
  v_after_id constant uuid := coalesce(after_id, '00000000000000000000000000000000');
  v_rows constant integer := "limit" + query.offset;
begin
  select
    array_agg(page.id),
    array[(array_agg(page.key))[1]::text, (array_agg(page.key))[least(count(*), "limit" - 1)]::text],
    array_agg(page.document)
  into ids, keys, documents
  from (
    select task.id, app.priority_key(task.priority, task.created_at) as key, app.render_task(row(task.*)::app.tasks) as document
    from (
      (select task.* from (
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and (task.created_at, task.id) > (app.time_of(v_after - 1 * 10000000000000000), v_after_id)
        order by task.created_at asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and (task.created_at, task.id) > (app.time_of(v_after - 1 * 10000000000000000), v_after_id)
        order by task.created_at asc, task.id asc limit v_rows)
      ) as task order by task.created_at asc, task.id asc limit v_rows)
      union all
      (select task.* from (
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and (task.created_at, task.id) > (app.time_of(v_after - 2 * 10000000000000000), v_after_id)
        order by task.created_at asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and (task.created_at, task.id) > (app.time_of(v_after - 2 * 10000000000000000), v_after_id)
        order by task.created_at asc, task.id asc limit v_rows)
      ) as task order by task.created_at asc, task.id asc limit v_rows)
      union all
      (select task.* from (
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and (task.created_at, task.id) > (app.time_of(v_after - 3 * 10000000000000000), v_after_id)
        order by task.created_at asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and (task.created_at, task.id) > (app.time_of(v_after - 3 * 10000000000000000), v_after_id)
        order by task.created_at asc, task.id asc limit v_rows)
      ) as task order by task.created_at asc, task.id asc limit v_rows)
    ) as task
    order by app.priority_key(task.priority, task.created_at) asc, task.id asc
    limit "limit" offset query.offset
  ) as page;
end $$;


--
-- Name: FUNCTION page_tasks_by_priority_key_asc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.page_tasks_by_priority_key_asc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]) IS 'The page of tasks after the given key and id, or the first; statuses, priorities and offset from the query. The keys are those of the first task, and of the last but the one that shows whether there are more.';


--
-- Name: page_tasks_by_priority_key_desc(app.task_query, text, uuid, integer); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.page_tasks_by_priority_key_desc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  v_user constant text := app.require_user_id();
  v_after constant bigint := coalesce(after, '900000000000000000');
  v_after_id constant uuid := coalesce(after_id, 'ffffffffffffffffffffffffffffffff');
  v_rows constant integer := "limit" + query.offset;
begin
  select
    array_agg(page.id),
    array[(array_agg(page.key))[1]::text, (array_agg(page.key))[least(count(*), "limit" - 1)]::text],
    array_agg(page.document)
  into ids, keys, documents
  from (
    select task.id, app.priority_key(task.priority, task.created_at) as key, app.render_task(row(task.*)::app.tasks) as document
    from (
      (select task.* from (
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and (task.created_at, task.id) < (app.time_of(v_after - 1 * 10000000000000000), v_after_id)
        order by task.created_at desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and (task.created_at, task.id) < (app.time_of(v_after - 1 * 10000000000000000), v_after_id)
        order by task.created_at desc, task.id desc limit v_rows)
      ) as task order by task.created_at desc, task.id desc limit v_rows)
      union all
      (select task.* from (
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and (task.created_at, task.id) < (app.time_of(v_after - 2 * 10000000000000000), v_after_id)
        order by task.created_at desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and (task.created_at, task.id) < (app.time_of(v_after - 2 * 10000000000000000), v_after_id)
        order by task.created_at desc, task.id desc limit v_rows)
      ) as task order by task.created_at desc, task.id desc limit v_rows)
      union all
      (select task.* from (
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and (task.created_at, task.id) < (app.time_of(v_after - 3 * 10000000000000000), v_after_id)
        order by task.created_at desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and (task.created_at, task.id) < (app.time_of(v_after - 3 * 10000000000000000), v_after_id)
        order by task.created_at desc, task.id desc limit v_rows)
      ) as task order by task.created_at desc, task.id desc limit v_rows)
    ) as task
    order by app.priority_key(task.priority, task.created_at) desc, task.id desc
    limit "limit" offset query.offset
  ) as page;
end $$;


--
-- Name: FUNCTION page_tasks_by_priority_key_desc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.page_tasks_by_priority_key_desc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]) IS 'The page of tasks after the given key and id, or the first; statuses, priorities and offset from the query. The keys are those of the first task, and of the last but the one that shows whether there are more.';


--
-- Name: page_tasks_by_title_key_asc(app.task_query, text, uuid, integer); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.page_tasks_by_title_key_asc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  v_user constant text := app.require_user_id();
  v_after constant text := coalesce(after, '');
  v_after_id constant uuid := coalesce(after_id, '00000000000000000000000000000000');
  v_rows constant integer := "limit" + query.offset;
begin
  select
    array_agg(page.id),
    array[(array_agg(page.key))[1]::text, (array_agg(page.key))[least(count(*), "limit" - 1)]::text],
    array_agg(page.document)
  into ids, keys, documents
  from (
    select task.id, task.title_key as key, app.render_task(row(task.*)::app.tasks) as document
    from (
      (select task.* from (
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and (task.title_key, task.id) > (v_after, v_after_id)
        order by task.title_key asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and (task.title_key, task.id) > (v_after, v_after_id)
        order by task.title_key asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and (task.title_key, task.id) > (v_after, v_after_id)
        order by task.title_key asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and (task.title_key, task.id) > (v_after, v_after_id)
        order by task.title_key asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and (task.title_key, task.id) > (v_after, v_after_id)
        order by task.title_key asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and (task.title_key, task.id) > (v_after, v_after_id)
        order by task.title_key asc, task.id asc limit v_rows)
      ) as task order by task.title_key asc, task.id asc limit v_rows)
    ) as task
    order by task.title_key asc, task.id asc
    limit "limit" offset query.offset
  ) as page;
end $$;


--
-- Name: FUNCTION page_tasks_by_title_key_asc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.page_tasks_by_title_key_asc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]) IS 'The page of tasks after the given key and id, or the first; statuses, priorities and offset from the query. The keys are those of the first task, and of the last but the one that shows whether there are more.';


--
-- Name: page_tasks_by_title_key_desc(app.task_query, text, uuid, integer); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.page_tasks_by_title_key_desc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  v_user constant text := app.require_user_id();
  v_after constant text := coalesce(after, '􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿􏿿');
  v_after_id constant uuid := coalesce(after_id, 'ffffffffffffffffffffffffffffffff');
  v_rows constant integer := "limit" + query.offset;
begin
  select
    array_agg(page.id),
    array[(array_agg(page.key))[1]::text, (array_agg(page.key))[least(count(*), "limit" - 1)]::text],
    array_agg(page.document)
  into ids, keys, documents
  from (
    select task.id, task.title_key as key, app.render_task(row(task.*)::app.tasks) as document
    from (
      (select task.* from (
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and (task.title_key, task.id) < (v_after, v_after_id)
        order by task.title_key desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and (task.title_key, task.id) < (v_after, v_after_id)
        order by task.title_key desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and (task.title_key, task.id) < (v_after, v_after_id)
        order by task.title_key desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and (task.title_key, task.id) < (v_after, v_after_id)
        order by task.title_key desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and (task.title_key, task.id) < (v_after, v_after_id)
        order by task.title_key desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and (task.title_key, task.id) < (v_after, v_after_id)
        order by task.title_key desc, task.id desc limit v_rows)
      ) as task order by task.title_key desc, task.id desc limit v_rows)
    ) as task
    order by task.title_key desc, task.id desc
    limit "limit" offset query.offset
  ) as page;
end $$;


--
-- Name: FUNCTION page_tasks_by_title_key_desc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.page_tasks_by_title_key_desc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]) IS 'The page of tasks after the given key and id, or the first; statuses, priorities and offset from the query. The keys are those of the first task, and of the last but the one that shows whether there are more.';


--
-- Name: page_tasks_by_updated_at_asc(app.task_query, text, uuid, integer); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.page_tasks_by_updated_at_asc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  v_user constant text := app.require_user_id();
  v_after constant timestamptz := coalesce(after, '-infinity');
  v_after_id constant uuid := coalesce(after_id, '00000000000000000000000000000000');
  v_rows constant integer := "limit" + query.offset;
begin
  select
    array_agg(page.id),
    array[(array_agg(page.key))[1]::text, (array_agg(page.key))[least(count(*), "limit" - 1)]::text],
    array_agg(page.document)
  into ids, keys, documents
  from (
    select task.id, task.updated_at as key, app.render_task(row(task.*)::app.tasks) as document
    from (
      (select task.* from (
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and (task.updated_at, task.id) > (v_after, v_after_id)
        order by task.updated_at asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and (task.updated_at, task.id) > (v_after, v_after_id)
        order by task.updated_at asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and (task.updated_at, task.id) > (v_after, v_after_id)
        order by task.updated_at asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and (task.updated_at, task.id) > (v_after, v_after_id)
        order by task.updated_at asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and (task.updated_at, task.id) > (v_after, v_after_id)
        order by task.updated_at asc, task.id asc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and (task.updated_at, task.id) > (v_after, v_after_id)
        order by task.updated_at asc, task.id asc limit v_rows)
      ) as task order by task.updated_at asc, task.id asc limit v_rows)
    ) as task
    order by task.updated_at asc, task.id asc
    limit "limit" offset query.offset
  ) as page;
end $$;


--
-- Name: FUNCTION page_tasks_by_updated_at_asc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.page_tasks_by_updated_at_asc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]) IS 'The page of tasks after the given key and id, or the first; statuses, priorities and offset from the query. The keys are those of the first task, and of the last but the one that shows whether there are more.';


--
-- Name: page_tasks_by_updated_at_desc(app.task_query, text, uuid, integer); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.page_tasks_by_updated_at_desc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  v_user constant text := app.require_user_id();
  v_after constant timestamptz := coalesce(after, 'infinity');
  v_after_id constant uuid := coalesce(after_id, 'ffffffffffffffffffffffffffffffff');
  v_rows constant integer := "limit" + query.offset;
begin
  select
    array_agg(page.id),
    array[(array_agg(page.key))[1]::text, (array_agg(page.key))[least(count(*), "limit" - 1)]::text],
    array_agg(page.document)
  into ids, keys, documents
  from (
    select task.id, task.updated_at as key, app.render_task(row(task.*)::app.tasks) as document
    from (
      (select task.* from (
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and (task.updated_at, task.id) < (v_after, v_after_id)
        order by task.updated_at desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and (task.updated_at, task.id) < (v_after, v_after_id)
        order by task.updated_at desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = false and false = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and (task.updated_at, task.id) < (v_after, v_after_id)
        order by task.updated_at desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'High' and 'High' = any(query.priorities)
          and (task.updated_at, task.id) < (v_after, v_after_id)
        order by task.updated_at desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Medium' and 'Medium' = any(query.priorities)
          and (task.updated_at, task.id) < (v_after, v_after_id)
        order by task.updated_at desc, task.id desc limit v_rows)
        union all
        (select task.* from app.tasks as task
        where task.user_id = v_user and task.completed = true and true = any(query.statuses)
          and task.priority = 'Low' and 'Low' = any(query.priorities)
          and (task.updated_at, task.id) < (v_after, v_after_id)
        order by task.updated_at desc, task.id desc limit v_rows)
      ) as task order by task.updated_at desc, task.id desc limit v_rows)
    ) as task
    order by task.updated_at desc, task.id desc
    limit "limit" offset query.offset
  ) as page;
end $$;


--
-- Name: FUNCTION page_tasks_by_updated_at_desc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.page_tasks_by_updated_at_desc(query app.task_query, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[]) IS 'The page of tasks after the given key and id, or the first; statuses, priorities and offset from the query. The keys are those of the first task, and of the last but the one that shows whether there are more.';


--
-- Name: parse_any_time(text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.parse_any_time(text text) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $_$
declare
  v_parts text[];
  v_date text;
begin
  v_parts := regexp_match(
    "text",
    '^(?:(\d{4})-?W(\d{2})-?([1-7])|(\d{4}-\d{2}-\d{2}|\d{8}|\d{4}-?(?!000)\d{3}))'
    '(?:[Tt ](\d{2})(?::?(\d{2})(?::?(\d{2})(?:[.,](\d+))?)?)?'
    '(?:[Zz]|([+-])([01]\d|2[0-3])(?::?([0-5]\d))?)?)?$');
  if v_parts is null then
    return null;
  end if;
  v_date := v_parts[4];
  if v_date is null then
    v_date := to_char(to_date(v_parts[1] || v_parts[2] || v_parts[3], 'IYYYIWID'), 'YYYY-MM-DD');
    if to_char(v_date::timestamp, 'IYYYIWID') <> v_parts[1] || v_parts[2] || v_parts[3] then
      return null;
    end if;
  elsif v_date ~ '^\d{4}-?\d{3}$' then
    v_date := to_char(to_date(replace(v_date, '-', ''), 'YYYYDDD'), 'YYYY-MM-DD');
  end if;
  -- PostgreSQL itself reads offsets of less than 16 hours only.
  return format(
    '%s %s:%s:%sZ',
    v_date, coalesce(v_parts[5], '00'), coalesce(v_parts[6], '00'),
    concat_ws(
      '.', case v_parts[7] when '60' then '59' else coalesce(v_parts[7], '00') end, left(v_parts[8], 6))
    )::timestamptz
    + case v_parts[7] when '60' then interval '1 second' else '0' end
    - coalesce((v_parts[9] || v_parts[10] || ':' || coalesce(v_parts[11], '00'))::interval, '0');
exception when datetime_field_overflow or invalid_datetime_format or invalid_time_zone_displacement_value then
  return null;
end $_$;


--
-- Name: FUNCTION parse_any_time(text text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.parse_any_time(text text) IS 'The time that an ISO 8601 text means, or null where it means none.';


--
-- Name: parse_time(text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.parse_time(value text) RETURNS timestamp with time zone
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN (value ~ '^(?!0000)\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?([Zz]|[+-](0\d|1[0-4]):[0-5]\d)$'::text) THEN (value)::timestamp with time zone ELSE app.parse_any_time(value) END;


--
-- Name: FUNCTION parse_time(value text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.parse_time(value text) IS 'As app.parse_any_time, and faster for the usual form.';


--
-- Name: preconditions_hold(text, text, bigint); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.preconditions_hold(if_match text, if_none_match text, version bigint) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (COALESCE(app.etag_matches(if_match, (('"'::text || (version)::text) || '"'::text)), true) AND (NOT COALESCE(app.etag_matches_weakly(if_none_match, (('"'::text || (version)::text) || '"'::text)), false)));


--
-- Name: FUNCTION preconditions_hold(if_match text, if_none_match text, version bigint); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.preconditions_hold(if_match text, if_none_match text, version bigint) IS 'Whether a task of this version may be changed; null is a condition that the request does not have.';


--
-- Name: present_user(); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.present_user() RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
declare
  v_user constant text := app.user_id();
begin
  if v_user is null then
    raise exception 'no user is set on this machine' using errcode = '40001';
  end if;
  return v_user;
end $$;


--
-- Name: FUNCTION present_user(); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.present_user() IS 'The user of the present statement; raises 40001 where none is set.';


--
-- Name: version_of(timestamp with time zone); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.version_of(moment timestamp with time zone) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((EXTRACT(epoch FROM (moment - '1970-01-01 00:00:00+00'::timestamp with time zone)) * (1000000)::numeric))::bigint;


--
-- Name: FUNCTION version_of(moment timestamp with time zone); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.version_of(moment timestamp with time zone) IS 'The version that an updated_at stands for: microseconds since 1970.';


--
-- Name: priority_key(text, timestamp with time zone); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.priority_key(priority text, created_at timestamp with time zone) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ((array_position('{High,Medium,Low}'::text[], priority) * '10000000000000000'::bigint) + app.version_of(created_at));


--
-- Name: FUNCTION priority_key(priority text, created_at timestamp with time zone); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.priority_key(priority text, created_at timestamp with time zone) IS 'The place of a task in the order by priority.';


--
-- Name: refuse(text, text, text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.refuse(field text, type text, message text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
begin
  raise exception using
    errcode = 'DT400', column = field, constraint = type, message = message,
    detail = jsonb_build_array(jsonb_build_object(
      'loc', array_remove(array['body', field], ''), 'msg', message, 'type', type))::text;
end $$;


--
-- Name: FUNCTION refuse(field text, type text, message text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.refuse(field text, type text, message text) IS 'Raises DT400: the field (column), the stable type (constraint), what must be (message), and all three as JSON (detail). It never returns; text is for expressions.';


--
-- Name: read_boolean(jsonb, text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.read_boolean(body jsonb, field text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (CASE WHEN (jsonb_typeof((body -> field)) <> 'boolean'::text) THEN app.refuse(field, 'boolean_type'::text, 'must be true or false'::text) ELSE (body ->> field) END)::boolean;


--
-- Name: FUNCTION read_boolean(body jsonb, field text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.read_boolean(body jsonb, field text) IS 'True or false, or null where it is missing; raises DT400 where it is anything else.';


--
-- Name: read_cursor(text, text, jsonb); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.read_cursor(cursor_key text, cursor text, parameters jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  v_payload constant text := split_part(cursor, '.', 1);
  v_cursor jsonb;
begin
  if cursor <> app.sign_cursor(cursor_key, v_payload) then
    raise exception 'bad cursor' using errcode = 'DT400',
      detail = '[{"loc": ["query", "cursor"], '
        '"msg": "is not a next_cursor of yours; begin again without it", '
        '"type": "cursor_invalid"}]';
  end if;
  v_cursor := convert_from(
    decode(rpad(translate(v_payload, '-_', '+/'), (char_length(v_payload) + 3) / 4 * 4, '='), 'base64'),
    'UTF8');
  -- Most come alone, or with just the parameters that they carry.
  if jsonb_array_length(parameters -> 'cursor') > 1
    or not v_cursor -> 'parameters' @> (parameters - array['limit', 'cursor'])
  then
    perform app.check_cursor(v_cursor, parameters);
  end if;
  return v_cursor;
end $$;


--
-- Name: FUNCTION read_cursor(cursor_key text, cursor text, parameters jsonb); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.read_cursor(cursor_key text, cursor text, parameters jsonb) IS 'The content of the cursor; raises DT400 where it was not made for this user, or comes with other filters than its own.';


--
-- Name: read_integer(jsonb, text, integer, integer); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.read_integer(body jsonb, field text, low integer, high integer) RETURNS integer
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN (jsonb_typeof((body -> field)) = 'null'::text) THEN NULL::integer WHEN ((jsonb_typeof((body -> field)) = 'number'::text) AND ((((body -> field))::numeric >= (low)::numeric) AND (((body -> field))::numeric <= (high)::numeric)) AND (((body -> field))::numeric = trunc(((body -> field))::numeric))) THEN (((body -> field))::numeric)::integer ELSE (app.refuse(field, 'number_range'::text, format('must be a whole number from %s to %s'::text, low, high)))::integer END;


--
-- Name: FUNCTION read_integer(body jsonb, field text, low integer, high integer); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.read_integer(body jsonb, field text, low integer, high integer) IS 'The whole number, or null; raises DT400 where it is anything else, or lies outside of the bounds.';


--
-- Name: read_since(text, app.task_counts); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.read_since(since text, counts app.task_counts, OUT after bigint, OUT begun bigint) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $_$
declare
  v_parts text[];
begin
  if since is null then
    after := 0;
    begun := counts.version;
    return;
  end if;
  v_parts := regexp_match(since, '^([0-9a-f]{8})-([0-9]{1,18})(?:-([0-9]{1,18}))?$');
  if v_parts is null then
    raise exception 'bad token' using errcode = 'DT400', detail = jsonb_build_array(jsonb_build_object(
      'loc', array['query', 'since'], 'type', 'since_invalid',
      'msg', 'is not a next of GET /changes; send one as it was given, or begin again without it'));
  end if;
  after := v_parts[2];
  begun := v_parts[3];
  if v_parts[1] <> app.epoch() or coalesce(begun, after) not between counts.forgotten and counts.version
    or after > counts.version
  then
    raise exception 'deletions since then are not known' using errcode = 'DT410';
  end if;
end $_$;


--
-- Name: FUNCTION read_since(since text, counts app.task_counts, OUT after bigint, OUT begun bigint); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.read_since(since text, counts app.task_counts, OUT after bigint, OUT begun bigint) IS 'The content of a since token; raises DT400 where it is malformed, and DT410 where the changes since then are not all known.';


--
-- Name: read_tags(jsonb, text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.read_tags(body jsonb, field text) RETURNS app.tag[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
declare
  v_elements constant jsonb := body -> field;
  v_tags text[] := '{}';
  v_tag text;
begin
  if jsonb_typeof(v_elements) = 'null' then
    return v_tags;
  end if;
  if jsonb_typeof(v_elements) <> 'array' then
    perform app.refuse(field, 'array_type', 'must be an array of strings');
  end if;
  if jsonb_array_length(v_elements) > 200 then
    perform app.refuse(
      field, 'array_length', 'must have at most 200 elements, and at most 50 different tags');
  end if;
  for v_place in 0 .. jsonb_array_length(v_elements) - 1 loop
    if jsonb_typeof(v_elements -> v_place) <> 'string' then
      perform app.refuse(field, 'string_type', 'must be an array of strings');
    end if;
    v_tag := app.trim_text(v_elements ->> v_place);
    if not v_tag = any(v_tags) then
      v_tags := v_tags || v_tag;
    end if;
  end loop;
  return v_tags;
end $$;


--
-- Name: FUNCTION read_tags(body jsonb, field text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.read_tags(body jsonb, field text) IS 'The tags; raises DT400 where they are not an array of at most 200 strings, and 23514 where one is not a tag.';


--
-- Name: read_task(uuid, text, text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.read_task(id uuid, if_match text, if_none_match text) RETURNS app.tasks
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION read_task(id uuid, if_match text, if_none_match text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.read_task(id uuid, if_match text, if_none_match text) IS 'The user''s task; raises DT404 where there is none, and DT412 where If-Match or If-None-Match does not hold.';


--
-- Name: read_task_query(jsonb); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.read_task_query(parameters jsonb) RETURNS app.task_query
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $_$
declare
  c_known constant text[] := array[
    'q', 'status', 'priority', 'tags', 'tags_match', 'due_date_from', 'due_date_to', 'sort_by', 'sort_order',
    'limit', 'offset', 'cursor'];
  v_query app.task_query := row(
    '{false,true}'::boolean[], '{High,Medium,Low}'::text[],
    null, null, false, null, null, null, null, 50, 0, null);
  v_faults jsonb := '[]';
  v_name text;
  v_values text[];
  v_value text;
  v_fault text[];
begin
  for v_name in select name from jsonb_object_keys(parameters) as name loop
    -- An empty parameter is one that was left out: forms send them.
    v_values := array(
      select value from jsonb_array_elements_text(parameters -> v_name) as value
      where app.trim_text(value) <> '');
    v_value := app.trim_text(v_values[1]);
    v_fault := null;
    if v_name <> all(c_known) then
      -- The known ones are few, so that this is where too many are met.
      if (select count(*) from jsonb_object_keys(parameters)) > 100 then
        raise exception 'bad parameters' using errcode = 'DT400',
          detail = '[{"loc": ["query"], "msg": "must have at most 100 parameters", '
            '"type": "too_many_parameters"}]';
      end if;
      -- axios sends tags[]=home for an array.
      v_fault := array['unknown_parameter', 'is not a parameter here' || coalesce(
        '; did you mean ' || app.suggest_name(v_name, c_known) || '?',
        '; the parameters are ' || array_to_string(c_known, ', '))];
    elsif cardinality(v_values) > 1 and v_name not in ('tags', 'priority') then
      v_fault := array['repeated_parameter', 'must be given once'];
    elsif v_value is null then
      null;
    elsif v_name = 'q' then
      v_query.q := v_value;
      if char_length(v_value) > 2000 then
        v_fault := array['string_length', 'must have at most 2,000 characters'];
      end if;
    elsif v_name = 'status' then
      if lower(v_value) in ('true', 'complete', 'completed') then
        v_query.statuses := '{true}';
      elsif lower(v_value) in ('false', 'incomplete') then
        v_query.statuses := '{false}';
      else
        v_fault := array['enum', 'must be complete (or completed, true) or incomplete (or false)'];
      end if;
    elsif v_name = 'priority' then
      v_query.priorities := array(
        select distinct initcap(app.trim_text(name))
        from unnest(v_values) as value, unnest(string_to_array(value, ',')) as name);
      if not v_query.priorities <@ '{High,Medium,Low}'::text[] then
        v_fault := array['enum', 'must be High, Medium or Low, or several of them with commas'];
      end if;
    elsif v_name = 'tags' then
      v_query.tags := array(
        select distinct app.trim_text(tag)
        from unnest(v_values) as value, unnest(string_to_array(value, ',')) as tag
        where app.trim_text(tag) <> '');
      if cardinality(v_query.tags) > 50
        or (select max(char_length(tag)) from unnest(v_query.tags) as tag) > 50
      then
        v_fault := array['string_length', 'must be at most 50 tags of at most 50 characters'];
      end if;
    elsif v_name = 'tags_match' then
      v_query.tags_match_all := lower(v_value) = 'all';
      if lower(v_value) not in ('any', 'all') then
        v_fault := array['enum', 'must be any or all'];
      end if;
    elsif v_name in ('due_date_from', 'due_date_to') then
      if app.parse_time(v_value) is null then
        v_fault := array[
          'datetime_format', 'must be an ISO 8601 date or date-time, for example 2026-01-10 or '
            '2026-01-10T17:00:00Z (in a URL, + is %2B)'];
      elsif v_name = 'due_date_from' then
        v_query.due_from := app.parse_time(v_value);
      elsif v_value ~ '[Tt ]' then
        v_query.due_to := app.parse_time(v_value);
      else
        -- A bare date means the whole of that day in UTC, which has no change of clocks, unlike the session's
        -- zone.
        v_query.due_to := app.parse_time(v_value) + interval '24 hours' - interval '1 microsecond';
      end if;
    elsif v_name = 'sort_by' then
      v_query.sort_by := lower(v_value);
      if v_query.sort_by not in (
        'due_date', 'title', 'priority', 'created_at', 'updated_at', 'relevance')
      then
        v_fault := array['enum', 'must be due_date, title, priority, created_at, updated_at or relevance'];
      elsif v_query.sort_by = 'relevance' and app.trim_text(coalesce(parameters -> 'q' ->> 0, '')) = '' then
        v_fault := array['relevance_without_q', 'can be relevance only with q'];
      end if;
    elsif v_name = 'sort_order' then
      v_query.descending := lower(v_value) = 'desc';
      if lower(v_value) not in ('asc', 'desc') then
        v_fault := array['enum', 'must be asc or desc'];
      end if;
    elsif v_name = 'limit' then
      if v_value !~ '^[0-9]{1,9}$' or v_value::integer not between 1 and 100 then
        v_fault := array['number_range', 'must be a whole number from 1 to 100'];
      else
        v_query.limit := v_value;
      end if;
    elsif v_name = 'offset' then
      if v_value !~ '^[0-9]{1,9}$' then
        v_fault := array[
          'number_range',
          'must be a whole number from 0 to 999999999; to go through a long list, use cursor'];
      else
        v_query.offset := v_value;
      end if;
    end if;
    if v_fault is not null then
      v_faults := v_faults || jsonb_build_object(
        'loc', array['query', left(v_name, 100)], 'msg', v_fault[2], 'type', v_fault[1]);
    end if;
  end loop;
  if v_faults <> '[]' then
    raise exception 'bad parameters' using errcode = 'DT400', detail = v_faults;
  end if;
  v_query.descending := coalesce(
    v_query.descending, v_query.sort_by is null or v_query.sort_by = 'relevance');
  v_query.sort_by := coalesce(
    v_query.sort_by, case when v_query.q is null then 'created_at' else 'relevance' end);
  return v_query;
end $_$;


--
-- Name: FUNCTION read_task_query(parameters jsonb); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.read_task_query(parameters jsonb) IS 'The query that {"name": ["value", …], …} asks for. Raises DT400 with an array of {"loc", "msg", "type"} as its detail.';


--
-- Name: read_text(jsonb, text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.read_text(body jsonb, field text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN (jsonb_typeof((body -> field)) <> ALL (ARRAY['string'::text, 'null'::text])) THEN app.refuse(field, 'string_type'::text, 'must be a string'::text) ELSE (body ->> field) END;


--
-- Name: FUNCTION read_text(body jsonb, field text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.read_text(body jsonb, field text) IS 'The string, or null; raises DT400 where it is anything else.';


--
-- Name: read_time(jsonb, text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.read_time(body jsonb, field text) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
declare
  v_text constant text := app.read_text(body, field);
  v_time constant timestamptz := app.parse_time(v_text);
begin
  if v_time is null and v_text is not null then
    perform app.refuse(
      field, 'datetime_format', 'must be an ISO 8601 date-time, for example 2026-01-10T17:00:00Z');
  end if;
  return v_time;
end $$;


--
-- Name: FUNCTION read_time(body jsonb, field text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.read_time(body jsonb, field text) IS 'The time, or null; raises DT400 where it is anything but an ISO 8601 string.';


--
-- Name: read_webhook(uuid, text, text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.read_webhook(id uuid, if_match text, if_none_match text) RETURNS app.webhooks
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  v_user constant text := app.require_user_id();
  v_webhook app.webhooks;
begin
  select * into v_webhook from app.webhooks as webhook
  where webhook.user_id = v_user and webhook.id = read_webhook.id;
  if not found then
    raise exception 'no such webhook' using errcode = 'DT404';
  end if;
  if not app.preconditions_hold(if_match, if_none_match, app.version_of(v_webhook.updated_at)) then
    raise exception 'a precondition of the request does not hold' using errcode = 'DT412';
  end if;
  return v_webhook;
end $$;


--
-- Name: FUNCTION read_webhook(id uuid, if_match text, if_none_match text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.read_webhook(id uuid, if_match text, if_none_match text) IS 'The user''s webhook; raises DT404 where there is none, and DT412 where a precondition does not hold.';


--
-- Name: recall_answer(text, text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.recall_answer(key text, request text, OUT status integer, OUT headers text[], OUT body text) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_user constant text := app.require_user_id();
  v_kept app.idempotency_keys;
begin
  -- Held to the end of the transaction. Meanwhile another request with the same key is refused, and does not
  -- wait.
  if not pg_try_advisory_xact_lock(hashtextextended(v_user || E'\n' || key, 0)) then
    raise exception 'the first request with this Idempotency-Key is still running' using errcode = 'DT409';
  end if;
  select * into v_kept
  from app.idempotency_keys as kept
  where kept.user_id = v_user and kept.key = recall_answer.key
    and kept.created_at > now() - interval '24 hours';
  if v_kept.request <> recall_answer.request then
    raise exception 'this Idempotency-Key was used for another request' using errcode = 'DT422';
  end if;
  if v_kept.body = '' then
    raise exception 'the task of the first answer has been deleted' using errcode = 'DT404';
  end if;
  status := v_kept.status;
  headers := v_kept.headers || array['idempotency-replayed', 'true'];
  body := v_kept.body;
end $$;


--
-- Name: FUNCTION recall_answer(key text, request text, OUT status integer, OUT headers text[], OUT body text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.recall_answer(key text, request text, OUT status integer, OUT headers text[], OUT body text) IS 'The answer to the first request with this key; nulls where this is the first. Raises DT409 while the first runs, DT422 where it was another, DT404 where its task has been deleted.';


--
-- Name: redact_answer(text, uuid); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.redact_answer(body text, id uuid) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION redact_answer(body text, id uuid); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.redact_answer(body text, id uuid) IS 'A kept answer without a deleted task; empty where nothing is left.';


--
-- Name: refuse_other_users(); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.refuse_other_users() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  if row_security_active(tg_relid) and new.user_id is distinct from app.present_user() then
    raise exception 'a row of another user' using errcode = '42501';
  end if;
  return new;
end $$;


--
-- Name: FUNCTION refuse_other_users(); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.refuse_other_users() IS 'Raises 42501 where the new row is not the present user''s.';


--
-- Name: refuse_unknown_fields(jsonb, text[], boolean); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.refuse_unknown_fields(body jsonb, known text[], lenient boolean) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
declare
  v_rest jsonb;
  v_unknown text;
  v_meant text;
begin
  if jsonb_typeof(body) is distinct from 'object' then
    perform app.refuse('', 'object_type', 'must be a JSON object, for example {"title": "Buy milk"}');
  end if;
  v_rest := body - known;
  if v_rest = '{}' then
    return body;
  end if;
  -- Before any loop over them: more members than this are not read.
  if (select count(*) from jsonb_object_keys(body)) > 100 then
    perform app.refuse('', 'object_length', 'must have at most 100 members');
  end if;
  if lenient then
    return body;
  end if;
  v_unknown := (select min(field) from jsonb_object_keys(v_rest) as field);
  v_meant := app.suggest_name(v_unknown, known);
  perform app.refuse(
    left(v_unknown, 100), 'unknown_field',
    'is not a field here'
    || coalesce('; did you mean ' || v_meant || '?', '; the fields are ' || array_to_string(known, ', ')));
end $$;


--
-- Name: FUNCTION refuse_unknown_fields(body jsonb, known text[], lenient boolean); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.refuse_unknown_fields(body jsonb, known text[], lenient boolean) IS 'The body; raises DT400 where it is no object, has more than 100 members or, unless lenient, has an unknown field; the message names the field that was probably meant.';


--
-- Name: remember_answer(text, text, integer, text[], text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.remember_answer(key text, request text, status integer, headers text[], body text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_user constant text := app.require_user_id();
begin
  -- An expired answer under this very key.
  delete from app.idempotency_keys as kept where kept.user_id = v_user and kept.key = remember_answer.key;
  insert into app.idempotency_keys (key, request, status, headers, body)
  values (key, request, status, headers, body);
end $$;


--
-- Name: FUNCTION remember_answer(key text, request text, status integer, headers text[], body text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.remember_answer(key text, request text, status integer, headers text[], body text) IS 'Keeps an answer for 24 hours; each time, some that are older are removed, so that there are never many.';


--
-- Name: render_time(timestamp with time zone); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.render_time(moment timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (replace(((moment AT TIME ZONE 'UTC'::text))::text, ' '::text, 'T'::text) || 'Z'::text);


--
-- Name: FUNCTION render_time(moment timestamp with time zone); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.render_time(moment timestamp with time zone) IS 'A time of RFC 3339 in UTC.';


--
-- Name: render_event(text, timestamp with time zone, bigint, text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.render_event(type text, moment timestamp with time zone, number bigint, data text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN concat('{"type":"', type, '","timestamp":"', app.render_time(moment), '","version":', number, ',"data":', data, '}');


--
-- Name: FUNCTION render_event(type text, moment timestamp with time zone, number bigint, data text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.render_event(type text, moment timestamp with time zone, number bigint, data text) IS 'An event as the JSON that a receiver reads; data is JSON.';


--
-- Name: render_json(jsonb); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.render_json(value jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN regexp_replace((value)::text, '("(?:[^"\\]|\\.)*")|([,:]) '::text, '\1\2'::text, 'g'::text);


--
-- Name: FUNCTION render_json(value jsonb); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.render_json(value jsonb) IS 'A value as compact JSON.';


--
-- Name: render_pass(uuid, text, text, timestamp with time zone, timestamp with time zone, date); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.render_pass(id uuid, label text, scope text, created_at timestamp with time zone, expires_at timestamp with time zone, last_used_on date) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (row_to_json(ROW(id, label, scope, app.render_time(created_at), app.render_time(expires_at), last_used_on)::app.pass_document))::text;


--
-- Name: FUNCTION render_pass(id uuid, label text, scope text, created_at timestamp with time zone, expires_at timestamp with time zone, last_used_on date); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.render_pass(id uuid, label text, scope text, created_at timestamp with time zone, expires_at timestamp with time zone, last_used_on date) IS 'A pass as JSON.';


--
-- Name: render_refusal(text, jsonb, jsonb); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.render_refusal(code text, faults jsonb, problems jsonb) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $_$
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
end $_$;


--
-- Name: FUNCTION render_refusal(code text, faults jsonb, problems jsonb); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.render_refusal(code text, faults jsonb, problems jsonb) IS 'The result of an operation that was refused: its problem document (RFC 9457).';


--
-- Name: render_result(integer, text[], text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.render_result(status integer, headers text[], response text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN concat('{"status":', status, (',"etag":'::text || (to_json(CASE WHEN ((headers)[1] = 'etag'::text) THEN (headers)[2] ELSE NULL::text END))::text), (',"location":'::text || (to_json(CASE WHEN ((headers)[3] = 'location'::text) THEN (headers)[4] ELSE NULL::text END))::text), (',"body":'::text || response), '}');


--
-- Name: FUNCTION render_result(status integer, headers text[], response text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.render_result(status integer, headers text[], response text) IS 'The result of an operation that was done; without a response it has no body.';


--
-- Name: render_task(app.tasks); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.render_task(task app.tasks) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (row_to_json(ROW((task).id, (task).user_id, (task).title, (task).description, (task).completed, (task).priority, ((task).tags)::text[], app.render_time((task).due_date), app.render_time((task).reminder_at), (task).is_recurring, (task).recurrence_rule, (task).timezone, app.render_time((task).created_at), app.render_time((task).updated_at))::app.task_document))::text;


--
-- Name: FUNCTION render_task(task app.tasks); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.render_task(task app.tasks) IS 'A task as the JSON that a client reads.';


--
-- Name: render_webhook(app.webhooks); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.render_webhook(webhook app.webhooks) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
begin
  return row_to_json(row(
    webhook.id, webhook.url, webhook.label, webhook.events,
    array(select jsonb_object_keys(webhook.headers)), app.render_json(webhook.body)::json,
    webhook.timezone, webhook.paused, app.render_time(webhook.failing_since),
    app.render_time(webhook.created_at), app.render_time(webhook.updated_at)
  )::app.webhook_document)::text;
end $$;


--
-- Name: FUNCTION render_webhook(webhook app.webhooks); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.render_webhook(webhook app.webhooks) IS 'A webhook as JSON.';


--
-- Name: resume_webhook(uuid); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.resume_webhook(id uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_user constant text := app.require_user_id();
  v_now constant timestamptz := now();
  v_waiting integer;
  v_due timestamptz;
begin
  update app.deliveries as delivery
  set due_at = v_now
  where delivery.user_id = v_user and delivery.webhook_id = resume_webhook.id
    and delivery.state = 'waiting' and delivery.due_at > v_now and not delivery.claimed;
  select count(*) into v_waiting from app.deliveries as delivery
  where delivery.user_id = v_user and delivery.webhook_id = resume_webhook.id and delivery.state = 'waiting';
  v_due := app.next_due(id);
  update app.webhooks as webhook
  set due_at = v_due, waiting = v_waiting
  where webhook.user_id = v_user and webhook.id = resume_webhook.id;
end $$;


--
-- Name: FUNCTION resume_webhook(id uuid); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.resume_webhook(id uuid) IS 'Lets what waits for a webhook go on.';


--
-- Name: run_operation(jsonb, boolean, boolean, jsonb); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.run_operation(operation jsonb, lenient boolean, careful boolean, answers jsonb, OUT status integer, OUT headers text[], OUT response text) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION run_operation(operation jsonb, lenient boolean, careful boolean, answers jsonb, OUT status integer, OUT headers text[], OUT response text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.run_operation(operation jsonb, lenient boolean, careful boolean, answers jsonb, OUT status integer, OUT headers text[], OUT response text) IS 'Does an operation of a batch, whose form is right. Without a status, the response is a question about the rule.';


--
-- Name: save_task(app.tasks, app.tasks, boolean, jsonb, jsonb); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.save_task(old app.tasks, new app.tasks, catch_up boolean, body jsonb, answer jsonb, OUT task app.tasks, OUT successor app.tasks, OUT question jsonb) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION save_task(old app.tasks, new app.tasks, catch_up boolean, body jsonb, answer jsonb, OUT task app.tasks, OUT successor app.tasks, OUT question jsonb); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.save_task(old app.tasks, new app.tasks, catch_up boolean, body jsonb, answer jsonb, OUT task app.tasks, OUT successor app.tasks, OUT question jsonb) IS 'Writes a task, and with its completion the successor. Where the answer lacks something, it writes nothing and returns the question.';


--
-- Name: search_query(text, text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.search_query(user_id text, q text) RETURNS tsquery
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO ''
    AS $_$
declare
  v_key constant text := '''' || app.search_scope(user_id);
  v_no_sign constant text := '[^' || app.search_signs() || ''']+';
  -- A compatibility form can be 18 letters; all of those of a title, and no more.
  v_text constant text := left(app.fold_text(translate(q, E'\x01', ' ')), 4000);
  v_part text[];
  v_written text;
  v_words text[];
  v_word text;
  v_stem text;
  v_terms text[];
  v_signs text;
  v_phrase text;
  v_typed boolean;
  v_or boolean := false;
  v_without boolean := false;
  v_all text;
  v_any text := '';
begin
  -- A minus that begins a word or a phrase becomes \x01. A part: this, a phrase, the quote that closes it; or
  -- this, a word, the end of the text.
  for v_part in
    select part
    from regexp_matches(
      regexp_replace(v_text, '(^|[\u0001-\u0020"])-(?=[^\u0001-\u0020>-])', E'\\1\x01', 'g'),
      '(\u0001?)(?:"([^"]*)("?)|([^\u0001-\u0020"]+)($)?)', 'g') as part
  loop
    if v_part[4] = 'or' and v_part[1] = '' and v_all is not null and not v_or then
      v_or := true;
      continue;
    end if;
    v_written := coalesce(v_part[2], v_part[4]);
    v_words := app.split_words(v_written);
    if v_words = '{}' then
      -- Signs are searched where they are quoted: "->".
      v_signs := regexp_replace(translate(v_part[2], E'\x01', '-'), v_no_sign, '', 'g');
      continue when v_part[1] <> '' or coalesce(v_signs, '') = '';
    end if;
    v_typed := (v_part[3] = '' or v_part[5] is not null)
      and right(v_written, 1) !~ ('[' || app.search_signs() || ']');
    v_terms := '{}';
    foreach v_word in array v_words loop
      v_stem := (ts_lexize('app.english_stem', v_word))[1];
      v_terms := v_terms || (v_key || v_stem || '''');
    end loop;
    if v_words = '{}' then
      v_phrase := app.sign_query(v_key, v_signs);
    elsif v_part[1] <> '' then
      -- Or where a title has the word and the minus before it.
      v_without := true;
      v_phrase := '!(' || array_to_string(v_terms, ' <-> ') || ') | ' || v_key || '-' || v_words[1]
        || case when v_typed and cardinality(v_words) = 1 then ''':*' else '''' end;
    else
      if v_typed then
        v_terms[cardinality(v_terms)] := case
          when v_stem = v_word then v_key || v_word || ''':*'
          else '(' || v_key || v_stem || ''' | ' || v_key || v_word || ''':*)' end;
      end if;
      v_phrase := array_to_string(v_terms, ' <-> ');
    end if;
    if v_or then
      v_any := v_any || v_all || ' | ';
      v_all := null;
      v_or := false;
    end if;
    v_all := concat_ws(' & ', v_all, '(' || v_phrase || ')');
  end loop;

  if v_or then
    -- Nothing follows it, so it is a word.
    v_all := v_all || ' & ' || v_key || 'or'':*';
  elsif v_all is null then
    -- Without a word the signs are searched, quotes only where there is no other; without a sign, a key that
    -- no task has.
    v_signs := regexp_replace(v_text, v_no_sign, '', 'g');
    v_all := coalesce(
      app.sign_query(v_key, coalesce(nullif(replace(v_signs, '"', ''), ''), v_signs)), v_key || ' ''');
  end if;
  v_any := v_any || v_all;
  if v_without then
    -- What is only without something would be read from the whole index: begin with the user's own rows.
    v_any := v_key || ''' & (' || v_any || ')';
  end if;
  return v_any::tsquery;
end $_$;


--
-- Name: FUNCTION search_query(user_id text, q text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.search_query(user_id text, q text) IS 'The query of the search index for the user''s tasks that match q; null where q is null.';


--
-- Name: search_scope(text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.search_scope(user_id text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN "left"(encode(decode(md5(user_id), 'hex'::text), 'base64'::text), 11);


--
-- Name: FUNCTION search_scope(user_id text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.search_scope(user_id text) IS 'The prefix of every key of the user in the search index.';


--
-- Name: search_signs(); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.search_signs() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN '!-&(-/:-@[-`{-~\u00A1-\u00BF\u00D7\u00F7\u02B9-\u02DF\u02E5-\u02EB\u02EF-\u02FF\u0375\u037E\u0384-\u0387\u03F6\u0482\u055A-\u055F\u0589-\u058F\u05BE\u05C0\u05C3\u05C6\u05F3\u05F4\u0600-\u060F\u061B-\u061F\u066A-\u066D\u06D4\u06DD\u06DE\u06E9\u06FD\u06FE\u0700-\u070D\u0964\u0965\u0970\u0DF4\u0E3F\u0E4F\u0E5A\u0E5B\u0F01-\u0F17\u0F3A-\u0F3D\u104A-\u104F\u10FB\u1360-\u1368\u1390-\u1399\u1400\u166D\u166E\u169B\u169C\u16EB-\u16ED\u17D4-\u17DB\u1800-\u180A\u2010-\u2027\u2030-\u205E\u207A-\u207E\u208A-\u208E\u20A0-\u20CF\u2100-\u214F\u2190-\u22FF\u2400-\u259F\u27C0-\u2AFF\u2E00-\u2E7F\u3001-\u3004\u3008-\u3020\u3030\u303D\u30A0\u30FB\uA4FE\uA4FF\uA60D-\uA60F\uA830-\uA839\uA874-\uA877\uA8CE\uA8CF\uA9C1-\uA9CD\uAA5C-\uAA5F\uABEB\uFD3E\uFD3F\uFE10-\uFE6F\uFF00-\uFFFD'::text;


--
-- Name: FUNCTION search_signs(); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.search_signs() IS 'The characters that part words, as the inside of a bracket expression; without blanks.';


--
-- Name: search_tasks(app.task_query, text, text, text, uuid, integer); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.search_tasks(query app.task_query, key text, direction text, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[], OUT total bigint) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $_$
declare
  v_user constant text := app.require_user_id();
  v_searches constant boolean := query.q is not null or query.tags is not null;
  v_proposed record;
  -- The text varies by the order and the filters alone; what they are compared with is always a parameter.
  v_key constant text := case key
    when 'relevance' then 'proposed.rank'
    when 'due_or_infinity' then $$coalesce(task.due_date, 'infinity')$$
    when 'due_or_minus_infinity' then $$coalesce(task.due_date, '-infinity')$$
    when 'priority_key' then 'app.priority_key(task.priority, task.created_at)'
    else format('task.%I', key) end;
  v_type constant text := case key
    when 'relevance' then 'real' when 'title_key' then 'text' when 'priority_key' then 'bigint'
      else 'timestamptz' end;
  v_direction constant text := case direction when 'asc' then 'asc' else 'desc' end;
  v_beyond constant text := case direction when 'asc' then '>' else '<' end;
  v_tasks constant text := case when v_searches
    -- Each row by itself ("offset 0"): or all of the user's tasks might be read, to pick these.
    then $$
      unnest($5, $6) as proposed (id, rank)
      cross join lateral (
        select task.* from app.tasks as task where task.user_id = $7 and task.id = proposed.id offset 0
      ) as task
    $$
    else $$
      unnest($8) as status
      cross join unnest($9) as priority
      inner join app.tasks as task
        on task.user_id = $7 and task.completed = status and task.priority = priority.priority
    $$ end;
  v_filters constant text := concat_ws(
    ' and ', 'true',
    case when v_searches and cardinality(query.statuses) < 2 then 'task.completed = any($8)' end,
    case when v_searches and cardinality(query.priorities) < 3 then 'task.priority = any($9)' end,
    case when query.due_from is not null then 'task.due_date >= $10' end,
    case when query.due_to is not null then 'task.due_date <= $11' end);
begin
  if v_searches then
    v_proposed := finder.find_tasks(query.q, query.tags, query.tags_match_all, key = 'relevance');
  else
    select null::uuid[] as ids, null::real[] as ranks into v_proposed;
  end if;
  execute format(
    $$
      with found as materialized (
        select task.id, %1$s as key from %2$s where %3$s
      ), page as (
        select found.id, found.key
        from found
        where $1 is null or (found.key, found.id) %4$s ($2::%5$s, $1)
        order by found.key %6$s, found.id %6$s
        limit $3 offset $4
      )
      select
        array_agg(page.id),
        array[(array_agg(page.key))[1]::text, (array_agg(page.key))[least(count(*), $3 - 1)]::text],
        array_agg(
          (select app.render_task(row(task.*)::app.tasks) from app.tasks as task
            where task.user_id = $7 and task.id = page.id)),
        (select count(*) from found)
      from page
    $$,
    v_key, v_tasks, v_filters, v_beyond, v_type, v_direction)
  into ids, keys, documents, total
  using
    after_id, after, "limit", query.offset, v_proposed.ids, v_proposed.ranks, v_user,
    query.statuses, query.priorities, query.due_from, query.due_to;
end $_$;


--
-- Name: FUNCTION search_tasks(query app.task_query, key text, direction text, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[], OUT total bigint); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.search_tasks(query app.task_query, key text, direction text, after text, after_id uuid, "limit" integer, OUT ids uuid[], OUT keys text[], OUT documents text[], OUT total bigint) IS 'A page, in the order of the key, of the tasks with words, tags or due dates, as of the functions for pages; and the number of all.';


--
-- Name: search_vector(text, text, text, text[]); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.search_vector(user_id text, title text, description text, tags text[]) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
declare
  v_scope constant text := app.search_scope(user_id);
  v_key constant text := ' ''' || v_scope;
  v_title constant text := app.fold_text(title);
  v_signs constant text := regexp_replace(v_title, '[^' || app.search_signs() || ''']+', '', 'g');
  v_text text := v_title;
  v_words text[] := app.split_words(v_title);
  v_in_title constant integer := cardinality(v_words);
  v_joined text[];
  v_place integer := 0;
  v_word text;
  v_stem text;
  v_at text;
  v_some text;
  v_keys text := v_key || '''';
  v_others text[] := '{}';
begin
  if description is not null then
    -- A compatibility form can be 18 letters: of those, not all are searched.
    v_text := left(app.fold_text(description), 8000);
    -- The empty word keeps phrases from reaching into the description.
    v_words := v_words || ''::text || app.split_words(v_text);
    v_text := v_title || ' ' || v_text;
  end if;
  if v_text ~ '[cdhjlmnstuvz]''[aeiouhyæœ]' then
    -- Where l'école is two words, lecole is one more. It has a place, or no phrase with l… would be found.
    v_joined := app.split_words(replace(v_text, '''', ''));
    if cardinality(v_joined) < cardinality(array_remove(v_words, '')) then
      v_words := v_words || ''::text
        || array(select unnest(v_joined) except select unnest(v_words) order by 1);
    end if;
  end if;
  -- By hundreds: a text that grows is copied each time.
  for v_start in 0 .. cardinality(v_words) / 100 loop
    v_some := '';
    foreach v_word in array v_words[v_start * 100 + 1 : v_start * 100 + 100] loop
      v_place := v_place + 1;
      v_at := ''':' || v_place || case when v_place <= v_in_title then 'A' else '' end;
      v_stem := (ts_lexize('app.english_stem', v_word))[1];
      v_some := v_some || v_key || v_word || v_at
        || case when v_stem <> v_word then v_key || v_stem || v_at else '' end;
    end loop;
    v_keys := v_keys || v_some;
  end loop;

  if tags <> '{}' then
    v_others := array(select v_scope || '#' || tag from unnest(tags) as tag);
  end if;
  if v_signs <> '' then
    v_others := v_others
      || string_to_array(v_scope || array_to_string(string_to_array(v_signs, null), ' ' || v_scope), ' ');
    if v_title ~ '(^|[\u0001-\u0020"])-[^\u0001-\u0020-]' then
      -- As app.search_query reads them: a phrase, or a word.
      v_others := v_others || array(
        select v_scope || '-' || word
        from regexp_matches(
          v_title, '(?:^|[\u0001-\u0020"])-(?:"([^"]*)|([^\u0001-\u0020">-][^\u0001-\u0020"]*))', 'g') as part
        cross join lateral (select (app.split_words(coalesce(part[1], part[2])))[1] as word) as first
        where word is not null);
    end if;
  end if;
  return case
    when v_others = '{}' then v_keys::tsvector
    else v_keys::tsvector || array_to_tsvector(v_others) end;
end $$;


--
-- Name: FUNCTION search_vector(user_id text, title text, description text, tags text[]); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.search_vector(user_id text, title text, description text, tags text[]) IS 'The keys of a task in the search index: scope; words (title A, description D); tags after "#".';


--
-- Name: sign_cursor(text, text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.sign_cursor(cursor_key text, payload text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
declare
  -- A digest, because a user's id may have line ends in it, and would then be taken for a shorter id and more
  -- of payload.
  v_user constant text := encode(sha256(convert_to(app.require_user_id(), 'UTF8')), 'hex');
begin
  -- Hashed twice, the key first both times, as in HMAC (RFC 2104): a signature can't be extended.
  return payload || '.' || app.encode_base64url(substr(
    sha256(convert_to(cursor_key, 'UTF8')
      || sha256(convert_to(cursor_key || E'\n' || v_user || E'\n' || payload, 'UTF8'))),
    1, 16));
end $$;


--
-- Name: FUNCTION sign_cursor(cursor_key text, payload text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.sign_cursor(cursor_key text, payload text) IS 'The payload with the signature for the present user.';


--
-- Name: sign_query(text, text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.sign_query(key text, signs text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
  select string_agg(distinct key || replace(replace(sign, '\', '\\'), '''', '''''') || '''', ' & ')
  from regexp_split_to_table(signs, '') as sign
  where sign <> ''
$$;


--
-- Name: FUNCTION sign_query(key text, signs text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.sign_query(key text, signs text) IS 'The text of a query for all of these signs; null without any. key: a quote and the scope of the user.';


--
-- Name: split_letters(text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.split_letters(folded text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
declare
  v_text text := regexp_replace(
    folded, '[\u0001-\u001F\u007F-\u00A0' || app.search_signs() || ']', ' ', 'g');
begin
  if strpos(v_text, '''') > 0 then
    -- French, Italian, Catalan.
    v_text := regexp_replace(
      v_text,
      '\m([cdjlmnstv]|[a-z]*(?:qu|ll|gl)|un|alcun|anch|ciascun|com|cos|dov|grand|mezz|nessun'
      '|qualcun|quand|quest|sant|senz|tutt)''(?=[aeiouhyæœ])',
      '\1 ', 'g');
    v_text := replace(v_text, '''', '');
  end if;
  if octet_length(v_text) > char_length(v_text) then
    -- Thai, Lao, Myanmar, Khmer and their neighbours; symbols; kana with their marks, Han; emoji.
    v_text := regexp_replace(
      v_text,
      '([\u0E00-\u0EFF\u1000-\u109F\u1780-\u17FF\u1950-\u19FF\u1A20-\u1AAF\u2300-\u23FF\u25A0-\u27BF'
      '\u2B00-\u2BFF\u3005-\u3007\u3021-\u3029\u3031-\u303C\u3041-\u3098\u309B-\u30FF\u31F0-\u31FF'
      '\u3400-\u9FFF\uA980-\uA9FF\uAA60-\uAADF\uF900-\uFAFF\U0001B000-\U0001B16F\U0001F000-\U0001FAFF'
      '\U00020000-\U0003FFFF][\u3099\u309A]*)',
      ' \1 ', 'g');
    -- The letters that no mark was taken from: ß, ø, æ. A key has no quote and no backslash.
    v_text := translate(public.unaccent('public.unaccent', v_text), '''"\', '');
  end if;
  if octet_length(v_text) <= 2000 then
    return array_remove(string_to_array(v_text, ' '), '');
  end if;
  -- A key of the index has at most 2,046 bytes.
  return array(
    select case when octet_length(word) > 2000 then left(word, 500) else word end
    from unnest(string_to_array(v_text, ' ')) with ordinality as words (word, place)
    where word <> ''
    order by place);
end $$;


--
-- Name: FUNCTION split_letters(folded text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.split_letters(folded text) IS 'The words of a folded text with apostrophes or letters beyond ASCII, see app.split_words.';


--
-- Name: split_words(text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.split_words(folded text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN ((octet_length(folded) = char_length(folded)) AND (octet_length(folded) <= 2000) AND (strpos(folded, ''''::text) = 0)) THEN array_remove(string_to_array(regexp_replace(folded, (('[\u0001-\u001F\u007F'::text || app.search_signs()) || ']'::text), ' '::text, 'g'::text), ' '::text), ''::text) ELSE app.split_letters(folded) END;


--
-- Name: FUNCTION split_words(folded text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.split_words(folded text) IS 'The words of a folded text, in their order.';


--
-- Name: suggest_name(text, text[]); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.suggest_name(name text, known text[]) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT candidate.candidate FROM unnest(suggest_name.known) candidate(candidate) WHERE (public.similarity(candidate.candidate, "left"(suggest_name.name, 100)) >= (0.3)::double precision) ORDER BY (public.similarity(candidate.candidate, "left"(suggest_name.name, 100))) DESC, candidate.candidate LIMIT 1);


--
-- Name: FUNCTION suggest_name(name text, known text[]); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.suggest_name(name text, known text[]) IS 'The known name nearest to this one; null where none is near.';


--
-- Name: suggest_query(app.task_query); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.suggest_query(query app.task_query) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  v_user constant text := app.require_user_id();
  -- Of each status and priority so many titles are looked at, whatever the user has: it takes milliseconds.
  v_titles constant integer := 200;
  v_known text[];
  v_word text;
  v_near text;
  v_typed text := '';
  v_suggestion text := '';
begin
  if query.q ~ '["“”„«»]|(^|\s)-' then
    -- A quote or an exclusion is meant as it was typed.
    return null;
  end if;
  v_known := array(
    select distinct word
    from unnest('{false,true}'::boolean[]) as status
    cross join unnest('{High,Medium,Low}'::text[]) as priority
    cross join lateral (
      select task.title_key
      from app.tasks as task
      where task.user_id = v_user and task.completed = status and task.priority = priority.priority
      order by task.created_at desc
      limit v_titles
    ) as task
    cross join unnest(app.split_words(app.fold_text(task.title_key))) as word);
  foreach v_word in array (app.split_words(app.fold_text(query.q)))[:10] loop
    v_near := (
      select word
      from unnest(v_known) as word
      where public.similarity(word, v_word) >= 0.3
      order by public.similarity(word, v_word) desc, word
      limit 1);
    v_typed := concat_ws(' ', nullif(v_typed, ''), v_word);
    v_suggestion := concat_ws(' ', nullif(v_suggestion, ''), coalesce(v_near, v_word));
  end loop;
  -- A folded text has its letters taken apart.
  return normalize(nullif(v_suggestion, v_typed), nfc);
end $$;


--
-- Name: FUNCTION suggest_query(query app.task_query); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.suggest_query(query app.task_query) IS 'q with each word replaced by the most similar one of the user''s newest titles; null if it is the same.';


--
-- Name: tag_query(text, text[], boolean); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.tag_query(user_id text, tags text[], match_all boolean) RETURNS tsquery
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
begin
  return (
    select string_agg(
      format('''%s#%s''', app.search_scope(user_id), replace(replace(tag, '\', '\\'), '''', '''''')),
      case when match_all then ' & ' else ' | ' end)::tsquery
    from unnest(tags) as tag);
end $$;


--
-- Name: FUNCTION tag_query(user_id text, tags text[], match_all boolean); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.tag_query(user_id text, tags text[], match_all boolean) IS 'The query of the search index for the user''s tasks with any, or all, of the tags.';


--
-- Name: writable_fields(); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.writable_fields() RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY['title'::text, 'description'::text, 'completed'::text, 'priority'::text, 'tags'::text, 'due_date'::text, 'reminder_at'::text, 'is_recurring'::text, 'recurrence_rule'::text, 'timezone'::text];


--
-- Name: FUNCTION writable_fields(); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.writable_fields() IS 'The fields of a task that a client may write.';


--
-- Name: task_fields(); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.task_fields() RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (app.writable_fields() || ARRAY['id'::text, 'user_id'::text, 'created_at'::text, 'updated_at'::text]);


--
-- Name: FUNCTION task_fields(); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.task_fields() IS 'The fields that the body of a task may have.';


--
-- Name: template_values(jsonb, text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.template_values(event jsonb, timezone text) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
declare
  v_task constant jsonb := event -> 'data';
begin
  return jsonb_build_object(
    'type', event ->> 'type',
    'id', coalesce(v_task ->> 'id', ''),
    'title', coalesce(v_task ->> 'title', ''),
    'description', coalesce(v_task ->> 'description', ''),
    'priority', coalesce(v_task ->> 'priority', ''),
    'tags', coalesce((
      select string_agg(tag, ', ')
      from jsonb_array_elements_text(nullif(v_task -> 'tags', 'null')) as tag), ''),
    'due_date', coalesce(v_task ->> 'due_date', ''),
    'reminder_at', coalesce(v_task ->> 'reminder_at', ''),
    'due', coalesce(to_char(
      (v_task ->> 'due_date')::timestamptz at time zone coalesce(v_task ->> 'timezone', timezone, 'UTC'),
      'Dy DD Mon YYYY, HH24:MI'), ''));
end $$;


--
-- Name: FUNCTION template_values(event jsonb, timezone text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.template_values(event jsonb, timezone text) IS 'The values of the placeholders in the body of a webhook, for an event.';


--
-- Name: time_of(bigint); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.time_of(version bigint) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN to_timestamp(((version)::double precision / (1000000)::double precision));


--
-- Name: FUNCTION time_of(version bigint); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.time_of(version bigint) IS 'The time that a version stands for: updated_at.';


--
-- Name: trim_text(text); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.trim_text(value text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN btrim(value, '
                 　'::text);


--
-- Name: FUNCTION trim_text(value text); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.trim_text(value text) IS 'The text without the white space at both ends.';


--
-- Name: try_operation(jsonb, integer, boolean, boolean, jsonb); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.try_operation(operation jsonb, place integer, lenient boolean, careful boolean, answers jsonb, OUT status integer, OUT headers text[], OUT response text, OUT code text, OUT faults jsonb) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION try_operation(operation jsonb, place integer, lenient boolean, careful boolean, answers jsonb, OUT status integer, OUT headers text[], OUT response text, OUT code text, OUT faults jsonb); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.try_operation(operation jsonb, place integer, lenient boolean, careful boolean, answers jsonb, OUT status integer, OUT headers text[], OUT response text, OUT code text, OUT faults jsonb) IS 'Does an operation of a batch or, where it is refused, tells the SQLSTATE and all of its errors, each with its place.';


--
-- Name: update_task(app.tasks, app.tasks); Type: FUNCTION; Schema: app; Owner: -
--

CREATE FUNCTION app.update_task(old app.tasks, new app.tasks) RETURNS app.tasks
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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


--
-- Name: FUNCTION update_task(old app.tasks, new app.tasks); Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON FUNCTION app.update_task(old app.tasks, new app.tasks) IS 'Writes the new state of a task, with the next number as its version; raises 40001 where the old state is not there any more.';


--
-- Name: compare(jsonb); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.compare(baseline jsonb) RETURNS TABLE(id text, severity text, kind text, name text, fault text, remedy text)
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $_$
declare
  c_release constant integer := current_setting('server_version_num')::integer / 10000;
  v_owner constant oid := audit.find_owner();
  v_is_on_citus constant boolean := audit.is_on_citus();
  -- Where the first superuser owns the database, as in a container, both are called by the one name.
  v_first constant text := case when v_owner = 10 then 'the first superuser' else '' end;
begin
  return query
  with expected as (
    select
      entry ->> 'kind' as kind, entry ->> 'name' as name,
      coalesce((entry ->> 'optional')::boolean, false) as optional,
      case
        when v_first = '' then entry -> 'definition'
        else replace((entry -> 'definition')::text, v_first, 'the database''s owner')::jsonb
      end - array(
        select attribute.key from jsonb_each_text(entry -> 'since') as attribute
        where attribute.value::integer > c_release
      ) || case when v_is_on_citus then coalesce(entry -> 'citus', '{}') else '{}' end as definition,
      array(select jsonb_array_elements_text(entry -> 'not compared')) as left_out
    from jsonb_array_elements(baseline) as entry
    where (entry -> 'releases' is null or entry -> 'releases' @> to_jsonb(c_release))
      and (entry -> 'only' is null or v_is_on_citus)
  ),

  present as materialized (
    select object.kind, object.name, object.definition from audit.objects as object
  ),

  differing as (
    select
      coalesce(expected.kind, present.kind) as kind,
      coalesce(expected.name, present.name) as name,
      case
        when expected.kind is null then 'added'
        when present.kind is null then 'missing'
        else 'changed'
      end as change,
      expected.definition as expected,
      present.definition - coalesce(expected.left_out, '{}') as actual
    from expected
    full join present on expected.kind = present.kind and expected.name = present.name
    where expected.kind is null
      or present.kind is null and not expected.optional
      or present.definition - expected.left_out <> expected.definition
  ),

  -- Of a table that was added, the columns say nothing more; nor what belongs to an object that is missing,
  -- or the index of a constraint.
  whole as (
    select differing.change, differing.kind, differing.name from differing
    where differing.change <> 'changed'
  ),

  -- Where one of PostgreSQL's own functions was replaced, no remedy of anything else can be believed. "~"
  -- depends on none of those that are looked at.
  broken as (
    select from differing
    where differing.kind ~ '^built-in functions$'
      or differing.kind ~ '^function$' and differing.name !~ '\.' and differing.change ~ '^changed$'
  )

  select
    format(
      '%s-%s:%s', replace(found.kind, ' ', '-'), found.change,
      left(md5(concat_ws(' ', found.name, found.actual)), 8)),
    audit.rate(found.change, found.kind, found.name, found.expected, found.actual),
    found.kind, found.name,
    audit.describe_difference(found.change, found.kind, found.name, found.expected, found.actual),
    case
      when exists (select from broken)
        and (found.kind !~ '^(built-in functions|function)$' or found.name ~ '\.')
        then 'by hand: first mend the functions of PostgreSQL that differ'
      else regexp_replace(
        replace(
          replace(
            audit.suggest_remedy(found.change, found.kind, found.name, found.expected, found.actual),
            'the first superuser', quote_ident(pg_get_userbyid(10))),
          'the database''s owner',
          coalesce(quote_ident(pg_get_userbyid(v_owner)), 'the role that migrates')),
        '^(?!by hand: )(?=.*the role that migrates)', 'by hand: ')
    end
  from differing as found
  where not exists (
    select from whole
    where whole.change = found.change and case
      when found.kind = 'column'
        then whole.kind in ('table', 'foreign table', 'composite type')
          and starts_with(found.name, format('%s.', whole.name))
      when found.kind = 'index'
        then whole.kind = 'constraint'
          and split_part(whole.name, ' on ', 1) = regexp_replace(found.name, '^.*\.', '')
          or strpos(found.expected ->> 'definition', format(' ON %s USING ', whole.name)) > 0
      else found.change = 'missing' and whole.kind <> found.kind
        and strpos(format('%s for ', found.name), format(' %s for ', whole.name)) > 0
    end);
end $_$;


--
-- Name: FUNCTION compare(baseline jsonb); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.compare(baseline jsonb) IS 'Each difference between audit.objects and the baseline: its severity, a sentence, and its remedy.';


--
-- Name: describe_difference(text, text, text, jsonb, jsonb); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.describe_difference(change text, kind text, name text, expected jsonb, actual jsonb) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $$
  select format('%s %s ', describe_difference.kind, describe_difference.name) || case change
    when 'missing' then 'is missing'
    when 'added' then 'is not one of those that Duly makes' || coalesce(': ' || (
      select string_agg(
        format('%s %s', attribute.key, audit.print_value(attribute.value)), ', ' order by attribute.key)
      from jsonb_each(jsonb_strip_nulls(actual)) as attribute
      where attribute.value <> 'false' and attribute.key not in ('body', 'words', 'members', 'mapping')), '')
    else 'differs: ' || (
      select string_agg(
        distinct case
          when attribute.key in ('body', 'words') then 'its body is another'
          when attribute.key in ('members', 'mapping') then format('its %s is another', attribute.key)
          else format(
            '%s is %s instead of %s', attribute.key,
            coalesce(audit.print_value(actual -> attribute.key), 'not there'),
            coalesce(audit.print_value(expected -> attribute.key), 'none'))
        end, ', ')
      from jsonb_object_keys(actual || expected) as attribute (key)
      where actual -> attribute.key is distinct from expected -> attribute.key)
  end
$$;


--
-- Name: FUNCTION describe_difference(change text, kind text, name text, expected jsonb, actual jsonb); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.describe_difference(change text, kind text, name text, expected jsonb, actual jsonb) IS 'The sentence about a difference from the baseline.';


--
-- Name: describe_rows(pg_node_tree, oid); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.describe_rows(expression pg_node_tree, relation oid) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  c_own constant text[] := array[
    '(user_id = ( SELECT app.user_id() AS user_id))', '(user_id = app.user_id())',
    '(user_id = app.present_user())'];
  v_text constant text := pg_get_expr(expression, relation);
begin
  return case
    when v_text = any(c_own) then 'the user''s own rows'
    when v_text = 'true' then 'all rows'
    else 'rows where ' || v_text
  end;
end $$;


--
-- Name: FUNCTION describe_rows(expression pg_node_tree, relation oid); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.describe_rows(expression pg_node_tree, relation oid) IS 'In words, the rows of the table that an expression of a policy lets through.';


--
-- Name: describe_table(oid, text); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.describe_table(relation oid, suffix text) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $$
  with part as (
    select
      'columns' as kind,
      format(
        '%I %s %s %s', attribute.attname, format_type(attribute.atttypid, attribute.atttypmod),
        attribute.attnotnull, pg_get_expr(expression.adbin, expression.adrelid)) as text
    from pg_catalog.pg_attribute as attribute
    left join pg_catalog.pg_attrdef as expression
      on attribute.attrelid = expression.adrelid and attribute.attnum = expression.adnum
    where attribute.attrelid = describe_table.relation and attribute.attnum > 0
      and not attribute.attisdropped
    union all
    select 'privileges', format('%s: %s', attribute.attname, entry)
    from pg_catalog.pg_attribute as attribute
    cross join unnest(attribute.attacl) as entry
    where attribute.attrelid = describe_table.relation and not attribute.attisdropped
    union all
    select 'privileges', entry::text
    from pg_catalog.pg_class as class
    cross join unnest(class.relacl) as entry
    where class.oid = describe_table.relation
    union all
    select
      'row-level security, owner or kind',
      format(
        '%s %s %s %s %s', class.relrowsecurity, class.relforcerowsecurity, class.relowner, class.relkind,
        class.relpersistence)
    from pg_catalog.pg_class as class
    where class.oid = describe_table.relation
    union all
    select
      'policies',
      format(
        '%I %s %s %s using %s with check %s', policy.polname, policy.polcmd, policy.polpermissive,
        array(select named from unnest(policy.polroles) as named order by named),
        pg_get_expr(policy.polqual, policy.polrelid), pg_get_expr(policy.polwithcheck, policy.polrelid))
    from pg_catalog.pg_policy as policy
    where policy.polrelid = describe_table.relation
    union all
    select 'triggers', format('%s %s', pg_get_triggerdef(fired.oid), fired.tgenabled)
    from pg_catalog.pg_trigger as fired
    where fired.tgrelid = describe_table.relation and not fired.tgisinternal
    union all
    select 'constraints', format('%I %s', bond.conname, pg_get_constraintdef(bond.oid))
    from pg_catalog.pg_constraint as bond
    where bond.conrelid = describe_table.relation and bond.contype in ('c', 'p', 'u', 'x')
    union all
    select 'rules', pg_get_ruledef(rule.oid)
    from pg_catalog.pg_rewrite as rule
    where rule.ev_class = describe_table.relation
  )

  select jsonb_object_agg(listed.kind, listed.texts)
  from (
    select
      part.kind,
      jsonb_agg(name.text order by name.text) as texts
    from part
    cross join lateral (
      select regexp_replace(part.text, format('%s\M', suffix), '', 'g') as text) as name
    group by part.kind
  ) as listed
$$;


--
-- Name: FUNCTION describe_table(relation oid, suffix text); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.describe_table(relation oid, suffix text) IS 'All that protects the rows of a table, by kind; without the suffix that names in it may have.';


--
-- Name: digest_body(text); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.digest_body(body text) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN md5(regexp_replace(regexp_replace(body, '::(\w+) AS \1\M'::text, '::\1'::text, 'g'::text), '^RETURN ''[0-9a-f]{8}''::text$'::text, 'RETURN an epoch'::text));


--
-- Name: FUNCTION digest_body(body text); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.digest_body(body text) IS 'A digest of printed SQL that is the same after a restore.';


--
-- Name: digest_words(text); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.digest_words(body text) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN md5(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(body, '::(\w+) AS \1\M'::text, '::\1'::text, 'g'::text), '^RETURN ''[0-9a-f]{8}''::text$'::text, 'RETURN an epoch'::text), '\m(app|api|audit|finder|keeper|porter|pg_catalog)\.'::text, '\&.'::text, 'g'::text), '\m[a-z_0-9]+\.(?=[a-z_"])'::text, ''::text, 'g'::text), '\m(app|api|audit|finder|keeper|porter|pg_catalog)\.\.'::text, '\1.'::text, 'g'::text), '[\s()]+'::text, ''::text, 'g'::text));


--
-- Name: FUNCTION digest_words(body text); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.digest_words(body text) IS 'A digest of printed SQL that is the same on every release of PostgreSQL.';


--
-- Name: find_function_faults(jsonb, name, boolean); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.find_function_faults(expected jsonb, role name, after_later boolean DEFAULT false) RETURNS SETOF text
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $_$
  select case
    when routine.oid is null
      then format(
        'function %s is missing: run %s', wanted.name,
        case when wanted.is_spread then 'make spread' else 'duly migrate (make migrate)' end)
    when wanted.definition <> present.definition then format(
      'function %s is not as it was made (%s): %s', wanted.name, (
        select string_agg(attribute.key, ', ' order by attribute.key)
        from jsonb_object_keys(wanted.definition || present.definition) as attribute (key)
        where present.definition -> attribute.key is distinct from wanted.definition -> attribute.key),
      case
        when wanted.is_spread then 'run make spread'
        when wanted.definition ? 'owner' then 'apply the file of db/functions that makes it'
        else 'make audit says what to do'
      end)
    else format(
      '%1$I may not execute function %2$s: grant execute on function %2$s to task_api', role, wanted.name)
    end
  from (
    select
      entry.key as name,
      case
        when later.text then nullif(entry.value, 'null') - array['body', 'words']
        else nullif(entry.value, 'null') end as definition,
      later.text as has_later_text, entry.is_spread,
      case
        when later.text then to_regproc(split_part(entry.key, '(', 1))::oid
        else to_regprocedure(entry.key)::oid end as oid
    from (
      select plain.key, plain.value, false as is_spread
      from jsonb_each(expected - 'spread') as plain
      where to_regnamespace('spread') is null or not coalesce(expected -> 'spread' ? plain.key, false)
      union all
      select spread.key, spread.value, true
      from jsonb_each(expected -> 'spread') as spread
      where to_regnamespace('spread') is not null
    ) as entry
    cross join lateral (
      select after_later
        and entry.key ~ '^(app|api|audit|finder|keeper|porter|spread)\.'
        and entry.key !~ '^app\.(user_id|require_user_id|present_user)\(' as text
    ) as later
  ) as wanted
  left join pg_catalog.pg_proc as routine on wanted.oid = routine.oid
  cross join lateral (
    select jsonb_strip_nulls(jsonb_build_object(
      'owner', case when wanted.definition ? 'owner' then pg_get_userbyid(routine.proowner) end,
      'volatility', case routine.provolatile
        when 'i' then 'immutable'
        when 's' then 'stable'
        else 'volatile'
      end,
      'security', case when routine.prosecdef then 'definer' else 'invoker' end,
      'leakproof', routine.proleakproof,
      'settings', routine.proconfig,
      'body', case when routine.prosqlbody is null and not wanted.has_later_text
        then md5(routine.prosrc || coalesce(routine.probin, '')) end,
      'words', case when routine.prosqlbody is not null and not wanted.has_later_text
        then audit.digest_words(pg_get_function_sqlbody(routine.oid)) end
    )) as definition
  ) as present
  where routine.oid is null and (not wanted.has_later_text or wanted.name ~ '^(api|spread)\.')
    or wanted.definition <> present.definition
    or wanted.name ~ '^(api|spread)\.' and not has_function_privilege(role, routine.oid, 'execute')
$_$;


--
-- Name: FUNCTION find_function_faults(expected jsonb, role name, after_later boolean); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.find_function_faults(expected jsonb, role name, after_later boolean) IS 'Which of these functions is missing, differs, or may not be executed by the role: a sentence for each.';


--
-- Name: find_isolation_faults(name, boolean); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.find_isolation_faults(role name, reachable_only boolean DEFAULT false) RETURNS SETOF text
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $$
  select audit.find_role_faults(find_isolation_faults.role)
  union all
  select audit.find_table_faults(find_isolation_faults.role, reachable_only)
  union all
  select audit.find_policy_faults(find_isolation_faults.role, reachable_only)
$$;


--
-- Name: FUNCTION find_isolation_faults(role name, reachable_only boolean); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.find_isolation_faults(role name, reachable_only boolean) IS 'Why row-level security would not hold for the role: a sentence for each fault, with its remedy.';


--
-- Name: find_owner(); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.find_owner() RETURNS oid
    LANGUAGE sql STABLE
    RETURN (SELECT CASE WHEN (pg_get_userbyid(database.datdba) !~ '^task_(owner|finder|keeper|porter|auditor|api|worker)$'::text) THEN database.datdba ELSE (SELECT class.relowner FROM (pg_class class JOIN pg_namespace namespace ON (((class.relnamespace = namespace.oid) AND (namespace.nspname = 'public'::name)))) WHERE ((class.relname = 'schema_migrations'::name) AND (pg_get_userbyid(class.relowner) !~ '^task_(owner|finder|keeper|porter|auditor|api|worker)$'::text))) END AS relowner FROM pg_database database WHERE (database.datname = current_database()));


--
-- Name: FUNCTION find_owner(); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.find_owner() IS 'The role that migrates and should own the database; null if no role but those of Duly is known.';


--
-- Name: find_policy_faults(name, boolean); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.find_policy_faults(role name, reachable_only boolean) RETURNS SETOF text
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $_$
  with reader as (
    select found.oid, found.rolname from pg_catalog.pg_roles as found
    where found.rolname = find_policy_faults.role and not found.rolsuper
  ),

  reached as (
    select found.oid, found.name from audit.list_user_tables(find_policy_faults.role, reachable_only) as found
    where found.securable
  ),

  applied as (
    select
      policy.polrelid, policy.polname, policy.polcmd,
      audit.describe_rows(policy.polqual, policy.polrelid) as sees,
      audit.describe_rows(policy.polwithcheck, policy.polrelid) as writes
    from pg_catalog.pg_policy as policy
    cross join reader
    where policy.polpermissive
      and exists (
        select from unnest(policy.polroles) as named
        where named = 0 or pg_has_role(reader.oid, named, 'usage'))
  )

  select format(
    'table %s has no policy for %s, which %I may do: create one, or revoke %2$s on %1$s from %3$I',
    reached.name, command.name, reader.rolname)
  from reader
  cross join reached
  cross join (values
    ('select', 'r'), ('insert', 'a'), ('update', 'w'), ('delete', 'd')
  ) as command (name, letter)
  where case command.letter
      when 'd' then has_table_privilege(reader.oid, reached.oid, 'delete')
      else has_any_column_privilege(reader.oid, reached.oid, command.name) end
    and not exists (
      select from applied
      where applied.polrelid = reached.oid and applied.polcmd in (command.letter, '*'))

  union all

  select format(
    'policy %I lets %I %s in %s: create it anew with user_id = (select app.user_id())',
    applied.polname, reader.rolname,
    concat_ws(' and ', 'see ' || applied.sees, 'write ' || applied.writes), reached.name)
  from reader
  cross join reached
  inner join applied on applied.polrelid = reached.oid
  where applied.sees <> 'the user''s own rows' or applied.writes <> 'the user''s own rows'
$_$;


--
-- Name: FUNCTION find_policy_faults(role name, reachable_only boolean); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.find_policy_faults(role name, reachable_only boolean) IS 'Which policies let the role reach more than the user''s own rows, or are missing: a sentence for each.';


--
-- Name: find_role_faults(name); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.find_role_faults(role name) RETURNS SETOF text
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $_$
  select format('role %I is not there: run duly migrate (make migrate)', find_role_faults.role)
  where not exists (
    select from pg_catalog.pg_roles as reader
    where reader.rolname = find_role_faults.role)

  union all

  select format(
    'role %I is a superuser, and no policy applies to it: connect as task_api, and see that it is none',
    reader.rolname)
  from pg_catalog.pg_roles as reader
  where reader.rolname = find_role_faults.role and reader.rolsuper

  union all

  select format('role %I has BYPASSRLS: alter role %1$I nobypassrls', reader.rolname)
  from pg_catalog.pg_roles as reader
  where reader.rolname = find_role_faults.role and reader.rolbypassrls

  union all

  select format(
    'role %I may become %I, and no policy applies to that: revoke %2$I from %1$I',
    reader.rolname, other.rolname)
  from pg_catalog.pg_roles as reader
  inner join pg_catalog.pg_roles as other
    on other.oid <> reader.oid and (other.rolsuper or other.rolbypassrls)
  where reader.rolname = find_role_faults.role and not reader.rolsuper
    and pg_has_role(reader.oid, other.oid, 'member')
$_$;


--
-- Name: FUNCTION find_role_faults(role name); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.find_role_faults(role name) IS 'Why no policy would apply to the role: a sentence for each fault, with its remedy.';


--
-- Name: find_setting_faults(); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.find_setting_faults() RETURNS SETOF text
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $_$
  select format('%s is %L: it must be %s', wanted.name, current_setting(wanted.name), wanted.value)
  from (values
    ('row_security', '^on$', 'on'),
    ('session_replication_role', '^origin$', 'origin'),
    ('DateStyle', '^ISO', 'ISO'),
    ('TimeZone', '^(UTC|Etc/UTC)$', 'UTC'),
    ('IntervalStyle', '^postgres$', 'postgres'),
    ('default_transaction_read_only', '^off$', 'off'),
    ('transform_null_equals', '^off$', 'off')
  ) as wanted (name, form, value)
  where current_setting(wanted.name) !~ wanted.form

  union all

  select format(
    '%1$s is %2$s: alter role %3$I set %1$s = %4$L, at most %5$s s', bound.name, current_setting(bound.name),
    current_user, bound.usual, bound.most)
  from (values
    ('statement_timeout', '5s', 60),
    ('lock_timeout', '2s', 60),
    ('idle_in_transaction_session_timeout', '10s', 300)
  ) as bound (name, usual, most)
  where current_setting(bound.name)::interval not between interval '1 millisecond'
    and bound.most * interval '1 second'

  union all

  select 'the server is a standby, where nothing can be written: connect to the primary'
  where pg_is_in_recovery()
$_$;


--
-- Name: FUNCTION find_setting_faults(); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.find_setting_faults() IS 'The settings of this session that would change answers or let a request last for ever, in sentences.';


--
-- Name: find_table_faults(name, boolean); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.find_table_faults(role name, reachable_only boolean) RETURNS SETOF text
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $_$
  select format(fault.sentence, found.name, find_table_faults.role)
  from audit.list_user_tables(find_table_faults.role, reachable_only) as found
  cross join lateral (values
    (
      not found.securable,
      '%s holds users'' rows, but can''t have row-level security: make it a table, or drop it'
    ),
    (
      found.securable and found.owned,
      'role %2$I owns table %1$s, or is a member of its owner, and could switch row-level security off: '
      'connect as task_api, or alter table %1$s owner to task_owner'
    ),
    (
      found.securable and not found.secured,
      'table %s has no row-level security: alter table %1$s enable row level security'
    ),
    (
      found.securable and not found.forced,
      'table %s does not force row-level security on its owner: alter table %1$s force row level security'
    ),
    (
      to_regnamespace('spread') is not null and not audit.is_guarded(found.oid)
      and exists (
        select from pg_catalog.pg_attribute as attribute
        where attribute.attrelid = found.oid and attribute.attname = 'user_id'
          and has_column_privilege(find_table_faults.role, found.oid, attribute.attnum, 'insert')),
      'table %s has no trigger that refuses rows of other users, which %2$I may insert: run make spread'
    )
  ) as fault (is_there, sentence)
  where fault.is_there
$_$;


--
-- Name: FUNCTION find_table_faults(role name, reachable_only boolean); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.find_table_faults(role name, reachable_only boolean) IS 'Which tables do not keep users apart for the role: a sentence for each fault, with its remedy.';


--
-- Name: is_guarded(oid); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.is_guarded(relation oid) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $_$
  select exists (
    select from pg_catalog.pg_trigger as fired
    where fired.tgrelid = is_guarded.relation and fired.tgfoid::regproc::text = 'app.refuse_other_users'
      -- Before each row that is inserted.
      and fired.tgtype = 7 and fired.tgenabled in ('O', 'A') and fired.tgnargs = 0
      and pg_get_triggerdef(fired.oid)
        ~ ' FOR EACH ROW WHEN \(\(CURRENT_USER <> ''task_keeper''::name\)\) EXECUTE FUNCTION \S+\(\)$')
$_$;


--
-- Name: FUNCTION is_guarded(relation oid); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.is_guarded(relation oid) IS 'Whether the trigger of db/citus refuses rows of other users that are inserted into the table.';


--
-- Name: is_in_extension(oid, oid); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.is_in_extension(catalog oid, object oid) RETURNS boolean
    LANGUAGE sql STABLE COST 200
    RETURN (EXISTS (SELECT FROM pg_depend member WHERE ((member.classid = is_in_extension.catalog) AND (member.objid = is_in_extension.object) AND (member.deptype = 'e'::"char"))));


--
-- Name: FUNCTION is_in_extension(catalog oid, object oid); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.is_in_extension(catalog oid, object oid) IS 'Whether an object, by the catalog that lists it and its number, is a member of an extension.';


--
-- Name: is_on_citus(); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.is_on_citus() RETURNS boolean
    LANGUAGE sql STABLE
    RETURN ((to_regnamespace('spread'::text) IS NOT NULL) AND (EXISTS (SELECT FROM pg_extension extension WHERE (extension.extname = 'citus'::name))));


--
-- Name: FUNCTION is_on_citus(); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.is_on_citus() IS 'Whether the rows are spread over machines by Citus.';


--
-- Name: is_watched(oid); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.is_watched(schema oid) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN ((schema <> ALL (ARRAY[('pg_catalog'::regnamespace)::oid, ('pg_toast'::regnamespace)::oid])) AND (((schema)::regnamespace)::text !~ '^(information_schema$|pg_(temp|toast_temp)_)'::text));


--
-- Name: FUNCTION is_watched(schema oid); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.is_watched(schema oid) IS 'Whether the audit lists what is in a schema: all but PostgreSQL''s own.';


--
-- Name: list_shards(); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.list_shards() RETURNS TABLE(oid oid, relation oid, number bigint)
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
begin
  if audit.is_on_citus() then
    return query execute
      'select shard.oid, relation.oid, known.shardid '
      'from pg_catalog.pg_dist_shard as known '
      'inner join pg_catalog.pg_class as relation on known.logicalrelid = relation.oid '
      'inner join pg_catalog.pg_class as shard on shard.relnamespace = relation.relnamespace '
      'and shard.relname = format(''%s_%s'', relation.relname, known.shardid)';
  end if;
end $$;


--
-- Name: FUNCTION list_shards(); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.list_shards() IS 'The shards of Citus on this machine: each with its table.';


--
-- Name: list_user_tables(name, boolean); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.list_user_tables(role name, reachable_only boolean) RETURNS TABLE(oid oid, name text, securable boolean, secured boolean, forced boolean, owned boolean)
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $$
  select
    class.oid, class.oid::regclass::text, class.relkind in ('r', 'p'), class.relrowsecurity,
    class.relforcerowsecurity,
    not reader.rolsuper and pg_has_role(reader.oid, class.relowner, 'member')
  from pg_catalog.pg_class as class
  inner join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
  inner join pg_catalog.pg_roles as reader on reader.rolname = list_user_tables.role
  where class.relkind in ('r', 'p', 'f', 'm')
    and namespace.nspname !~ '^pg_' and namespace.nspname <> 'information_schema'
    and (
      namespace.nspname = 'app'
      or exists (
        select from pg_catalog.pg_attribute as attribute
        where attribute.attrelid = class.oid and attribute.attname = 'user_id'
          and not attribute.attisdropped))
    and (
      not reachable_only
      or pg_has_role(reader.oid, class.relowner, 'member')
      or has_any_column_privilege(reader.oid, class.oid, 'select, insert, update')
      or has_table_privilege(reader.oid, class.oid, 'delete, truncate'))
$$;


--
-- Name: FUNCTION list_user_tables(role name, reachable_only boolean); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.list_user_tables(role name, reachable_only boolean) IS 'The tables with users'' rows, or those of them that the role has a privilege on.';


--
-- Name: name_role(oid); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.name_role(role oid) RETURNS text
    LANGUAGE sql STABLE
    RETURN CASE WHEN (role = (0)::oid) THEN 'public'::text WHEN ((role <> (10)::oid) AND (pg_get_userbyid(role) ~ '^task_(owner|finder|keeper|porter|auditor|api|worker)$'::text)) THEN (pg_get_userbyid(role))::text WHEN (role = audit.find_owner()) THEN 'the database''s owner'::text WHEN (role = (10)::oid) THEN 'the first superuser'::text ELSE COALESCE(quote_ident((pg_get_userbyid(role))::text), 'nobody'::text) END;


--
-- Name: FUNCTION name_role(role oid); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.name_role(role oid) IS 'The name of a role, or "the database''s owner", "the first superuser", "public".';


--
-- Name: print_value(jsonb); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.print_value(attribute jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN CASE jsonb_typeof(attribute) WHEN 'array'::text THEN COALESCE(NULLIF(array_to_string(ARRAY(SELECT jsonb_array_elements_text(attribute) AS jsonb_array_elements_text), ', '::text), ''::text), 'none'::text) ELSE (attribute #>> '{}'::text[]) END;


--
-- Name: FUNCTION print_value(attribute jsonb); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.print_value(attribute jsonb) IS 'An attribute of an object, as text for a sentence.';


--
-- Name: rate(text, text, text, jsonb, jsonb); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.rate(change text, kind text, name text, expected jsonb, actual jsonb) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $_$
  select case
    when rate.kind = 'function' and change <> 'missing' and (
      actual ->> 'security' = 'definer' or expected ->> 'security' = 'definer'
      or actual -> 'leakproof' = 'true'
      or name ~ '^(finder|keeper|porter|audit|spread)\.'
      or name ~ '^app\.(user_id|require_user_id|present_user|refuse_other_users)\(')
      then 'critical'
    when rate.kind = 'setting' and change <> 'missing'
      and name ~ '^(app\.user_id|row_security|role|session_\w+|search_path|local_preload_libraries) of '
      then 'critical'
    when rate.kind = 'database' and expected -> 'owner' <> actual -> 'owner'
      then 'critical'
    when rate.kind = 'column' and name ~ '\.user_id$'
      then 'critical'
    when rate.kind = 'role' and change = 'added' and not (
      (actual ->> 'superuser')::boolean or (actual ->> 'bypassrls')::boolean
      or (actual ->> 'replication')::boolean or (actual ->> 'createrole')::boolean)
      then 'high'
    when rate.kind = 'privilege' and change = 'added' and name !~ ' for (public|task_\w+)$'
      then 'high'
    when rate.kind = 'trigger' and name ~ '^refuse_other_users on '
      then 'critical'
    when rate.kind = 'view' and change = 'added'
      and not coalesce(actual -> 'options' ? 'security_invoker=true', false)
      then 'critical'
    when rate.kind = 'index' and change = 'changed' and actual -> 'valid' = 'false'
      then 'high'
    else (
      select case change
        when 'added' then rated.added
        when 'changed' then rated.changed
        else rated.missing
      end
      from audit.kinds as rated
      where rated.kind = rate.kind)
  end
$_$;


--
-- Name: FUNCTION rate(change text, kind text, name text, expected jsonb, actual jsonb); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.rate(change text, kind text, name text, expected jsonb, actual jsonb) IS 'The severity of a difference: critical, high, medium or low.';


--
-- Name: review(jsonb, jsonb); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.review(baseline jsonb, accepted jsonb) RETURNS TABLE(id text, severity text, fault text, remedy text, accepted_by text, accepted_because text)
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
begin
  return query
  with found as (
    select
      format('rule-%s:%s', rule.part, left(md5(rule.fault), 8)) as id,
      case
        when rule.fault ~ ' has no \w*timeout' then 'medium'
        when rule.part in ('roles', 'tables', 'shards') or rule.fault ~ '^public ' then 'critical'
        else 'high'
      end as severity,
      rule.fault, rule.remedy
    from audit.faults as rule

    union all

    select difference.id, difference.severity, difference.fault, difference.remedy
    from audit.compare(baseline) as difference
  )

  select found.id, found.severity, found.fault, found.remedy, entry ->> 'name', entry ->> 'reason'
  from found
  left join jsonb_array_elements(accepted) as entry on entry ->> 'id' = found.id
  order by
    entry is not null, array_position(array['critical', 'high', 'medium', 'low'], found.severity), found.id;
end $$;


--
-- Name: FUNCTION review(baseline jsonb, accepted jsonb); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.review(baseline jsonb, accepted jsonb) IS 'All faults, by the rules and by the baseline; the more dangerous first, the accepted ones last.';


--
-- Name: suggest_column_remedy(text, text, jsonb, jsonb); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.suggest_column_remedy(change text, name text, expected jsonb, actual jsonb) RETURNS text[]
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $_$
  with part as (
    select
      split.name[1] as relation, split.name[2] as column_name,
      coalesce((
        select format('alter type %s %%s attribute %s', split.name[1], split.name[2])
        from pg_catalog.pg_class as class
        where class.oid::regclass::text = split.name[1] and class.relkind = 'c'
      ), format('alter table %s %%s column %s', split.name[1], split.name[2])) as statement
    from regexp_match(suggest_column_remedy.name, '^(.*)\.("(?:[^"]|"")*"|[^".]+)$') as split (name)
  )

  select case
    when change = 'added' then array[format(part.statement, 'drop')]
    when change = 'missing' or expected -> 'generated' is distinct from actual -> 'generated'
      or expected -> 'identity' is distinct from actual -> 'identity'
      then array['by hand: create it again as in db/schema.sql, or restore its table from a backup']
    else array(
      select format(part.statement, 'alter') || format(
        ' type %s%s', expected ->> 'type', case when expected || actual ? 'collation'
          then ' collate ' || coalesce(quote_ident(expected ->> 'collation'), '"default"') end)
      where expected -> 'type' <> actual -> 'type'
        or expected -> 'collation' is distinct from actual -> 'collation'
      union all
      select format(part.statement, 'alter')
        || coalesce(' set default ' || (expected ->> 'default'), ' drop default')
      where expected -> 'default' is distinct from actual -> 'default'
      union all
      select format(part.statement, 'alter')
        || case when expected ? 'not null' then ' set not null' else ' drop not null' end
      where expected -> 'not null' is distinct from actual -> 'not null')
  end
  from part
$_$;


--
-- Name: FUNCTION suggest_column_remedy(change text, name text, expected jsonb, actual jsonb); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.suggest_column_remedy(change text, name text, expected jsonb, actual jsonb) IS 'Remedies for a column.';


--
-- Name: suggest_database_remedy(jsonb, jsonb); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.suggest_database_remedy(expected jsonb, actual jsonb) RETURNS text[]
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $$
  select array(
    select case
      when attribute.key = 'encoding' then 'by hand: move the data to a database in UTF8'
      when attribute.key = 'owner' and audit.find_owner() is null
        then 'by hand: make the role that migrates its owner'
      else format('alter database %I %s', current_database(), case attribute.key
        when 'owner' then format('owner to %I', pg_get_userbyid(audit.find_owner()))
        when 'template' then 'is_template false'
        when 'connections' then 'allow_connections true'
        else 'connection limit -1'
      end)
    end
    from jsonb_each(actual) as attribute
    where expected -> attribute.key <> attribute.value)
$$;


--
-- Name: FUNCTION suggest_database_remedy(expected jsonb, actual jsonb); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.suggest_database_remedy(expected jsonb, actual jsonb) IS 'Remedies for the database.';


--
-- Name: suggest_dictionary_remedy(text, jsonb, jsonb); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.suggest_dictionary_remedy(name text, expected jsonb, actual jsonb) RETURNS text[]
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $$
  select array(
    select format('alter text search dictionary %s owner to %s', name, expected ->> 'owner')
    where expected -> 'owner' <> actual -> 'owner'
    union all
    select format('alter text search dictionary %s (%s)', name, concat_ws(', ', (
      select string_agg(option[1], ', ')
      from regexp_matches(actual ->> 'options', '(\w+) = ''', 'g') as option
      where (expected ->> 'options') !~ format('\m%s = ''', option[1])), expected ->> 'options'))
    where expected -> 'options' <> actual -> 'options'
    union all
    select 'by hand: create it again as in db/schema.sql'
    where expected -> 'template' <> actual -> 'template')
$$;


--
-- Name: FUNCTION suggest_dictionary_remedy(name text, expected jsonb, actual jsonb); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.suggest_dictionary_remedy(name text, expected jsonb, actual jsonb) IS 'Remedies for a text search dictionary that differs.';


--
-- Name: suggest_domain_remedy(text, jsonb, jsonb); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.suggest_domain_remedy(name text, expected jsonb, actual jsonb) RETURNS text[]
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $$
  with both_constraints as (
    select
      bond.key as bond, expected -> 'constraints' ->> bond.key as wanted,
      actual -> 'constraints' ->> bond.key as present
    from jsonb_object_keys(
      coalesce(expected -> 'constraints', '{}') || coalesce(actual -> 'constraints', '{}')) as bond (key)
  )

  select array(
    select format('alter domain %s drop constraint %I', name, bond) from both_constraints
    where present <> coalesce(wanted, '')
    union all
    select format(
      'by hand: alter domain %s add constraint %I %s not valid; look for values that break it; '
      'then update pg_constraint set convalidated = true', name, bond, wanted)
    from both_constraints
    where wanted <> coalesce(present, '')
    union all
    select format(
      'alter domain %s %s not null', name, case when expected ? 'not null' then 'set' else 'drop' end)
    where expected -> 'not null' is distinct from actual -> 'not null'
    union all
    select format(
      'alter domain %s %s', name, coalesce('set default ' || (expected ->> 'default'), 'drop default'))
    where expected -> 'default' is distinct from actual -> 'default'
    union all
    select 'by hand: create it again as in db/schema.sql' where expected -> 'base' <> actual -> 'base')
$$;


--
-- Name: FUNCTION suggest_domain_remedy(name text, expected jsonb, actual jsonb); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.suggest_domain_remedy(name text, expected jsonb, actual jsonb) IS 'Remedies for a domain that differs.';


--
-- Name: suggest_file(text, text, jsonb); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.suggest_file(kind text, name text, expected jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN format(CASE WHEN ((name !~ '\.'::text) AND (kind = 'function'::text)) THEN 'by hand: create it as on a new server of this release, as the first superuser'::text WHEN ((kind = 'function'::text) AND ((name ~ '^spread\.'::text) OR (name ~ '^porter\.find_versions\('::text))) THEN 'by hand: make spread, which applies db/citus/spread.sql'::text WHEN ((kind = 'function'::text) AND (name ~ '^app\.(require_)?user_id\('::text)) THEN 'by hand: as %1$s, create it as in db/migrations/0003_user_id.sql'::text ELSE 'by hand: as %1$s, apply the file of db/functions that creates %2$s'::text END, (expected ->> 'owner'::text), split_part(name, '('::text, 1));


--
-- Name: FUNCTION suggest_file(kind text, name text, expected jsonb); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.suggest_file(kind text, name text, expected jsonb) IS 'Which file creates a function or a view.';


--
-- Name: suggest_function_remedy(text, jsonb, jsonb); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.suggest_function_remedy(name text, expected jsonb, actual jsonb) RETURNS text[]
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $$
  with differing as (
    select attribute.key, expected ->> attribute.key as wanted
    from jsonb_object_keys(expected || actual) as attribute (key)
    where expected -> attribute.key is distinct from actual -> attribute.key
  )

  select case
    when exists (select from differing where differing.key in ('arguments', 'returns', 'sort'))
      then array[
        format('by hand: drop routine %s', name), audit.suggest_file('function', name, expected)]
    when exists (
      select from differing
      where differing.key in ('body', 'words', 'language', 'planner support'))
      then array[audit.suggest_file('function', name, expected)]
    else array(
      select format('alter function %s %s', name, case differing.key
        when 'volatility' then differing.wanted
        when 'security' then 'security ' || differing.wanted
        when 'leakproof' then 'not leakproof'
        when 'parallel' then 'parallel ' || case differing.wanted
          when 's' then 'safe'
          when 'r' then 'restricted'
          else 'unsafe'
        end
        when 'strict' then coalesce('strict' || nullif(differing.wanted, 'true'), 'called on null input')
        else 'reset all' || coalesce((
          select string_agg(
            format(
              '; alter function %s set %s = %s', name, split_part(pair, '=', 1),
              coalesce(nullif(substring(pair from '=(.*)'), '""'), '''''')), '')
          from jsonb_array_elements_text(expected -> 'settings') as pair), '')
      end)
      from differing
      where differing.key <> 'owner'
      order by differing.key)
  end
$$;


--
-- Name: FUNCTION suggest_function_remedy(name text, expected jsonb, actual jsonb); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.suggest_function_remedy(name text, expected jsonb, actual jsonb) IS 'Remedies for a function that differs.';


--
-- Name: suggest_member_remedy(text, text); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.suggest_member_remedy(family text, method text) RETURNS text[]
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $$
  select array(
    select format(
      'alter operator family %s using %s drop %s %s (%s, %s)',
      suggest_member_remedy.family, method, member.kind, member.number, member.lefttype::regtype,
      member.righttype::regtype)
    from (
      select
        'operator' as kind, operator.amopfamily as family, operator.amopstrategy as number,
        operator.amoplefttype as lefttype, operator.amoprighttype as righttype, operator.oid
      from pg_catalog.pg_amop as operator
      union all
      select
        'function', routine.amprocfamily, routine.amprocnum, routine.amproclefttype, routine.amprocrighttype,
        routine.oid
      from pg_catalog.pg_amproc as routine
    ) as member
    inner join pg_catalog.pg_opfamily as found on member.family = found.oid
    inner join pg_catalog.pg_am as access on found.opfmethod = access.oid
    where member.oid >= 16384 and access.amname = method
      and format('%s.%I', found.opfnamespace::regnamespace, found.opfname) = suggest_member_remedy.family
    order by member.kind, member.number)
$$;


--
-- Name: FUNCTION suggest_member_remedy(family text, method text); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.suggest_member_remedy(family text, method text) IS 'Remedies for members of an operator family.';


--
-- Name: suggest_membership_remedy(oid, oid); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.suggest_membership_remedy(role oid, holder oid) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
begin
  return (
    select string_agg(
      format(
        'revoke %I from %I%s cascade',
        pg_get_userbyid(membership.roleid), pg_get_userbyid(membership.member),
        case when current_setting('server_version_num')::integer >= 160000
          then ' granted by ' || quote_ident(pg_get_userbyid(membership.grantor)) end),
      '; ' order by membership.grantor)
    from pg_catalog.pg_auth_members as membership
    where membership.roleid = role and membership.member = holder);
end $$;


--
-- Name: FUNCTION suggest_membership_remedy(role oid, holder oid); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.suggest_membership_remedy(role oid, holder oid) IS 'The statements that end a membership.';


--
-- Name: suggest_object_remedy(text, text, text, jsonb, jsonb); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.suggest_object_remedy(change text, kind text, name text, expected jsonb, actual jsonb) RETURNS text[]
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  v_sort constant text := case kind
    when 'composite type' then 'type'
    when 'function' then 'routine'
    else kind
  end;
  v_is_born constant boolean := change = 'added' and case kind
    when 'table' then exists (
      select from pg_catalog.pg_class as class
      where class.oid < 16384 and class.oid::regclass::text = name)
    when 'function' then exists (
      select from pg_catalog.pg_proc as routine
      where routine.oid < 16384 and routine.oid::regprocedure::text = name)
    else false
  end;
  v_steps text[];
begin
  if v_is_born then
    v_steps := array_remove(array[
      case when actual ->> 'owner' <> 'the first superuser'
        then format('alter %s %s owner to the first superuser', v_sort, name) end,
      case when actual ->> 'security' = 'definer' then format('alter function %s security invoker', name) end,
      case when actual ->> 'settings' is not null then format('alter function %s reset all', name) end
    ], null);
    if kind = 'table' and cardinality(v_steps) = 0 then
      v_steps := array[format('alter table %s disable row level security', name)];
    end if;
  elsif change = 'added' then
    v_steps := array[format('drop %s %s', v_sort, name)];
  elsif change = 'missing' then
    return array[case
      when kind in ('view', 'function') then audit.suggest_file(kind, name, expected)
      when kind = 'table' then 'by hand: restore it from a backup'
      else 'by hand: create it as in db/schema.sql'
    end];
  else
    return array_cat(
      array(
        select format('alter %s %s owner to %s', v_sort, name, expected ->> 'owner')
        where expected -> 'owner' <> actual -> 'owner'),
      case kind
        when 'function' then audit.suggest_function_remedy(name, expected, actual)
        when 'domain' then audit.suggest_domain_remedy(name, expected, actual)
        when 'view' then audit.suggest_option_remedy(kind, name, expected, actual) || array(
          select audit.suggest_file(kind, name, expected)
          where expected - '{owner,options}'::text[] <> actual - '{owner,options}'::text[])
        when 'table' then audit.suggest_table_remedy(name, expected, actual)
        else array(
          select 'by hand: create it again as in db/schema.sql'
          where expected - 'owner' <> actual - 'owner')
      end);
  end if;
  if kind = 'table' and name !~ '\.' then
    v_steps := 'set allow_system_table_mods = on'::text || v_steps || 'reset allow_system_table_mods'::text;
  end if;
  return v_steps;
end $$;


--
-- Name: FUNCTION suggest_object_remedy(change text, kind text, name text, expected jsonb, actual jsonb); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.suggest_object_remedy(change text, kind text, name text, expected jsonb, actual jsonb) IS 'Remedies for a schema, a table, a view, a type, a domain or a function.';


--
-- Name: suggest_option_remedy(text, text, jsonb, jsonb); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.suggest_option_remedy(kind text, name text, expected jsonb, actual jsonb) RETURNS text[]
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $$
  select array_remove(array[
    (
      select format(
        'alter %s %s reset (%s)', kind, name, string_agg(split_part(option.value, '=', 1), ', '))
      from jsonb_array_elements_text(actual -> 'options') as option
      where not coalesce(expected -> 'options' ? option.value, false)
      having count(*) > 0),
    (
      select format('alter %s %s set (%s)', kind, name, string_agg(option.value, ', '))
      from jsonb_array_elements_text(expected -> 'options') as option
      where not coalesce(actual -> 'options' ? option.value, false)
      having count(*) > 0)
  ], null)
$$;


--
-- Name: FUNCTION suggest_option_remedy(kind text, name text, expected jsonb, actual jsonb); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.suggest_option_remedy(kind text, name text, expected jsonb, actual jsonb) IS 'Remedies for the storage parameters of a table or an index.';


--
-- Name: suggest_part_remedy(text, text, text, jsonb, jsonb); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.suggest_part_remedy(change text, kind text, name text, expected jsonb, actual jsonb) RETURNS text[]
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $_$
declare
  v_match constant text[] := regexp_match(name, '^("(?:[^"]|"")*"|\S+) on (.*)$');
  v_part constant text := v_match[1];
  v_table constant text := v_match[2];
  -- All but the text of its definition differs.
  v_is_same constant boolean := change = 'changed' and expected -> 'definition' = actual -> 'definition';
  -- Of an index.
  v_indexed constant text := (
    select index.indrelid::regclass from pg_catalog.pg_index as index
    where kind = 'index' and index.indexrelid::regclass::text = name);
  v_drop text;
  v_create text;
begin
  if kind = 'constraint' then
    if v_is_same and actual -> 'enforced' = 'true' or actual ->> 'definition' ~ '^NOT NULL ' then
      return array[format('alter table %s validate constraint %s', v_table, v_part)];
    end if;
    v_drop := format('alter table %s drop constraint %s', v_table, v_part);
    v_create := format('alter table %s add constraint %s %s', v_table, v_part, expected ->> 'definition');
  elsif kind = 'index' then
    if v_is_same then
      return array_remove(array[
        case when actual -> 'valid' = 'false' then format('reindex index %s', name) end,
        case when actual ? 'clustered' then format('alter table %s set without cluster', v_indexed) end,
        case when expected -> 'owner' <> actual -> 'owner'
          then format('alter table %s owner to %s', v_indexed, expected ->> 'owner') end
      ], null) || audit.suggest_option_remedy('index', name, expected, actual);
    end if;
    v_drop := format('drop index %s', name);
    v_create := expected ->> 'definition';
  elsif name ~ '^one of a foreign key on ' then
    return array[format('alter table %s enable trigger all', substring(name from ' on (.*)$'))];
  elsif kind = 'trigger' then
    if v_is_same then
      return array[format('alter table %s enable trigger %s', v_table, v_part)];
    end if;
    v_drop := format('drop trigger %s', name);
    v_create := case
      when v_part = 'refuse_other_users' then 'by hand: make spread, which applies db/citus/spread.sql'
      else expected ->> 'definition'
    end;
  elsif v_part = '"_RETURN"' then
    return array[format(
      'by hand: drop the view %s, and apply the file of db/functions that creates it', v_table)];
  elsif kind = 'rule' then
    v_drop := format('drop rule %s', name);
  else
    v_drop := format('drop policy %s', name);
    v_create := format(
      'create policy %s as %s for %s to %s%s%s', name,
      case expected ->> 'permissive' when 'true' then 'permissive' else 'restrictive' end,
      expected ->> 'command', audit.print_value(expected -> 'roles'),
      ' using (' || (expected ->> 'using') || ')', ' with check (' || (expected ->> 'with check') || ')');
  end if;
  return array_remove(array[
    case when change <> 'missing' then v_drop end,
    case when change <> 'added' then v_create end], null);
end $_$;


--
-- Name: FUNCTION suggest_part_remedy(change text, kind text, name text, expected jsonb, actual jsonb); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.suggest_part_remedy(change text, kind text, name text, expected jsonb, actual jsonb) IS 'Remedies for a policy, a trigger, a rule, a constraint or an index.';


--
-- Name: suggest_privilege_remedy(text, text, text, jsonb, jsonb); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.suggest_privilege_remedy(change text, kind text, name text, expected jsonb, actual jsonb) RETURNS text[]
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $_$
declare
  v_part text[] := regexp_match(name, '^([a-z ]+) on (.*) for ("(?:[^"]|"")*"|[^"]+)$');
begin
  if kind = 'parameter privilege' then
    return array[format('revoke %s on parameter %s from %s cascade', v_part[1], v_part[2], v_part[3])];
  end if;
  v_part[2] := regexp_replace(v_part[2], '^database this$', 'database ' || quote_ident(current_database()));
  -- Also a procedure or an aggregate.
  v_part[2] := regexp_replace(v_part[2], '^function ', 'routine ');
  return array_remove(array[
    case when change <> 'missing' then format(
      'revoke %s%s on %s from %s cascade', v_part[1],
      case
        when actual ->> 'on the whole' = 'true' then ''
        else (
          select ' (' || string_agg(quote_ident(col), ', ') || ')'
          from jsonb_array_elements_text(actual -> 'columns') as col)
      end,
      v_part[2], v_part[3]) end,
    case when change <> 'added' then format(
      'grant %s%s on %s to %s%s', v_part[1],
      (
        select ' (' || string_agg(quote_ident(col), ', ') || ')'
        from jsonb_array_elements_text(expected -> 'columns') as col),
      v_part[2], v_part[3],
      case when (expected ->> 'grantable')::boolean then ' with grant option' end) end
  ], null);
end $_$;


--
-- Name: FUNCTION suggest_privilege_remedy(change text, kind text, name text, expected jsonb, actual jsonb); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.suggest_privilege_remedy(change text, kind text, name text, expected jsonb, actual jsonb) IS 'Remedies for a privilege on an object or a parameter.';


--
-- Name: suggest_remedy(text, text, text, jsonb, jsonb); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.suggest_remedy(change text, kind text, name text, expected jsonb, actual jsonb) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $_$
declare
  -- Of "this on that", "this in that", "this for that".
  v_part constant text[] := regexp_match(name, '^(.*) (?:on|in|for) ("(?:[^"]|"")*"|\S+)$');
  v_steps text[];
begin
  v_steps := case
    when kind in ('role', 'membership', 'setting', 'default privilege')
      then audit.suggest_role_remedy(change, kind, name, expected, actual)
    when kind in ('privilege', 'parameter privilege')
      then audit.suggest_privilege_remedy(change, kind, name, expected, actual)
    when kind in ('policy', 'trigger', 'rule', 'constraint', 'index')
      then audit.suggest_part_remedy(change, kind, name, expected, actual)
    when kind = 'column'
      then audit.suggest_column_remedy(change, name, expected, actual)
    when kind in (
      'schema', 'table', 'view', 'materialized view', 'foreign table', 'sequence', 'composite type', 'type',
      'domain', 'function')
      then audit.suggest_object_remedy(change, kind, name, expected, actual)
    when kind = 'cast'
      then array[format('drop cast (%s)', replace(name, ' to ', ' as '))]
    when kind = 'operator family' and actual ? 'added'
      then audit.suggest_member_remedy(v_part[1], v_part[2])
    when kind in ('operator class', 'operator family')
      then array[format('drop %s %s using %s', kind, v_part[1], v_part[2])]
    when kind = 'transform'
      then array[format('drop transform for %s language %s', v_part[1], v_part[2])]
    when kind = 'user mapping'
      then array[format('drop user mapping for %s server %s', v_part[1], v_part[2])]
    when kind = 'foreign server'
      then array[format('drop server %s', name)]
    when kind = 'replication slot'
      then array[format('select pg_drop_replication_slot(%L)', name)]
    when kind = 'subscription'
      -- Its slot stays with the publisher, which may not answer.
      then array[
        format('alter subscription %s disable', name),
        format('alter subscription %s set (slot_name = none)', name),
        format('drop subscription %s', name)]
    when kind = 'large objects'
      then array[format(
        'by hand: look at them, then select lo_unlink(oid) from pg_largeobject_metadata '
        'where lomowner = %L::regrole', regexp_replace(name, '^of ', ''))]
    when kind = 'server setting'
      then array[
        format('alter system set %s = %L', name, expected ->> 'value'), 'select pg_reload_conf()']
    when kind = 'security label'
      then array[format(
        'by hand: security label for %I on %s is null; or, where that is not loaded, delete it from '
        'pg_seclabel or pg_shseclabel', actual ->> 'provider', name)]
    when kind = 'database'
      then audit.suggest_database_remedy(expected, actual)
    when kind = 'language' and change = 'changed'
      then array[format(
        'update pg_catalog.pg_language set lanpltrusted = %L where lanname = %L',
        expected ->> 'trusted', name)]
    when kind = 'text search dictionary' and change = 'changed'
      then audit.suggest_dictionary_remedy(name, expected, actual)
    when kind = 'extension' and change = 'missing'
      then array[format('create extension %s schema %s', name, expected ->> 'schema')]
    when kind = 'extension' and change = 'changed' and expected -> 'schema' <> actual -> 'schema'
      then array[format('alter extension %s set schema %s', name, expected ->> 'schema')]
    when kind = 'extension' and change = 'changed'
      then array[format('by hand: compare its members (\dx+ %s) with those of a new database', name)]
    when kind = 'built-in functions'
      then array[
        'by hand: compare pg_proc with that of a new server of this release, and move the data to one']
    when change = 'added'
      then array[format('drop %s %s', kind, name)]
    else array['by hand: create it as in db/schema.sql']
  end;
  -- Two attributes may ask for the same. Words and statements together are words.
  return (
    select
      case when bool_or(once.step ~ '^by hand: ') then 'by hand: ' else '' end
      || string_agg(regexp_replace(once.step, '^by hand: ', ''), '; ' order by once.place)
    from (
      select given.step, min(given.place) as place
      from unnest(v_steps) with ordinality as given (step, place)
      group by given.step
    ) as once);
end $_$;


--
-- Name: FUNCTION suggest_remedy(change text, kind text, name text, expected jsonb, actual jsonb); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.suggest_remedy(change text, kind text, name text, expected jsonb, actual jsonb) IS 'The remedy of a difference: statements that can be pasted, or "by hand:" and a sentence.';


--
-- Name: suggest_role_remedy(text, text, text, jsonb, jsonb); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.suggest_role_remedy(change text, kind text, name text, expected jsonb, actual jsonb) RETURNS text[]
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $_$
declare
  v_part text[];
  v_steps text[];
begin
  case kind
  when 'membership' then
    return array(
      select audit.suggest_membership_remedy(membership.roleid, membership.member)
      from pg_catalog.pg_auth_members as membership
      where name = format(
        '%s in %s', audit.name_role(membership.member), audit.name_role(membership.roleid)));
  when 'setting' then
    v_part := regexp_match(name, '^(\S+) of (.*) in (every|this) database$');
    return array(
      select audit.suggest_setting_remedy(coalesce(role.oid, 0), v_part[3] = 'every', case
        when change = 'added' then 'reset ' || v_part[1]
        else format('set %s = %L', v_part[1], expected ->> 'value')
      end)
      from (values (v_part[2])) as named (role)
      left join pg_catalog.pg_roles as role on named.role = audit.name_role(role.oid));
  when 'default privilege' then
    v_part := regexp_match(
      name, '^(\w+) on ([a-z ]+) that ("[^"]*"|[^"]+) creates(?: in ("[^"]*"|\S+))? for (.*)$');
    return array(
      select format(
        'alter default privileges for role %s%s %s %s on %s %s %s%s', v_part[3], ' in schema ' || v_part[4],
        step.verb, v_part[1], v_part[2], step.preposition, v_part[5],
        case when step.verb = 'grant' and (expected ->> 'grantable')::boolean then ' with grant option' end)
      from (values
        ('revoke', 'from', change <> 'missing'), ('grant', 'to', change <> 'added')
      ) as step (verb, preposition, wanted)
      where step.wanted);
  else
    if change = 'missing' then
      return array['by hand: create it as in db/migrations/0001_roles.sql'];
    end if;
    -- Of a role that is none of Duly's, what makes it strong; else its memberships do.
    v_steps := array(
      select format(
        'alter role %s %s', name, case
          when attribute.key = 'connection limit'
            then format('connection limit %s', expected ->> attribute.key)
          when attribute.key = 'valid until'
            then format('valid until %L', coalesce(expected ->> attribute.key, 'infinity'))
          when coalesce((expected ->> attribute.key)::boolean, false) then attribute.key
          else 'no' || attribute.key
        end)
      from jsonb_each(actual) as attribute
      where case change
        when 'changed' then expected -> attribute.key <> attribute.value
        else attribute.key in ('superuser', 'bypassrls', 'createrole', 'replication')
          and attribute.value = 'true' end);
    if change = 'added' and cardinality(v_steps) = 0 then
      v_steps := array(
        select unnest(audit.suggest_role_remedy('added', object.kind, object.name, null, null))
        from audit.role_objects as object
        where object.kind = 'membership' and starts_with(object.name, suggest_role_remedy.name || ' in '));
    end if;
    return v_steps;
  end case;
end $_$;


--
-- Name: FUNCTION suggest_role_remedy(change text, kind text, name text, expected jsonb, actual jsonb); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.suggest_role_remedy(change text, kind text, name text, expected jsonb, actual jsonb) IS 'Remedies for a role, a membership, a setting or a default privilege.';


--
-- Name: suggest_setting_remedy(oid, boolean, text); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.suggest_setting_remedy(role oid, everywhere boolean, change text) RETURNS text
    LANGUAGE sql STABLE
    RETURN format('alter %s %s'::text, CASE WHEN ((role = (0)::oid) AND everywhere) THEN 'role all'::text WHEN (role = (0)::oid) THEN format('database %I'::text, current_database()) WHEN everywhere THEN format('role %I'::text, pg_get_userbyid(role)) ELSE format('role %I in database %I'::text, pg_get_userbyid(role), current_database()) END, change);


--
-- Name: FUNCTION suggest_setting_remedy(role oid, everywhere boolean, change text); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.suggest_setting_remedy(role oid, everywhere boolean, change text) IS 'The statement that sets or resets a setting where it was made.';


--
-- Name: suggest_table_remedy(text, jsonb, jsonb); Type: FUNCTION; Schema: audit; Owner: -
--

CREATE FUNCTION audit.suggest_table_remedy(name text, expected jsonb, actual jsonb) RETURNS text[]
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $$
  select audit.suggest_option_remedy('table', name, expected, actual) || array(
    select case differing.key
      when 'row-level security' then format(
        'alter table %s %s row level security', name,
        case differing.wanted when 'true' then 'enable' else 'disable' end)
      when 'forced' then format(
        'alter table %s %s row level security', name,
        case differing.wanted when 'true' then 'force' else 'no force' end)
      when 'replica identity' then format('alter table %s replica identity default', name)
      when 'unlogged' then format('alter table %s set logged', name)
      when 'parents' then (
        select string_agg(
          case
            when class.relkind = 'p' then format('alter table %s detach partition %s', parent.name, name)
            else format('alter table %s no inherit %s', name, parent.name)
          end, '; ')
        from jsonb_array_elements_text(actual -> 'parents') as parent (name)
        inner join pg_catalog.pg_class as class on class.oid::regclass::text = parent.name)
      else 'by hand: create it again as in db/schema.sql, and copy its rows'
    end
    from (
      select attribute.key, expected ->> attribute.key as wanted
      from jsonb_object_keys(expected || actual) as attribute (key)
      where expected -> attribute.key is distinct from actual -> attribute.key
        and attribute.key not in ('owner', 'options')
    ) as differing
    order by differing.key)
$$;


--
-- Name: FUNCTION suggest_table_remedy(name text, expected jsonb, actual jsonb); Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON FUNCTION audit.suggest_table_remedy(name text, expected jsonb, actual jsonb) IS 'Remedies for a table that differs.';


--
-- Name: find_tasks(text, text[], boolean, boolean); Type: FUNCTION; Schema: finder; Owner: -
--

CREATE FUNCTION finder.find_tasks(q text, tags text[], match_all boolean, ranked boolean, OUT ids uuid[], OUT ranks real[]) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  v_user constant text := app.require_user_id();
  v_words constant tsquery := app.search_query(v_user, q);
  v_tags constant tsquery := app.tag_query(v_user, tags, match_all);
  v_query constant tsquery := coalesce(v_words && v_tags, v_words, v_tags);
begin
  -- collate "C" fits no other index: else the planner would read all of the user's entries as well, to
  -- intersect them with what is found.
  if ranked then
    select array_agg(entry.id), array_agg(ts_rank(entry.keys, v_words)) into ids, ranks
    from app.search_entries as entry
    where entry.user_id = v_user collate "C" and entry.keys @@ v_query;
  else
    select array_agg(entry.id) into ids
    from app.search_entries as entry
    where entry.user_id = v_user collate "C" and entry.keys @@ v_query;
  end if;
end $$;


--
-- Name: FUNCTION find_tasks(q text, tags text[], match_all boolean, ranked boolean, OUT ids uuid[], OUT ranks real[]); Type: COMMENT; Schema: finder; Owner: -
--

COMMENT ON FUNCTION finder.find_tasks(q text, tags text[], match_all boolean, ranked boolean, OUT ids uuid[], OUT ranks real[]) IS 'Definer, to use the search index: the ids of the user''s tasks with the words and the tags, in no order, and how well the words fit.';


--
-- Name: count_change(text, app.tasks, app.tasks); Type: FUNCTION; Schema: keeper; Owner: -
--

CREATE FUNCTION keeper.count_change(user_id text, old app.tasks, new app.tasks) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $_$
declare
  v_now constant bigint := (extract(epoch from clock_timestamp()) * 1000000)::bigint;
  v_version bigint;
  v_listening integer;
  v_forgotten bigint;
  -- As in keep_reminder.
  v_remind_at constant timestamptz := case
    when not new.completed and new.reminder_at > now() - interval '1 minute' then new.reminder_at end;
  -- The total that the task leaves, and the one that it joins.
  v_left constant text :=
    coalesce(case when old.completed then 'completed ' else 'open ' end || old.priority, '');
  v_joined constant text :=
    coalesce(case when new.completed then 'completed ' else 'open ' end || new.priority, '');
begin
  if v_left = v_joined then
    update app.task_counts as counts
    set version = greatest(counts.version + 1, v_now), remind_at = least(counts.remind_at, v_remind_at)
    where counts.user_id = $1
    returning counts.version, counts.listening into v_version, v_listening;
  else
    update app.task_counts as counts
    set version = greatest(counts.version + 1, v_now), remind_at = least(counts.remind_at, v_remind_at),
      open_high = counts.open_high
        + case 'open High' when v_joined then 1 when v_left then -1 else 0 end,
      open_medium = counts.open_medium
        + case 'open Medium' when v_joined then 1 when v_left then -1 else 0 end,
      open_low = counts.open_low
        + case 'open Low' when v_joined then 1 when v_left then -1 else 0 end,
      completed_high = counts.completed_high
        + case 'completed High' when v_joined then 1 when v_left then -1 else 0 end,
      completed_medium = counts.completed_medium
        + case 'completed Medium' when v_joined then 1 when v_left then -1 else 0 end,
      completed_low = counts.completed_low
        + case 'completed Low' when v_joined then 1 when v_left then -1 else 0 end
    where counts.user_id = $1
    returning counts.version, counts.listening into v_version, v_listening;
  end if;
  if v_version is null then
    -- The user's first change.
    insert into app.task_counts (user_id) values ($1) on conflict on constraint task_counts_pkey do nothing;
    return keeper.count_change($1, old, new);
  end if;

  if old.id is not null and old.id is distinct from new.id then
    insert into app.deleted_tasks (user_id, version, id) values ($1, v_version, old.id);
    with forgotten as (
      delete from app.deleted_tasks as deleted
      where deleted.user_id = $1 and deleted.version = any(array(
        select past.version from app.deleted_tasks as past
        where past.user_id = $1 and past.version < v_now - 2592000000000
        order by past.version
        limit 10))
      returning deleted.version
    )
    select max(forgotten.version) into v_forgotten from forgotten;
    if v_forgotten is not null then
      update app.task_counts as counts set forgotten = v_forgotten where counts.user_id = $1;
    end if;
  end if;
  if v_listening <> 0 then
    perform keeper.enqueue_event($1, v_version, v_listening, old, new);
  end if;
  return v_version;
end $_$;


--
-- Name: FUNCTION count_change(user_id text, old app.tasks, new app.tasks); Type: COMMENT; Schema: keeper; Owner: -
--

COMMENT ON FUNCTION keeper.count_change(user_id text, old app.tasks, new app.tasks) IS 'Counts a change of the user''s tasks, from old (null: it is made) to new (null: it is deleted), and returns its number.';


--
-- Name: count_task(); Type: FUNCTION; Schema: keeper; Owner: -
--

CREATE FUNCTION keeper.count_task() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  -- Where the rows are spread over machines (db/citus), the rows of a trigger have a type of their own.
  v_old constant app.tasks := old;
  v_new constant app.tasks := new;
begin
  if tg_op = 'INSERT' then
    perform keeper.count_change(new.user_id, null, v_new);
  elsif tg_op = 'DELETE' then
    perform keeper.count_change(old.user_id, v_old, null);
  elsif old.user_id = new.user_id then
    perform keeper.count_change(new.user_id, v_old, v_new);
  elsif old.user_id < new.user_id then
    perform keeper.count_change(old.user_id, v_old, null);
    perform keeper.count_change(new.user_id, null, v_new);
  else
    perform keeper.count_change(new.user_id, null, v_new);
    perform keeper.count_change(old.user_id, v_old, null);
  end if;
  return null;
end $$;


--
-- Name: FUNCTION count_task(); Type: COMMENT; Schema: keeper; Owner: -
--

COMMENT ON FUNCTION keeper.count_task() IS 'Definer, because nobody else may write totals: counts a change by direct SQL.';


--
-- Name: enqueue_event(text, bigint, integer, app.tasks, app.tasks); Type: FUNCTION; Schema: keeper; Owner: -
--

CREATE FUNCTION keeper.enqueue_event(user_id text, version bigint, listening integer, old app.tasks, new app.tasks) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $_$
declare
  v_type constant text := case
    when old.id is null then 'task.created'
    when new.id is null then 'task.deleted'
    when new.completed and not old.completed then 'task.completed'
    when old.completed and not new.completed then 'task.reopened'
    else 'task.updated' end;
  v_webhook uuid;
  v_payload text;
begin
  if listening & app.event_bit(v_type) = 0 then
    return;
  end if;
  if new.id is null then
    v_payload := concat('{"id":"', old.id, '"}');
  else
    -- As the task is going to be stored.
    new.user_id := user_id;
    new.version := version;
    new.updated_at := app.time_of(version);
    new.created_at := coalesce(new.created_at, new.updated_at);
    v_payload := app.render_task(new);
  end if;
  v_payload := app.render_event(v_type, app.time_of(version), version, v_payload);
  for v_webhook in
    select webhook.id from app.webhooks as webhook
    where webhook.user_id = $1 and webhook.paused is null and v_type = any(webhook.events)
    order by webhook.id
  loop
    insert into app.deliveries (user_id, webhook_id, type, task_id, number, payload)
    values ($1, v_webhook, v_type, coalesce(new.id, old.id), version, v_payload);
    perform app.add_waiting($1, v_webhook);
  end loop;
end $_$;


--
-- Name: FUNCTION enqueue_event(user_id text, version bigint, listening integer, old app.tasks, new app.tasks); Type: COMMENT; Schema: keeper; Owner: -
--

COMMENT ON FUNCTION keeper.enqueue_event(user_id text, version bigint, listening integer, old app.tasks, new app.tasks) IS 'Writes a delivery of a change for each active webhook that waits for it.';


--
-- Name: forget_tasks(); Type: FUNCTION; Schema: keeper; Owner: -
--

CREATE FUNCTION keeper.forget_tasks() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  truncate app.deleted_tasks, app.search_entries, app.reminders;
  update app.task_counts as counts
  set version = counts.version + 1, forgotten = counts.version + 1, remind_at = null,
    open_high = 0, open_medium = 0, open_low = 0,
    completed_high = 0, completed_medium = 0, completed_low = 0;
  return null;
end $$;


--
-- Name: FUNCTION forget_tasks(); Type: COMMENT; Schema: keeper; Owner: -
--

COMMENT ON FUNCTION keeper.forget_tasks() IS 'Definer, because nobody else may write totals and keys: empties them when the tasks are truncated.';


--
-- Name: keep_listening(); Type: FUNCTION; Schema: keeper; Owner: -
--

CREATE FUNCTION keeper.keep_listening() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  v_user constant text := coalesce(new.user_id, old.user_id);
  v_bits integer;
begin
  -- Of a user who is forgotten (api.forget_user) nothing is made again.
  if tg_op <> 'DELETE' then
    insert into app.task_counts (user_id) values (v_user)
    on conflict on constraint task_counts_pkey do nothing;
  end if;
  select coalesce(bit_or(app.event_bit(event)), 0) into v_bits
  from app.webhooks as webhook, unnest(webhook.events) as event
  where webhook.user_id = v_user and webhook.paused is null;
  update app.task_counts as counts set listening = v_bits
  where counts.user_id = v_user and counts.listening <> v_bits;
  return null;
end $$;


--
-- Name: FUNCTION keep_listening(); Type: COMMENT; Schema: keeper; Owner: -
--

COMMENT ON FUNCTION keeper.keep_listening() IS 'Definer, because nobody else may write app.task_counts: keeps its listening equal to the events of the user''s active webhooks.';


--
-- Name: keep_reminder(); Type: FUNCTION; Schema: keeper; Owner: -
--

CREATE FUNCTION keeper.keep_reminder() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  if tg_op <> 'INSERT' then
    delete from app.reminders as reminder where reminder.user_id = old.user_id and reminder.id = old.id;
  end if;
  if tg_op <> 'DELETE' and not new.completed and new.reminder_at > now() - interval '1 minute' then
    insert into app.reminders (user_id, id, remind_at) values (new.user_id, new.id, new.reminder_at);
  end if;
  return null;
end $$;


--
-- Name: FUNCTION keep_reminder(); Type: COMMENT; Schema: keeper; Owner: -
--

COMMENT ON FUNCTION keeper.keep_reminder() IS 'Definer, because nobody else may write reminders: keeps the reminder of a task equal to its reminder_at.';


--
-- Name: keep_search_entry(); Type: FUNCTION; Schema: keeper; Owner: -
--

CREATE FUNCTION keeper.keep_search_entry() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  if tg_op = 'UPDATE' and (new.user_id, new.id) = (old.user_id, old.id) then
    update app.search_entries as entry
    set keys = app.search_vector(new.user_id, new.title, new.description, new.tags)
    where entry.user_id = new.user_id and entry.id = new.id;
    return null;
  end if;
  if tg_op <> 'INSERT' then
    delete from app.search_entries as entry where entry.user_id = old.user_id and entry.id = old.id;
  end if;
  if tg_op <> 'DELETE' then
    insert into app.search_entries (user_id, id, keys)
    values (new.user_id, new.id, app.search_vector(new.user_id, new.title, new.description, new.tags));
  end if;
  return null;
end $$;


--
-- Name: FUNCTION keep_search_entry(); Type: COMMENT; Schema: keeper; Owner: -
--

COMMENT ON FUNCTION keeper.keep_search_entry() IS 'Definer, because nobody else may write the keys: keeps the search entry of a task equal to the task.';


--
-- Name: list_migrations(); Type: FUNCTION; Schema: keeper; Owner: -
--

CREATE FUNCTION keeper.list_migrations() RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
  select applied.version::text from public.schema_migrations as applied
$$;


--
-- Name: FUNCTION list_migrations(); Type: COMMENT; Schema: keeper; Owner: -
--

COMMENT ON FUNCTION keeper.list_migrations() IS 'Definer, because the service may not read the list itself: the versions of the migrations that were applied.';


--
-- Name: remove_expired_answers(); Type: FUNCTION; Schema: keeper; Owner: -
--

CREATE FUNCTION keeper.remove_expired_answers() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $_$
begin
  -- One at a time, so that none waits for another; the rest is for the next request with a key.
  if not pg_try_advisory_xact_lock(hashtextextended('keeper.remove_expired_answers', 0)) then
    return null;
  end if;
  if tg_table_name = 'idempotency_keys' then
    delete from app.idempotency_keys as kept
    where (kept.user_id, kept.key) in (
      select expired.user_id, expired.key
      from app.idempotency_keys as expired
      where expired.created_at <= now() - interval '24 hours'
      order by expired.created_at
      limit 10);
  else
    execute format(
      $$
        delete from %1$s as kept
        where (kept.user_id, kept.key) in (
          select expired.user_id, expired.key
          from %1$s as expired
          where expired.created_at <= now() - interval '24 hours'
          order by expired.created_at
          limit 10)
      $$, tg_relid::regclass);
  end if;
  return null;
end $_$;


--
-- Name: FUNCTION remove_expired_answers(); Type: COMMENT; Schema: keeper; Owner: -
--

COMMENT ON FUNCTION keeper.remove_expired_answers() IS 'Definer, because they belong to any user: removes some of the answers that are older than 24 hours.';


--
-- Name: take_number(app.tasks, app.tasks); Type: FUNCTION; Schema: keeper; Owner: -
--

CREATE FUNCTION keeper.take_number(old app.tasks, new app.tasks) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
  return keeper.count_change(app.require_user_id(), old, new);
end $$;


--
-- Name: FUNCTION take_number(old app.tasks, new app.tasks); Type: COMMENT; Schema: keeper; Owner: -
--

COMMENT ON FUNCTION keeper.take_number(old app.tasks, new app.tasks) IS 'Definer, because nobody else may write totals: counts a change of the present user''s task and returns its number.';


--
-- Name: find_due(integer); Type: FUNCTION; Schema: porter; Owner: -
--

CREATE FUNCTION porter.find_due("limit" integer, OUT user_id text, OUT kind text, OUT id uuid, OUT webhook_id uuid, OUT due_at timestamp with time zone, OUT failing boolean) RETURNS SETOF record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
  c_max_of_user constant integer := 10;
  c_max_of_webhook constant integer := 5;
  v_now constant timestamptz := now();
  v_users text[];
  v_webhooks uuid[];
  v_share integer;
begin
  kind := 'reminder';
  failing := false;
  v_users := array(
    select counts.user_id from app.task_counts as counts
    where counts.remind_at <= v_now
    order by counts.remind_at
    limit "limit");
  v_share := greatest(1, least(c_max_of_user, "limit" / greatest(1, cardinality(v_users))));
  foreach user_id in array v_users loop
    return query
    select reminder.user_id, find_due.kind, reminder.id, null::uuid, reminder.remind_at, find_due.failing
    from app.reminders as reminder
    where reminder.user_id = find_due.user_id and reminder.remind_at <= v_now
    order by reminder.remind_at
    limit v_share;
    if not found then
      due_at := v_now;
      return next;
    end if;
  end loop;

  kind := 'delivery';
  foreach failing in array array[false, true] loop
    if failing then
      select array_agg(place.user_id), array_agg(place.id) into v_users, v_webhooks
      from (
        select webhook.user_id, webhook.id from app.webhooks as webhook
        where webhook.failing_since is not null and webhook.due_at <= v_now
        order by webhook.due_at
        limit "limit") as place;
    else
      select array_agg(place.user_id), array_agg(place.id) into v_users, v_webhooks
      from (
        select webhook.user_id, webhook.id from app.webhooks as webhook
        where webhook.failing_since is null and webhook.due_at <= v_now
        order by webhook.due_at
        limit "limit") as place;
    end if;
    v_share := greatest(1, least(c_max_of_webhook, "limit" / greatest(1, cardinality(v_webhooks))));
    for place in 1 .. coalesce(cardinality(v_webhooks), 0) loop
      user_id := v_users[place];
      webhook_id := v_webhooks[place];
      return query
      select delivery.user_id, find_due.kind, delivery.id, delivery.webhook_id, delivery.due_at,
        find_due.failing
      from app.deliveries as delivery
      where delivery.user_id = find_due.user_id and delivery.webhook_id = find_due.webhook_id
        and delivery.due_at <= v_now
      order by delivery.due_at
      limit v_share;
      if not found then
        due_at := v_now;
        return next;
      end if;
    end loop;
  end loop;
end $$;


--
-- Name: FUNCTION find_due("limit" integer, OUT user_id text, OUT kind text, OUT id uuid, OUT webhook_id uuid, OUT due_at timestamp with time zone, OUT failing boolean); Type: COMMENT; Schema: porter; Owner: -
--

COMMENT ON FUNCTION porter.find_due("limit" integer, OUT user_id text, OUT kind text, OUT id uuid, OUT webhook_id uuid, OUT due_at timestamp with time zone, OUT failing boolean) IS 'Definer, because no user is known yet: users and ids of the reminders and deliveries that are due, a few of each user or webhook, those first that have waited longest for their turn.';


--
-- Name: measure_queue(); Type: FUNCTION; Schema: porter; Owner: -
--

CREATE FUNCTION porter.measure_queue(OUT waiting bigint, OUT oldest double precision) RETURNS record
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
  select coalesce(webhooks.waiting, 0)::bigint,
    coalesce(extract(epoch from now() - least(webhooks.due_at, reminders.remind_at)), 0)
  from (
    select sum(webhook.waiting) as waiting,
      min(webhook.due_at) filter (where webhook.failing_since is null) as due_at
    from app.webhooks as webhook
    where webhook.due_at is not null) as webhooks
  cross join (select min(counts.remind_at) as remind_at from app.task_counts as counts) as reminders
$$;


--
-- Name: FUNCTION measure_queue(OUT waiting bigint, OUT oldest double precision); Type: COMMENT; Schema: porter; Owner: -
--

COMMENT ON FUNCTION porter.measure_queue(OUT waiting bigint, OUT oldest double precision) IS 'Definer, because it counts for all users: deliveries that wait for active webhooks, and by how many seconds the user or webhook that has waited longest for its turn is late.';


--
-- Name: open_pass(bytea); Type: FUNCTION; Schema: porter; Owner: -
--

CREATE FUNCTION porter.open_pass(digest bytea, OUT user_id text, OUT id uuid, OUT scope text, OUT expires_at timestamp with time zone, OUT used_today boolean) RETURNS record
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
  select
    pass.user_id, pass.id, pass.scope, pass.expires_at,
    coalesce(pass.last_used_on = (now() at time zone 'UTC')::date, false)
  from app.passes as pass
  where pass.digest = open_pass.digest and pass.expires_at > now()
  limit 1
$$;


--
-- Name: FUNCTION open_pass(digest bytea, OUT user_id text, OUT id uuid, OUT scope text, OUT expires_at timestamp with time zone, OUT used_today boolean); Type: COMMENT; Schema: porter; Owner: -
--

COMMENT ON FUNCTION porter.open_pass(digest bytea, OUT user_id text, OUT id uuid, OUT scope text, OUT expires_at timestamp with time zone, OUT used_today boolean) IS 'Definer, because no user is known yet: the user of the pass with this digest, and its scope; nulls for no valid pass.';


--
-- Name: english_stem; Type: TEXT SEARCH DICTIONARY; Schema: app; Owner: -
--

CREATE TEXT SEARCH DICTIONARY app.english_stem (
    TEMPLATE = pg_catalog.snowball,
    language = 'english' );


--
-- Name: TEXT SEARCH DICTIONARY english_stem; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TEXT SEARCH DICTIONARY app.english_stem IS 'English word forms, without stop words, so that "to do" can be found.';


--
-- Name: deleted_tasks; Type: TABLE; Schema: app; Owner: -
--

CREATE TABLE app.deleted_tasks (
    user_id text NOT NULL,
    version bigint NOT NULL,
    id uuid NOT NULL
);

ALTER TABLE ONLY app.deleted_tasks FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE deleted_tasks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TABLE app.deleted_tasks IS 'The deletions of the last 30 days, for clients that synchronise; written by keeper.count_change alone.';


--
-- Name: COLUMN deleted_tasks.user_id; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.deleted_tasks.user_id IS 'The owner of the task.';


--
-- Name: COLUMN deleted_tasks.version; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.deleted_tasks.version IS 'The number of the deletion among the owner''s changes.';


--
-- Name: COLUMN deleted_tasks.id; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.deleted_tasks.id IS 'The task; it may have been made again since.';


--
-- Name: deliveries; Type: TABLE; Schema: app; Owner: -
--

CREATE TABLE app.deliveries (
    user_id text DEFAULT app.user_id() NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    webhook_id uuid NOT NULL,
    type text NOT NULL,
    task_id uuid,
    number bigint NOT NULL,
    payload text NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    due_at timestamp with time zone DEFAULT now(),
    claimed boolean DEFAULT false NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    status integer,
    error text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT deliveries_due_waits CHECK (((due_at IS NOT NULL) = (state = 'waiting'::text))),
    CONSTRAINT deliveries_state_known CHECK ((state = ANY (ARRAY['waiting'::text, 'delivered'::text, 'failed'::text])))
)
WITH (fillfactor='80');

ALTER TABLE ONLY app.deliveries FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE deliveries; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TABLE app.deliveries IS 'What is to be sent, what was sent, and what could not be.';


--
-- Name: COLUMN deliveries.user_id; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.deliveries.user_id IS 'The owner of the webhook.';


--
-- Name: COLUMN deliveries.id; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.deliveries.id IS 'The id of the delivery; the header webhook-id has it in each attempt.';


--
-- Name: COLUMN deliveries.webhook_id; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.deliveries.webhook_id IS 'Where it goes.';


--
-- Name: COLUMN deliveries.type; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.deliveries.type IS 'The type of the event: one of those of app.webhooks, or test.';


--
-- Name: COLUMN deliveries.task_id; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.deliveries.task_id IS 'The task of the event; null for a test.';


--
-- Name: COLUMN deliveries.number; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.deliveries.number IS 'The number of the change: events of a task are sent in its order.';


--
-- Name: COLUMN deliveries.payload; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.deliveries.payload IS 'The event, as JSON.';


--
-- Name: COLUMN deliveries.state; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.deliveries.state IS 'waiting, delivered or failed.';


--
-- Name: COLUMN deliveries.due_at; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.deliveries.due_at IS 'When it is tried next, unless its webhook is paused; while it is being sent, when that claim ends. Null where it is over.';


--
-- Name: COLUMN deliveries.claimed; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.deliveries.claimed IS 'Whether a worker has it, or had it when the worker died.';


--
-- Name: COLUMN deliveries.attempts; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.deliveries.attempts IS 'How many times it was tried.';


--
-- Name: COLUMN deliveries.status; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.deliveries.status IS 'The HTTP status of the last answer, or null.';


--
-- Name: COLUMN deliveries.error; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.deliveries.error IS 'Why there was no answer to the last attempt, in a word, or null.';


--
-- Name: COLUMN deliveries.created_at; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.deliveries.created_at IS 'When the event happened.';


--
-- Name: COLUMN deliveries.finished_at; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.deliveries.finished_at IS 'When it was delivered, or given up.';


--
-- Name: CONSTRAINT deliveries_due_waits ON deliveries; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT deliveries_due_waits ON app.deliveries IS 'delivery_state: must be due where it waits, and only there';


--
-- Name: CONSTRAINT deliveries_state_known ON deliveries; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT deliveries_state_known ON app.deliveries IS 'enum: must be waiting, delivered or failed';


--
-- Name: idempotency_keys; Type: TABLE; Schema: app; Owner: -
--

CREATE TABLE app.idempotency_keys (
    user_id text DEFAULT app.user_id() NOT NULL,
    key text NOT NULL,
    request text NOT NULL,
    status integer NOT NULL,
    headers text[] NOT NULL,
    body text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT idempotency_keys_key_length CHECK (((char_length(key) >= 1) AND (char_length(key) <= 255)))
);

ALTER TABLE ONLY app.idempotency_keys FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE idempotency_keys; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TABLE app.idempotency_keys IS 'Answers to requests with an Idempotency-Key, kept for 24 hours.';


--
-- Name: COLUMN idempotency_keys.user_id; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.idempotency_keys.user_id IS 'The user of the request; the same key of another user is another key.';


--
-- Name: COLUMN idempotency_keys.key; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.idempotency_keys.key IS 'The Idempotency-Key, as it was sent.';


--
-- Name: COLUMN idempotency_keys.request; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.idempotency_keys.request IS 'A digest of the operation, its task and its body: the same key with another is refused.';


--
-- Name: COLUMN idempotency_keys.status; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.idempotency_keys.status IS 'The status of the answer.';


--
-- Name: COLUMN idempotency_keys.headers; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.idempotency_keys.headers IS 'The headers of the answer: name, value, name, value, …';


--
-- Name: COLUMN idempotency_keys.body; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.idempotency_keys.body IS 'The body of the answer.';


--
-- Name: COLUMN idempotency_keys.created_at; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.idempotency_keys.created_at IS 'When the request was answered.';


--
-- Name: CONSTRAINT idempotency_keys_key_length ON idempotency_keys; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT idempotency_keys_key_length ON app.idempotency_keys IS 'string_length: must have 1 to 255 characters';


--
-- Name: passes; Type: TABLE; Schema: app; Owner: -
--

CREATE TABLE app.passes (
    user_id text DEFAULT app.user_id() NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    label text NOT NULL,
    scope text NOT NULL,
    digest bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    last_used_on date,
    CONSTRAINT passes_digest_length CHECK ((octet_length(digest) = 32)),
    CONSTRAINT passes_expires_at_range CHECK (((expires_at > created_at) AND (expires_at <= (created_at + '8784:00:00'::interval)))),
    CONSTRAINT passes_label_length CHECK (((char_length(label) >= 1) AND (char_length(label) <= 100))),
    CONSTRAINT passes_scope_known CHECK ((scope = ANY (ARRAY['tasks:read'::text, 'tasks:write'::text])))
);

ALTER TABLE ONLY app.passes FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE passes; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TABLE app.passes IS 'Tokens that users make for scripts, each kept as a digest.';


--
-- Name: COLUMN passes.user_id; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.passes.user_id IS 'The user of the pass.';


--
-- Name: COLUMN passes.id; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.passes.id IS 'The pass''s identifier, unique among its user''s passes.';


--
-- Name: COLUMN passes.label; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.passes.label IS 'What the pass is for; white space at both ends is trimmed.';


--
-- Name: COLUMN passes.scope; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.passes.scope IS 'tasks:read allows reading only; tasks:write everything that is done with tasks.';


--
-- Name: COLUMN passes.digest; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.passes.digest IS 'The SHA-256 of the token.';


--
-- Name: COLUMN passes.created_at; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.passes.created_at IS 'When it was created.';


--
-- Name: COLUMN passes.expires_at; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.passes.expires_at IS 'When it stops working, at most 366 days after its creation; 90 days where none is given.';


--
-- Name: COLUMN passes.last_used_on; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.passes.last_used_on IS 'The day of its last use, in UTC; null before the first.';


--
-- Name: CONSTRAINT passes_digest_length ON passes; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT passes_digest_length ON app.passes IS 'bytes_length: must have 32 bytes';


--
-- Name: CONSTRAINT passes_expires_at_range ON passes; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT passes_expires_at_range ON app.passes IS 'time_range: must lie in the future, and at most 366 days ahead';


--
-- Name: CONSTRAINT passes_label_length ON passes; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT passes_label_length ON app.passes IS 'string_length: must have 1 to 100 characters';


--
-- Name: CONSTRAINT passes_scope_known ON passes; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON CONSTRAINT passes_scope_known ON app.passes IS 'enum: must be tasks:read or tasks:write';


--
-- Name: reminders; Type: TABLE; Schema: app; Owner: -
--

CREATE TABLE app.reminders (
    user_id text NOT NULL,
    id uuid NOT NULL,
    remind_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY app.reminders FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE reminders; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TABLE app.reminders IS 'The open tasks whose reminder is still to come; written by keeper.keep_reminder.';


--
-- Name: COLUMN reminders.user_id; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.reminders.user_id IS 'The owner of the task.';


--
-- Name: COLUMN reminders.id; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.reminders.id IS 'The task.';


--
-- Name: COLUMN reminders.remind_at; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.reminders.remind_at IS 'When the reminder is due.';


--
-- Name: search_entries; Type: TABLE; Schema: app; Owner: -
--

CREATE TABLE app.search_entries (
    user_id text NOT NULL,
    id uuid NOT NULL,
    keys tsvector NOT NULL
);

ALTER TABLE ONLY app.search_entries FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE search_entries; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TABLE app.search_entries IS 'The keys of each task in the search index; written by keeper.keep_search_entry alone.';


--
-- Name: COLUMN search_entries.user_id; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.search_entries.user_id IS 'The owner of the task.';


--
-- Name: COLUMN search_entries.id; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.search_entries.id IS 'The task.';


--
-- Name: COLUMN search_entries.keys; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.search_entries.keys IS 'Its keys, made by app.search_vector.';


--
-- Name: token_buckets; Type: TABLE; Schema: app; Owner: -
--

CREATE UNLOGGED TABLE app.token_buckets (
    user_id text DEFAULT app.user_id() NOT NULL,
    full_at bigint NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE ONLY app.token_buckets FORCE ROW LEVEL SECURITY;


--
-- Name: TABLE token_buckets; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TABLE app.token_buckets IS 'How much of the rate limit each user has used; empty where RATE_LIMIT is not set.';


--
-- Name: COLUMN token_buckets.user_id; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.token_buckets.user_id IS 'The user of the requests.';


--
-- Name: COLUMN token_buckets.full_at; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON COLUMN app.token_buckets.full_at IS 'When the bucket is full again, in microseconds since 1970; each request takes it further into the future.';


--
-- Name: channel_objects; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.channel_objects WITH (security_invoker='true') AS
 SELECT 'publication'::text AS kind,
    quote_ident((publication.pubname)::text) AS name,
    jsonb_build_object('owner', audit.name_role(publication.pubowner), 'all tables', publication.puballtables, 'tables', ( SELECT jsonb_agg(((member.prrelid)::regclass)::text ORDER BY ((member.prrelid)::regclass)::text) AS jsonb_agg
           FROM pg_publication_rel member
          WHERE (member.prpubid = publication.oid)), 'schemas', ( SELECT jsonb_agg(((member.pnnspid)::regnamespace)::text ORDER BY ((member.pnnspid)::regnamespace)::text) AS jsonb_agg
           FROM pg_publication_namespace member
          WHERE (member.pnpubid = publication.oid))) AS definition
   FROM pg_publication publication
UNION ALL
 SELECT 'subscription'::text AS kind,
    quote_ident((subscription.subname)::text) AS name,
    jsonb_build_object('owner', audit.name_role(subscription.subowner), 'enabled', subscription.subenabled) AS definition
   FROM (pg_subscription subscription
     JOIN pg_database database ON (((subscription.subdbid = database.oid) AND (database.datname = current_database()))))
UNION ALL
 SELECT 'replication slot'::text AS kind,
    (slot.slot_name)::text AS name,
    jsonb_build_object('type', slot.slot_type, 'plugin', slot.plugin) AS definition
   FROM pg_replication_slots slot
  WHERE ((slot.database IS NULL) OR (slot.database = current_database()))
UNION ALL
 SELECT 'foreign data wrapper'::text AS kind,
    quote_ident((wrapper.fdwname)::text) AS name,
    jsonb_build_object('owner', audit.name_role(wrapper.fdwowner)) AS definition
   FROM pg_foreign_data_wrapper wrapper
UNION ALL
 SELECT 'foreign server'::text AS kind,
    quote_ident((server.srvname)::text) AS name,
    jsonb_build_object('owner', audit.name_role(server.srvowner)) AS definition
   FROM pg_foreign_server server
UNION ALL
 SELECT 'user mapping'::text AS kind,
    format('%s on %I'::text,
        CASE mapping.umuser
            WHEN 0 THEN 'public'::text
            ELSE quote_ident((mapping.usename)::text)
        END, mapping.srvname) AS name,
    '{}'::jsonb AS definition
   FROM pg_user_mappings mapping;


--
-- Name: VIEW channel_objects; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON VIEW audit.channel_objects IS 'The part of audit.objects about replication and foreign servers.';


--
-- Name: default_privileges; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.default_privileges WITH (security_invoker='true') AS
 SELECT owner.rolname AS creator,
    owner.oid AS creator_oid,
    namespace.nspname AS schema,
        CASE defaults.defaclobjtype
            WHEN 'f'::"char" THEN 'functions'::text
            WHEN 'T'::"char" THEN 'types'::text
            WHEN 'r'::"char" THEN 'tables'::text
            WHEN 'S'::"char" THEN 'sequences'::text
            WHEN 'n'::"char" THEN 'schemas'::text
            ELSE 'large objects'::text
        END AS objects,
    COALESCE(grantee.rolname, 'public'::name) AS role,
    lower(entry.privilege_type) AS privilege
   FROM ((((pg_default_acl defaults
     JOIN pg_roles owner ON ((defaults.defaclrole = owner.oid)))
     LEFT JOIN pg_namespace namespace ON ((defaults.defaclnamespace = namespace.oid)))
     CROSS JOIN LATERAL aclexplode(defaults.defaclacl) entry(grantor, grantee, privilege_type, is_grantable))
     LEFT JOIN pg_roles grantee ON ((entry.grantee = grantee.oid)));


--
-- Name: VIEW default_privileges; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON VIEW audit.default_privileges IS 'The privileges that new objects will get from their creator.';


--
-- Name: functions; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.functions WITH (security_invoker='true') AS
 SELECT function.oid,
    namespace.nspname AS schema,
    ((function.oid)::regprocedure)::text AS function,
    function.proowner AS owner_oid,
    owner.rolname AS owner,
    function.prosecdef AS definer,
        CASE function.provolatile
            WHEN 'i'::"char" THEN 'immutable'::text
            WHEN 's'::"char" THEN 'stable'::text
            ELSE 'volatile'::text
        END AS volatility,
    function.proleakproof AS leakproof,
    ( SELECT "substring"(setting.setting, '=(.*)'::text) AS "substring"
           FROM unnest(function.proconfig) setting(setting)
          WHERE (setting.setting ~~ 'search\_path=%'::text)) AS search_path,
    (function.prosqlbody IS NOT NULL) AS bound,
    obj_description(function.oid, 'pg_proc'::name) AS about,
    (function.oid IN ( SELECT dependency.objid
           FROM pg_depend dependency
          WHERE ((dependency.classid = ('pg_proc'::regclass)::oid) AND (dependency.deptype = 'e'::"char")))) AS in_extension,
    function.proacl AS acl,
        CASE function.prokind
            WHEN 'p'::"char" THEN 'procedure'::text
            WHEN 'a'::"char" THEN 'aggregate'::text
            ELSE 'function'::text
        END AS sort
   FROM ((pg_proc function
     JOIN pg_namespace namespace ON ((function.pronamespace = namespace.oid)))
     JOIN pg_roles owner ON ((function.proowner = owner.oid)))
  WHERE ((namespace.nspname !~ '^pg_'::text) AND (namespace.nspname <> 'information_schema'::name));


--
-- Name: VIEW functions; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON VIEW audit.functions IS 'Every function outside of PostgreSQL''s own schemas.';


--
-- Name: relations; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.relations WITH (security_invoker='true') AS
 SELECT class.oid,
    ((class.oid)::regclass)::text AS relation,
    namespace.nspname AS schema,
        CASE class.relkind
            WHEN 'v'::"char" THEN 'view'::text
            WHEN 'm'::"char" THEN 'materialized view'::text
            WHEN 'f'::"char" THEN 'foreign table'::text
            WHEN 'S'::"char" THEN 'sequence'::text
            ELSE 'table'::text
        END AS kind,
    owner.rolname AS owner,
    class.relowner AS owner_oid,
        CASE
            WHEN (class.relkind <> ALL (ARRAY['r'::"char", 'p'::"char"])) THEN NULL::text
            WHEN (NOT class.relrowsecurity) THEN 'OFF'::text
            WHEN (NOT class.relforcerowsecurity) THEN 'NOT FORCED'::text
            ELSE 'forced'::text
        END AS row_level_security,
        CASE
            WHEN (class.relkind = 'v'::"char") THEN COALESCE((( SELECT option.option_value
               FROM pg_options_to_table(class.reloptions) option(option_name, option_value)
              WHERE (option.option_name = 'security_invoker'::text)))::boolean, false)
            ELSE NULL::boolean
        END AS security_invoker,
    (class.oid IN ( SELECT attribute.attrelid
           FROM pg_attribute attribute
          WHERE ((attribute.attname = 'user_id'::name) AND (NOT attribute.attisdropped)))) AS has_user_id,
    (class.oid IN ( SELECT dependency.objid
           FROM pg_depend dependency
          WHERE ((dependency.classid = ('pg_class'::regclass)::oid) AND (dependency.deptype = 'e'::"char")))) AS in_extension,
    (class.oid IN ( SELECT rule.ev_class
           FROM pg_rewrite rule
          WHERE (rule.rulename <> '_RETURN'::name))) AS has_rules,
    class.relacl AS acl
   FROM ((pg_class class
     JOIN pg_namespace namespace ON ((class.relnamespace = namespace.oid)))
     JOIN pg_roles owner ON ((class.relowner = owner.oid)))
  WHERE ((class.relkind = ANY (ARRAY['r'::"char", 'p'::"char", 'v'::"char", 'm'::"char", 'f'::"char", 'S'::"char"])) AND (namespace.nspname !~ '^pg_'::text) AND (namespace.nspname <> 'information_schema'::name));


--
-- Name: VIEW relations; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON VIEW audit.relations IS 'Every table, view and sequence outside of PostgreSQL''s own schemas.';


--
-- Name: services; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.services WITH (security_invoker='true') AS
 WITH service AS (
         SELECT found.oid,
            found.rolname,
            found.rolsuper
           FROM pg_roles found
          WHERE ((found.rolname = ANY (ARRAY['task_api'::name, 'task_worker'::name])) OR ((NOT found.rolsuper) AND (pg_has_role(found.oid, 'task_api'::name, 'usage'::text) OR pg_has_role(found.oid, 'task_worker'::name, 'usage'::text))) OR (EXISTS ( SELECT
                   FROM (pg_auth_members membership
                     JOIN pg_roles api ON (((membership.roleid = api.oid) AND (api.rolname = ANY (ARRAY['task_api'::name, 'task_worker'::name])))))
                  WHERE (found.rolsuper AND (membership.member = found.oid)))))
        )
 SELECT oid,
    rolname AS role,
    (rolsuper OR (EXISTS ( SELECT
           FROM pg_database database
          WHERE ((database.datname = current_database()) AND (database.datdba = service.oid)))) OR (EXISTS ( SELECT
           FROM pg_auth_members membership
          WHERE ((membership.member = service.oid) AND (NOT (membership.roleid IN ( SELECT other.oid
                   FROM service other))))))) AS borrows
   FROM service;


--
-- Name: VIEW services; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON VIEW audit.services IS 'The roles that the service can connect as: task_api, task_worker, and those that inherit their rights; and whether one is a superuser, owns the database, or is a member of another role.';


--
-- Name: function_faults; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.function_faults WITH (security_invoker='true') AS
 WITH routine AS (
         SELECT found.oid,
            found.schema,
            found.function,
            found.owner_oid,
            found.owner,
            found.definer,
            found.leakproof,
            found.search_path,
            found.bound,
            found.about,
            found.sort
           FROM audit.functions found
          WHERE (NOT found.in_extension)
        )
 SELECT format('function %s has no pinned path: whoever calls it decides what the names in it mean'::text, found.function) AS fault,
    format('alter %s %s set search_path = '''''::text, found.sort, found.function) AS remedy
   FROM routine found
  WHERE ((found.sort <> 'aggregate'::text) AND (found.definer OR (found.schema = ANY (ARRAY['app'::name, 'api'::name, 'audit'::name, 'finder'::name, 'keeper'::name, 'porter'::name, 'spread'::name]))) AND (COALESCE(found.search_path, '-'::text) <> ALL (ARRAY['""'::text, 'pg_catalog'::text, 'pg_catalog, pg_temp'::text])) AND (found.definer OR (NOT found.bound)))
UNION
 SELECT format('function %s runs with the rights of %I and does not say why'::text, found.function, found.owner) AS fault,
    format('by hand: comment on function %s is ''Definer, …'', or alter function %1$s security invoker'::text, found.function) AS remedy
   FROM routine found
  WHERE (found.definer AND COALESCE((found.about !~ '^Definer, '::text), true))
UNION
 SELECT format('function %s runs with the rights of %I, and is in none of the schemas for that'::text, found.function, found.owner) AS fault,
    format('by hand: alter function %s security invoker, or create it in finder, keeper or porter, as their owner'::text, found.function) AS remedy
   FROM routine found
  WHERE (found.definer AND (found.schema <> ALL (ARRAY['finder'::name, 'keeper'::name, 'porter'::name])))
UNION
 SELECT format('function %s runs with the rights of %I, who may do more than it needs'::text, found.function, found.owner) AS fault,
    format('by hand: alter function %s owner to a role of its own, without login, that owns no table'::text, found.function) AS remedy
   FROM (routine found
     JOIN pg_roles owner ON ((found.owner_oid = owner.oid)))
  WHERE (found.definer AND (owner.rolname <> ALL (ARRAY['task_finder'::name, 'task_keeper'::name, 'task_porter'::name])) AND (owner.rolsuper OR owner.rolbypassrls OR owner.rolcanlogin OR (EXISTS ( SELECT
           FROM audit.relations owned
          WHERE ((owned.owner_oid = owner.oid) AND (owned.kind = 'table'::text))))))
UNION
 SELECT format('%I may read %s of everybody''s tasks, which it does not need'::text, owner.rolname, string_agg((attribute.attname)::text, ', '::text ORDER BY attribute.attnum)) AS fault,
    format('revoke select on app.tasks from %I'::text, owner.rolname) AS remedy
   FROM ((pg_roles owner
     CROSS JOIN audit.relations tasks)
     JOIN pg_attribute attribute ON ((tasks.oid = attribute.attrelid)))
  WHERE ((owner.rolname = ANY (ARRAY['task_finder'::name, 'task_keeper'::name, 'task_porter'::name])) AND (tasks.schema = 'app'::name) AND (tasks.relation = ANY (ARRAY['tasks'::text, 'app.tasks'::text])) AND (attribute.attnum > 0) AND (NOT attribute.attisdropped) AND has_column_privilege(owner.oid, tasks.oid, attribute.attnum, 'select'::text))
  GROUP BY owner.rolname
UNION
 SELECT format('function %s is leakproof: it may be shown rows before row-level security has taken them out'::text, found.function) AS fault,
    format('alter function %s not leakproof'::text, found.function) AS remedy
   FROM routine found
  WHERE found.leakproof
UNION
 SELECT format('function %s is in none of the schemas that %I is for'::text, found.function, service.role) AS fault,
    format('by hand: revoke execute on function %s from %I, or from whom it has that'::text, found.function, service.role) AS remedy
   FROM (routine found
     CROSS JOIN audit.services service)
  WHERE ((NOT service.borrows) AND (found.schema <> ALL (ARRAY['app'::name, 'api'::name, 'audit'::name, 'finder'::name, 'keeper'::name, 'porter'::name, 'spread'::name])) AND has_schema_privilege(service.oid, (found.schema)::text, 'usage'::text) AND has_function_privilege(service.oid, found.oid, 'execute'::text));


--
-- Name: VIEW function_faults; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON VIEW audit.function_faults IS 'The rules of functions that are broken, each with its remedy.';


--
-- Name: policies; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.policies WITH (security_invoker='true') AS
 SELECT oid,
    polrelid AS relation_oid,
    ((polrelid)::regclass)::text AS relation,
    polname AS policy,
        CASE polcmd
            WHEN 'r'::"char" THEN 'select'::text
            WHEN 'a'::"char" THEN 'insert'::text
            WHEN 'w'::"char" THEN 'update'::text
            WHEN 'd'::"char" THEN 'delete'::text
            ELSE 'all'::text
        END AS command,
    polroles AS role_oids,
    ( SELECT string_agg((COALESCE(role.rolname, 'public'::name))::text, ', '::text ORDER BY role.rolname) AS string_agg
           FROM (unnest(policy.polroles) named(oid)
             LEFT JOIN pg_roles role ON ((named.oid = role.oid)))) AS roles,
    polpermissive AS permissive,
    audit.describe_rows(polqual, polrelid) AS sees,
        CASE
            WHEN (polcmd = ANY (ARRAY['a'::"char", 'w'::"char", '*'::"char"])) THEN COALESCE(audit.describe_rows(polwithcheck, polrelid), audit.describe_rows(polqual, polrelid))
            ELSE NULL::text
        END AS writes
   FROM pg_policy policy;


--
-- Name: VIEW policies; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON VIEW audit.policies IS 'Every policy: its roles, its command, the rows that it shows and those that it lets be written.';


--
-- Name: privileges; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.privileges WITH (security_invoker='true') AS
 WITH granted(kind, schema, object, columns, grants, owner_oid) AS (
         SELECT relation.kind,
            relation.schema,
            relation.relation,
            NULL::name AS "?column?",
            relation.acl,
            relation.owner_oid
           FROM audit.relations relation
          WHERE (NOT relation.in_extension)
        UNION ALL
         SELECT relation.kind,
            relation.schema,
            relation.relation,
            attribute.attname,
            attribute.attacl,
            relation.owner_oid
           FROM (audit.relations relation
             JOIN pg_attribute attribute ON (((relation.oid = attribute.attrelid) AND (NOT attribute.attisdropped))))
          WHERE (NOT relation.in_extension)
        UNION ALL
         SELECT 'function'::text,
            function.schema,
            function.function,
            NULL::name,
            COALESCE(function.acl, acldefault('f'::"char", function.owner_oid)) AS "coalesce",
            function.owner_oid
           FROM audit.functions function
          WHERE (NOT function.in_extension)
        UNION ALL
         SELECT 'schema'::text,
            namespace.nspname,
            quote_ident((namespace.nspname)::text) AS quote_ident,
            NULL::name,
            namespace.nspacl,
            namespace.nspowner
           FROM pg_namespace namespace
          WHERE ((namespace.nspname !~ '^pg_'::text) AND (namespace.nspname <> 'information_schema'::name) AND (NOT audit.is_in_extension(('pg_namespace'::regclass)::oid, namespace.oid)))
        UNION ALL
         SELECT 'type'::text,
            namespace.nspname,
            ((type.oid)::regtype)::text AS oid,
            NULL::name,
            COALESCE(type.typacl, acldefault('T'::"char", type.typowner)) AS "coalesce",
            type.typowner
           FROM ((pg_type type
             JOIN pg_namespace namespace ON ((type.typnamespace = namespace.oid)))
             LEFT JOIN pg_class class ON ((type.typrelid = class.oid)))
          WHERE ((namespace.nspname !~ '^pg_'::text) AND (namespace.nspname <> 'information_schema'::name) AND (type.typcategory <> 'A'::"char") AND (type.typtype <> 'm'::"char") AND ((type.typrelid = (0)::oid) OR (class.relkind = 'c'::"char")) AND (NOT (type.oid IN ( SELECT dependency.objid
                   FROM pg_depend dependency
                  WHERE ((dependency.classid = ('pg_type'::regclass)::oid) AND (dependency.deptype = 'e'::"char"))))))
        UNION ALL
         SELECT 'database'::text,
            NULL::name,
            quote_ident((database.datname)::text) AS quote_ident,
            NULL::name,
            COALESCE(database.datacl, acldefault('d'::"char", database.datdba)) AS "coalesce",
            database.datdba
           FROM pg_database database
          WHERE (database.datname = current_database())
        UNION ALL
         SELECT 'foreign server'::text,
            NULL::name,
            quote_ident((server.srvname)::text) AS quote_ident,
            NULL::name,
            server.srvacl,
            server.srvowner
           FROM pg_foreign_server server
        )
 SELECT COALESCE(grantee.rolname, 'public'::name) AS role,
    granted.kind,
    granted.schema,
    granted.object,
    lower(entry.privilege_type) AS privilege,
    COALESCE(string_agg((granted.columns)::text, ', '::text ORDER BY ((granted.columns)::text)),
        CASE
            WHEN (granted.kind = ANY (ARRAY['table'::text, 'view'::text])) THEN 'all'::text
            ELSE NULL::text
        END) AS columns,
    bool_or(entry.is_grantable) AS grantable
   FROM ((granted
     CROSS JOIN LATERAL aclexplode(granted.grants) entry(grantor, grantee, privilege_type, is_grantable))
     LEFT JOIN pg_roles grantee ON ((entry.grantee = grantee.oid)))
  WHERE (entry.grantee <> granted.owner_oid)
  GROUP BY grantee.rolname, granted.kind, granted.schema, granted.object, entry.privilege_type, (granted.columns IS NULL);


--
-- Name: VIEW privileges; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON VIEW audit.privileges IS 'Every privilege of a role that does not own the object; for tables, with the columns.';


--
-- Name: privilege_faults; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.privilege_faults WITH (security_invoker='true') AS
 WITH service AS (
         SELECT found.oid,
            found.role,
            found.borrows
           FROM audit.services found
        ), relation AS (
         SELECT found.oid,
            found.relation,
            found.schema,
            found.kind,
            found.owner_oid,
            found.has_user_id
           FROM audit.relations found
        ), granted AS (
         SELECT found.role,
            found.kind,
            found.schema,
            found.object,
            found.privilege,
            found.columns
           FROM audit.privileges found
        )
 SELECT format('public has %s on %s %s: that is everybody who can log in'::text, found.privilege, found.kind, found.object) AS fault,
    format('revoke %s%s on %s %s from public'::text, found.privilege, ((' ('::text || NULLIF(found.columns, 'all'::text)) || ')'::text),
        CASE
            WHEN (found.kind = ANY (ARRAY['view'::text, 'materialized view'::text, 'foreign table'::text])) THEN 'table'::text
            WHEN (found.kind = 'function'::text) THEN 'routine'::text
            ELSE found.kind
        END, found.object) AS remedy
   FROM granted found
  WHERE (found.role = 'public'::name)
UNION
 SELECT format('%s that %s creates will be executable or usable by public'::text, kind.objects, kind.creator) AS fault,
    format('alter default privileges for role %s revoke %s on %s from public'::text, kind.creator, kind.privilege, kind.objects) AS remedy
   FROM ( VALUES ('task_owner'::text,'functions'::text,'f'::text,'execute'::text), ('task_owner'::text,'types'::text,'T'::text,'usage'::text), ('task_finder'::text,'functions'::text,'f'::text,'execute'::text), ('task_keeper'::text,'functions'::text,'f'::text,'execute'::text), ('task_porter'::text,'functions'::text,'f'::text,'execute'::text)) kind(creator, objects, letter, privilege)
  WHERE (NOT (EXISTS ( SELECT
           FROM (pg_default_acl defaults
             JOIN pg_roles owner ON (((defaults.defaclrole = owner.oid) AND (owner.rolname = kind.creator))))
          WHERE ((defaults.defaclnamespace = (0)::oid) AND ((defaults.defaclobjtype)::text = kind.letter) AND (NOT ((0)::oid IN ( SELECT entry.grantee
                   FROM aclexplode(defaults.defaclacl) entry(grantor, grantee, privilege_type, is_grantable))))))))
UNION
 SELECT format('%s that %I creates%s will be granted to %I: %s'::text, found.objects, found.creator, (' in '::text || (found.schema)::text), found.role, found.privilege) AS fault,
    format('alter default privileges for role %I%s revoke %s on %s from %I'::text, found.creator, (' in schema '::text || quote_ident((found.schema)::text)), found.privilege, found.objects, found.role) AS remedy
   FROM audit.default_privileges found
  WHERE ((found.role <> found.creator) AND ((found.role = ANY (ARRAY['public'::name, 'task_api'::name, 'task_auditor'::name, 'task_finder'::name, 'task_keeper'::name, 'task_porter'::name])) OR (found.schema = ANY (ARRAY['app'::name, 'api'::name, 'audit'::name, 'finder'::name, 'keeper'::name, 'porter'::name, 'spread'::name]))))
UNION
 SELECT format('%I may %s %s, which row-level security does not hold'::text, service.role, privilege.name, found.relation) AS fault,
    format('revoke %s on %s from %I'::text, privilege.name, found.relation, service.role) AS remedy
   FROM ((service
     CROSS JOIN relation found)
     CROSS JOIN ( VALUES ('truncate'::text), ('references'::text), ('trigger'::text)) privilege(name))
  WHERE (((found.schema = 'app'::name) OR found.has_user_id) AND (found.kind <> 'sequence'::text) AND
        CASE privilege.name
            WHEN 'references'::text THEN has_any_column_privilege(service.oid, found.oid, privilege.name)
            ELSE has_table_privilege(service.oid, found.oid, privilege.name)
        END AND (NOT service.borrows) AND (found.owner_oid <> service.oid))
UNION
 SELECT format('%I may %s user_id in %s itself, instead of by its default'::text, service.role, privilege.name, found.relation) AS fault,
    format('by hand: revoke %s on %s from %I, and grant it anew on the other columns'::text, privilege.name, found.relation, service.role) AS remedy
   FROM ((service
     JOIN relation found ON ((found.has_user_id AND (found.kind = ANY (ARRAY['table'::text, 'view'::text])))))
     CROSS JOIN ( VALUES ('insert'::text), ('update'::text)) privilege(name))
  WHERE (has_column_privilege(service.oid, found.oid, 'user_id'::text, privilege.name) AND (NOT service.borrows) AND (found.owner_oid <> service.oid) AND (NOT ((privilege.name = 'insert'::text) AND (to_regnamespace('spread'::text) IS NOT NULL))))
UNION
 SELECT format('%I may %s in %s %I'::text, service.role, place.privilege, place.kind, place.name) AS fault,
    format('by hand: revoke %s on %s %I from %I, or from whom it has that'::text, place.privilege, place.kind, place.name, service.role) AS remedy
   FROM (service
     CROSS JOIN ( SELECT 'schema'::text AS kind,
            namespace.nspname AS name,
            'create'::text AS privilege
           FROM pg_namespace namespace
          WHERE ((namespace.nspname !~ '^pg_'::text) AND (namespace.nspname <> 'information_schema'::name))
        UNION ALL
         SELECT 'database'::text AS kind,
            current_database() AS name,
            wanted.privilege
           FROM ( VALUES ('create'::text), ('temporary'::text)) wanted(privilege)) place)
  WHERE ((NOT service.borrows) AND
        CASE place.kind
            WHEN 'schema'::text THEN has_schema_privilege(service.oid, (place.name)::text, place.privilege)
            ELSE has_database_privilege(service.oid, (place.name)::text, place.privilege)
        END)
UNION
 SELECT format('%s has %s on %s %s, which is not one of those that it is for'::text, found.role, found.privilege, found.kind, found.object) AS fault,
    format('revoke %s on %s %s from %I'::text, found.privilege,
        CASE
            WHEN (found.kind = ANY (ARRAY['view'::text, 'materialized view'::text, 'foreign table'::text])) THEN 'table'::text
            ELSE found.kind
        END, found.object, found.role) AS remedy
   FROM granted found
  WHERE ((found.kind = ANY (ARRAY['table'::text, 'view'::text, 'materialized view'::text, 'foreign table'::text, 'sequence'::text, 'foreign server'::text])) AND (((found.role IN ( SELECT service.role
           FROM service)) AND COALESCE((found.schema <> 'app'::name), true)) OR ((found.role = 'task_auditor'::name) AND COALESCE((found.schema <> 'audit'::name), true))))
UNION
 SELECT format('%s large objects belong to %I: row-level security does not hold for them, and nothing of Duly makes any'::text, count(*), owner.rolname) AS fault,
    'by hand: find out who made them (select oid from pg_largeobject_metadata), and select lo_unlink(oid)'::text AS remedy
   FROM (pg_largeobject_metadata large
     JOIN pg_roles owner ON ((large.lomowner = owner.oid)))
  WHERE (owner.oid IN ( SELECT service.oid
           FROM service))
  GROUP BY owner.rolname;


--
-- Name: VIEW privilege_faults; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON VIEW audit.privilege_faults IS 'The rules of privileges that are broken, each with its remedy.';


--
-- Name: role_settings; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.role_settings WITH (security_invoker='true') AS
 SELECT setting.setrole AS role_oid,
    split_part(pair.pair, '='::text, 1) AS name,
    "substring"(pair.pair, '=(.*)'::text) AS value,
    (setting.setdatabase = (0)::oid) AS everywhere
   FROM ((pg_db_role_setting setting
     CROSS JOIN LATERAL unnest(setting.setconfig) pair(pair))
     LEFT JOIN pg_database database ON ((setting.setdatabase = database.oid)))
  WHERE ((setting.setdatabase = (0)::oid) OR (database.datname = current_database()));


--
-- Name: VIEW role_settings; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON VIEW audit.role_settings IS 'The settings that each role begins a session with in this database; role 0 means all roles.';


--
-- Name: role_faults; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.role_faults WITH (security_invoker='true') AS
 WITH service AS (
         SELECT found.oid,
            found.role,
            found.borrows
           FROM audit.services found
        )
 SELECT split_part(told.sentence, ': '::text, 1) AS fault,
    regexp_replace("substring"(told.sentence, ': (.*)'::text), '^(?!alter |revoke )'::text, 'by hand: '::text) AS remedy
   FROM ( SELECT audit.find_role_faults(service.role) AS sentence
           FROM service
        UNION ALL
         SELECT audit.find_isolation_faults(service.role) AS sentence
           FROM service
          WHERE (NOT service.borrows)) told
UNION
 SELECT format('role %I has the attribute %s'::text, role.rolname, attribute.name) AS fault,
    format('alter role %I no%s'::text, role.rolname, attribute.name) AS remedy
   FROM (pg_roles role
     CROSS JOIN LATERAL ( VALUES ('superuser'::text,role.rolsuper), ('bypassrls'::text,role.rolbypassrls), ('createrole'::text,role.rolcreaterole), ('createdb'::text,role.rolcreatedb), ('replication'::text,role.rolreplication), ('login'::text,(role.rolcanlogin AND (role.rolname = ANY (ARRAY['task_owner'::name, 'task_finder'::name, 'task_keeper'::name, 'task_porter'::name])) AND (NOT ((role.rolname = 'task_porter'::name) AND audit.is_on_citus()))))) attribute(name, has))
  WHERE (attribute.has AND ((role.rolname = ANY (ARRAY['task_owner'::name, 'task_finder'::name, 'task_keeper'::name, 'task_porter'::name, 'task_auditor'::name])) OR ((role.oid IN ( SELECT service.oid
           FROM service)) AND (attribute.name <> ALL (ARRAY['superuser'::text, 'bypassrls'::text])))))
UNION
 SELECT format('role %I is a member of %I, and has or may take its rights'::text, service.role, other.rolname) AS fault,
    audit.suggest_membership_remedy(other.oid, service.oid) AS remedy
   FROM ((service
     JOIN pg_auth_members membership ON ((service.oid = membership.member)))
     JOIN pg_roles other ON ((membership.roleid = other.oid)))
  WHERE (NOT (other.oid IN ( SELECT same.oid
           FROM service same)))
UNION
 SELECT format('role %I has no %s, so that a request may hold a connection or a lock for ever'::text, service.role, setting.name) AS fault,
    format('alter role %I set %s = ''%s'''::text, service.role, setting.name, setting.value) AS remedy
   FROM (service
     CROSS JOIN ( VALUES ('statement_timeout'::text,'5s'::text), ('lock_timeout'::text,'2s'::text), ('idle_in_transaction_session_timeout'::text,'10s'::text)) setting(name, value))
  WHERE (NOT (EXISTS ( SELECT
           FROM audit.role_settings found
          WHERE ((found.role_oid = ANY (ARRAY[(0)::oid, service.oid])) AND (found.name = setting.name) AND (found.value !~ '^0+(ms|s|min|h|d|us)?$'::text)))))
UNION
 SELECT format('%s begins a session as the user %L, who nobody proved to be'::text, COALESCE(('role '::text || (role.rolname)::text), 'everybody'::text), setting.value) AS fault,
    audit.suggest_setting_remedy(setting.role_oid, setting.everywhere, 'reset app.user_id'::text) AS remedy
   FROM (audit.role_settings setting
     LEFT JOIN pg_roles role ON ((setting.role_oid = role.oid)))
  WHERE (setting.name = 'app.user_id'::text)
UNION
 SELECT format('a session of the service is logged in as %I'::text, activity.usename) AS fault,
    'by hand: set DATABASE_URL to log in as task_api, and start the service again'::text AS remedy
   FROM pg_stat_activity activity
  WHERE ((activity.datname = current_database()) AND (activity.application_name = 'duly'::text) AND (NOT (activity.usesysid IN ( SELECT service.oid
           FROM service))));


--
-- Name: VIEW role_faults; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON VIEW audit.role_faults IS 'The rules of roles that are broken, each with its remedy.';


--
-- Name: shard_faults; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.shard_faults WITH (security_invoker='true') AS
 SELECT format('shard %s differs from its table, %s: %s'::text, (shard.oid)::regclass, (shard.relation)::regclass, differing.kinds) AS fault,
    format('by hand: on this machine, set citus.enable_manual_changes_to_shards = on, and make its %s those of %s'::text, differing.kinds, (shard.relation)::regclass) AS remedy
   FROM ((audit.list_shards() shard(oid, relation, number)
     CROSS JOIN LATERAL ( SELECT audit.describe_table(shard.oid, format('_%s'::text, shard.number)) AS present,
            audit.describe_table(shard.relation, format('_%s'::text, shard.number)) AS wanted) described)
     CROSS JOIN LATERAL ( SELECT string_agg(part.kind, ', '::text ORDER BY part.kind) AS kinds
           FROM jsonb_object_keys((described.present || described.wanted)) part(kind)
          WHERE ((described.present -> part.kind) IS DISTINCT FROM (described.wanted -> part.kind))) differing)
  WHERE (differing.kinds IS NOT NULL);


--
-- Name: VIEW shard_faults; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON VIEW audit.shard_faults IS 'The shards that are not protected as their table is.';


--
-- Name: table_faults; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.table_faults WITH (security_invoker='true') AS
 WITH relation AS (
         SELECT found.oid,
            found.relation,
            found.schema,
            found.kind,
            found.owner,
            found.owner_oid,
            found.security_invoker,
            found.has_user_id,
            found.has_rules
           FROM audit.relations found
        ), permit AS (
         SELECT found.relation_oid,
            found.relation,
            found.policy,
            found.command,
            found.role_oids,
            found.permissive,
            found.sees,
            found.writes
           FROM audit.policies found
        )
 SELECT format('table %s has no policy at all'::text, found.relation) AS fault,
    format('by hand: create its policies, as in db/migrations/*_policies.sql, or drop %s'::text, found.relation) AS remedy
   FROM relation found
  WHERE ((found.kind = 'table'::text) AND ((found.schema = 'app'::name) OR found.has_user_id) AND (NOT (EXISTS ( SELECT
           FROM permit policy
          WHERE (policy.relation_oid = found.oid)))))
UNION
 SELECT format('policy %I lets %I see or write more than the user''s own rows in %s'::text, policy.policy, role.rolname, policy.relation) AS fault,
    format('drop policy %I on %s'::text, policy.policy, policy.relation) AS remedy
   FROM ((permit policy
     JOIN pg_roles role ON (((role.oid = ANY (policy.role_oids)) AND (NOT (role.oid IN ( SELECT service.oid
           FROM audit.services service))) AND (role.rolname <> ALL (ARRAY['task_finder'::name, 'task_keeper'::name, 'task_porter'::name])))))
     JOIN relation found ON (((policy.relation_oid = found.oid) AND ((found.schema = 'app'::name) OR found.has_user_id))))
  WHERE (policy.permissive AND ((policy.sees <> 'the user''s own rows'::text) OR (policy.writes <> 'the user''s own rows'::text)) AND (role.rolcanlogin OR (NOT (role.oid IN ( SELECT function.proowner
           FROM pg_proc function
          WHERE function.prosecdef)))))
UNION
 SELECT format('several policies let %s %s in %s: whatever one of them allows is allowed'::text, COALESCE(role.rolname, 'everybody'::name), command.name, policy.relation) AS fault,
    format('by hand: keep one of %s'::text, string_agg((policy.policy)::text, ', '::text ORDER BY ((policy.policy)::text))) AS remedy
   FROM (((permit policy
     CROSS JOIN LATERAL unnest(policy.role_oids) named(named))
     LEFT JOIN pg_roles role ON ((role.oid = named.named)))
     CROSS JOIN ( VALUES ('select'::text), ('insert'::text), ('update'::text), ('delete'::text)) command(name))
  WHERE (policy.permissive AND ((policy.command = command.name) OR (policy.command = 'all'::text)))
  GROUP BY policy.relation, role.rolname, command.name
 HAVING (count(*) > 1)
UNION
 SELECT format('view %s runs with the rights of its owner, and not with its reader''s'::text, found.relation) AS fault,
    format('alter view %s set (security_invoker = true)'::text, found.relation) AS remedy
   FROM relation found
  WHERE ((found.kind = 'view'::text) AND (NOT found.security_invoker) AND ((found.schema = ANY (ARRAY['app'::name, 'api'::name, 'audit'::name, 'finder'::name, 'keeper'::name, 'porter'::name, 'spread'::name])) OR (EXISTS ( SELECT
           FROM ((pg_rewrite rule
             JOIN pg_depend dependency ON (((dependency.classid = ('pg_rewrite'::regclass)::oid) AND (rule.oid = dependency.objid) AND (dependency.refclassid = ('pg_class'::regclass)::oid))))
             JOIN relation read ON (((dependency.refobjid = read.oid) AND (read.oid <> found.oid) AND ((read.schema = 'app'::name) OR read.has_user_id))))
          WHERE (rule.ev_class = found.oid)))))
UNION
 SELECT format('table %s has a rule, which runs with the rights of its owner'::text, found.relation) AS fault,
    format('by hand: drop the rules of %s; use a trigger'::text, found.relation) AS remedy
   FROM relation found
  WHERE ((found.kind = 'table'::text) AND found.has_rules AND ((found.schema = 'app'::name) OR found.has_user_id))
UNION
 SELECT format('%s %s belongs to %I, who may log in and undo what protects it'::text, found.kind, found.relation, found.owner) AS fault,
    format('alter %s %s owner to task_owner'::text, found.kind, found.relation) AS remedy
   FROM (relation found
     JOIN pg_roles owner ON (((found.owner_oid = owner.oid) AND (owner.rolcanlogin OR owner.rolsuper OR owner.rolbypassrls) AND (owner.rolname <> 'task_owner'::name))))
  WHERE (found.schema = ANY (ARRAY['app'::name, 'api'::name, 'audit'::name, 'finder'::name, 'keeper'::name, 'porter'::name, 'spread'::name]));


--
-- Name: VIEW table_faults; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON VIEW audit.table_faults IS 'The rules of tables, views and policies that are broken, each with its remedy.';


--
-- Name: faults; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.faults WITH (security_invoker='true') AS
 SELECT part,
    fault,
    remedy
   FROM ( SELECT 'roles'::text AS part,
            role_faults.fault,
            role_faults.remedy
           FROM audit.role_faults
        UNION ALL
         SELECT 'tables'::text AS part,
            table_faults.fault,
            table_faults.remedy
           FROM audit.table_faults
        UNION ALL
         SELECT 'functions'::text AS part,
            function_faults.fault,
            function_faults.remedy
           FROM audit.function_faults
        UNION ALL
         SELECT 'privileges'::text AS part,
            privilege_faults.fault,
            privilege_faults.remedy
           FROM audit.privilege_faults
        UNION ALL
         SELECT 'shards'::text AS part,
            shard_faults.fault,
            shard_faults.remedy
           FROM audit.shard_faults) found;


--
-- Name: VIEW faults; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON VIEW audit.faults IS 'The rules that are broken, each with its remedy.';


--
-- Name: kinds; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.kinds WITH (security_invoker='true') AS
 SELECT kind,
    added,
    changed,
    missing
   FROM ( VALUES ('role'::text,'critical'::text,'critical'::text,'high'::text), ('membership'::text,'critical'::text,'critical'::text,'medium'::text), ('setting'::text,'high'::text,'high'::text,'medium'::text), ('parameter privilege'::text,'critical'::text,'critical'::text,'medium'::text), ('default privilege'::text,'high'::text,'high'::text,'medium'::text), ('schema'::text,'high'::text,'critical'::text,'high'::text), ('table'::text,'high'::text,'critical'::text,'high'::text), ('view'::text,'high'::text,'critical'::text,'high'::text), ('materialized view'::text,'critical'::text,'critical'::text,'high'::text), ('foreign table'::text,'critical'::text,'critical'::text,'high'::text), ('sequence'::text,'low'::text,'high'::text,'medium'::text), ('composite type'::text,'low'::text,'high'::text,'high'::text), ('column'::text,'high'::text,'high'::text,'high'::text), ('constraint'::text,'medium'::text,'high'::text,'high'::text), ('index'::text,'low'::text,'medium'::text,'medium'::text), ('policy'::text,'critical'::text,'critical'::text,'high'::text), ('trigger'::text,'critical'::text,'critical'::text,'high'::text), ('rule'::text,'critical'::text,'critical'::text,'high'::text), ('statistics'::text,'low'::text,'low'::text,'low'::text), ('function'::text,'high'::text,'high'::text,'high'::text), ('built-in functions'::text,'critical'::text,'critical'::text,'high'::text), ('type'::text,'low'::text,'high'::text,'high'::text), ('domain'::text,'low'::text,'high'::text,'high'::text), ('cast'::text,'critical'::text,'critical'::text,'medium'::text), ('operator'::text,'high'::text,'high'::text,'medium'::text), ('operator class'::text,'high'::text,'high'::text,'medium'::text), ('operator family'::text,'medium'::text,'high'::text,'medium'::text), ('text search configuration'::text,'medium'::text,'high'::text,'high'::text), ('text search dictionary'::text,'medium'::text,'high'::text,'high'::text), ('text search parser'::text,'medium'::text,'high'::text,'high'::text), ('text search template'::text,'medium'::text,'high'::text,'high'::text), ('collation'::text,'low'::text,'medium'::text,'medium'::text), ('conversion'::text,'high'::text,'high'::text,'medium'::text), ('access method'::text,'high'::text,'high'::text,'medium'::text), ('transform'::text,'high'::text,'high'::text,'medium'::text), ('privilege'::text,'critical'::text,'critical'::text,'medium'::text), ('database'::text,'high'::text,'high'::text,'high'::text), ('extension'::text,'high'::text,'high'::text,'high'::text), ('language'::text,'critical'::text,'critical'::text,'medium'::text), ('event trigger'::text,'critical'::text,'critical'::text,'medium'::text), ('publication'::text,'critical'::text,'critical'::text,'medium'::text), ('subscription'::text,'critical'::text,'critical'::text,'medium'::text), ('replication slot'::text,'critical'::text,'critical'::text,'medium'::text), ('foreign data wrapper'::text,'high'::text,'high'::text,'medium'::text), ('foreign server'::text,'critical'::text,'critical'::text,'medium'::text), ('user mapping'::text,'critical'::text,'critical'::text,'medium'::text), ('large objects'::text,'medium'::text,'medium'::text,'medium'::text), ('security label'::text,'medium'::text,'medium'::text,'medium'::text), ('server setting'::text,'high'::text,'high'::text,'medium'::text)) kinds(kind, added, changed, missing);


--
-- Name: VIEW kinds; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON VIEW audit.kinds IS 'How severe it is that an object of a kind was added, differs from the baseline, or is missing.';


--
-- Name: part_objects; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.part_objects WITH (security_invoker='true') AS
 WITH watched AS (
         SELECT relation.oid
           FROM pg_class relation
          WHERE (audit.is_watched(relation.relnamespace) AND (NOT audit.is_in_extension(('pg_class'::regclass)::oid, relation.oid)) AND (NOT (relation.oid IN ( SELECT shard.oid
                   FROM audit.list_shards() shard(oid, relation, number)))))
        )
 SELECT 'constraint'::text AS kind,
    format('%I on %s'::text, bond.conname, (bond.conrelid)::regclass) AS name,
    jsonb_build_object('definition', regexp_replace(pg_get_constraintdef(bond.oid), ' NOT (VALID|ENFORCED)$'::text, ''::text), 'validated', bond.convalidated, 'enforced', COALESCE(((to_jsonb(bond.*) ->> 'conenforced'::text))::boolean, true)) AS definition
   FROM (pg_constraint bond
     JOIN watched ON ((bond.conrelid = watched.oid)))
  WHERE ((bond.contype = ANY (ARRAY['c'::"char", 'p'::"char", 'u'::"char", 'x'::"char", 'f'::"char"])) OR ((bond.contype = 'n'::"char") AND (NOT bond.convalidated)))
UNION ALL
 SELECT 'index'::text AS kind,
    ((class.oid)::regclass)::text AS name,
    jsonb_strip_nulls(jsonb_build_object('definition', pg_get_indexdef(class.oid), 'owner', audit.name_role(class.relowner), 'valid', (index.indisvalid AND index.indisready AND index.indislive), 'clustered', NULLIF(index.indisclustered, false), 'options', class.reloptions)) AS definition
   FROM ((pg_index index
     JOIN watched ON ((index.indrelid = watched.oid)))
     JOIN pg_class class ON ((index.indexrelid = class.oid)))
UNION ALL
 SELECT 'policy'::text AS kind,
    format('%I on %s'::text, policy.polname, (policy.polrelid)::regclass) AS name,
    jsonb_strip_nulls(jsonb_build_object('command',
        CASE policy.polcmd
            WHEN 'r'::"char" THEN 'select'::text
            WHEN 'a'::"char" THEN 'insert'::text
            WHEN 'w'::"char" THEN 'update'::text
            WHEN 'd'::"char" THEN 'delete'::text
            ELSE 'all'::text
        END, 'permissive', policy.polpermissive, 'roles', ( SELECT jsonb_agg(audit.name_role(named.named) ORDER BY (audit.name_role(named.named))) AS jsonb_agg
           FROM unnest(policy.polroles) named(named)), 'using', pg_get_expr(policy.polqual, policy.polrelid), 'with check', pg_get_expr(policy.polwithcheck, policy.polrelid))) AS definition
   FROM (pg_policy policy
     JOIN watched ON ((policy.polrelid = watched.oid)))
UNION ALL
 SELECT DISTINCT 'trigger'::text AS kind,
    format('%s on %s'::text,
        CASE
            WHEN fired.tgisinternal THEN 'one of a foreign key'::text
            ELSE quote_ident((fired.tgname)::text)
        END, (fired.tgrelid)::regclass) AS name,
    jsonb_build_object('definition',
        CASE
            WHEN (NOT fired.tgisinternal) THEN pg_get_triggerdef(fired.oid)
            ELSE NULL::text
        END, 'enabled',
        CASE fired.tgenabled
            WHEN 'O'::"char" THEN 'yes'::text
            WHEN 'D'::"char" THEN 'no'::text
            WHEN 'R'::"char" THEN 'on replicas only'::text
            ELSE 'always'::text
        END) AS definition
   FROM (pg_trigger fired
     JOIN watched ON ((fired.tgrelid = watched.oid)))
  WHERE ((NOT fired.tgisinternal) OR (fired.tgenabled <> 'O'::"char"))
UNION ALL
 SELECT 'rule'::text AS kind,
    format('%I on %s'::text, rule.rulename, (rule.ev_class)::regclass) AS name,
    jsonb_build_object('words', audit.digest_words(pg_get_ruledef(rule.oid)), 'enabled',
        CASE rule.ev_enabled
            WHEN 'O'::"char" THEN 'yes'::text
            WHEN 'D'::"char" THEN 'no'::text
            WHEN 'R'::"char" THEN 'on replicas only'::text
            ELSE 'always'::text
        END) AS definition
   FROM (pg_rewrite rule
     JOIN watched ON ((rule.ev_class = watched.oid)))
  WHERE ((rule.rulename <> '_RETURN'::name) OR (rule.ev_enabled <> 'O'::"char"))
UNION ALL
 SELECT 'statistics'::text AS kind,
    format('%s.%I'::text, (statistics.stxnamespace)::regnamespace, statistics.stxname) AS name,
    jsonb_build_object('definition', pg_get_statisticsobjdef(statistics.oid), 'owner', audit.name_role(statistics.stxowner)) AS definition
   FROM pg_statistic_ext statistics
  WHERE audit.is_watched(statistics.stxnamespace);


--
-- Name: VIEW part_objects; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON VIEW audit.part_objects IS 'The part of audit.objects about constraints, indexes, policies, triggers, rules and statistics.';


--
-- Name: privilege_objects; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.privilege_objects WITH (security_invoker='true') AS
 WITH granted(subject, object, "column", grants, owner, catalog, oid) AS (
         SELECT
                CASE relation.relkind
                    WHEN 'S'::"char" THEN 'sequence'::text
                    ELSE 'table'::text
                END AS "case",
            ((relation.oid)::regclass)::text AS oid,
            NULL::name AS "?column?",
            COALESCE(relation.relacl,
                CASE relation.relkind
                    WHEN 'S'::"char" THEN acldefault('s'::"char", relation.relowner)
                    ELSE acldefault('r'::"char", relation.relowner)
                END) AS "coalesce",
            relation.relowner,
            'pg_class'::regclass AS regclass,
            relation.oid
           FROM pg_class relation
          WHERE ((relation.relkind = ANY (ARRAY['r'::"char", 'p'::"char", 'v'::"char", 'm'::"char", 'f'::"char", 'S'::"char"])) AND audit.is_watched(relation.relnamespace) AND (NOT (relation.oid IN ( SELECT shard.oid
                   FROM audit.list_shards() shard(oid, relation, number)))))
        UNION ALL
         SELECT 'table'::text,
            ((relation.oid)::regclass)::text AS oid,
            attribute.attname,
            attribute.attacl,
            relation.relowner,
            NULL::regclass,
            NULL::oid
           FROM (pg_class relation
             JOIN pg_attribute attribute ON (((relation.oid = attribute.attrelid) AND (NOT attribute.attisdropped))))
          WHERE (audit.is_watched(relation.relnamespace) AND (NOT (relation.oid IN ( SELECT shard.oid
                   FROM audit.list_shards() shard(oid, relation, number)))))
        UNION ALL
         SELECT 'function'::text,
            ((routine.oid)::regprocedure)::text AS oid,
            NULL::name,
            COALESCE(routine.proacl, acldefault('f'::"char", routine.proowner)) AS "coalesce",
            routine.proowner,
            NULL::regclass,
            NULL::oid
           FROM pg_proc routine
          WHERE (audit.is_watched(routine.pronamespace) AND (NOT audit.is_in_extension(('pg_proc'::regclass)::oid, routine.oid)))
        UNION ALL
         SELECT 'schema'::text,
            quote_ident((namespace.nspname)::text) AS quote_ident,
            NULL::name,
            namespace.nspacl,
            namespace.nspowner,
            'pg_namespace'::regclass AS regclass,
            namespace.oid
           FROM pg_namespace namespace
          WHERE audit.is_watched(namespace.oid)
        UNION ALL
         SELECT 'type'::text,
            ((type.oid)::regtype)::text AS oid,
            NULL::name,
            COALESCE(type.typacl, acldefault('T'::"char", type.typowner)) AS "coalesce",
            type.typowner,
            NULL::regclass,
            NULL::oid
           FROM (pg_type type
             LEFT JOIN pg_class class ON ((type.typrelid = class.oid)))
          WHERE (audit.is_watched(type.typnamespace) AND (type.typcategory <> 'A'::"char") AND (type.typtype <> 'm'::"char") AND ((type.typrelid = (0)::oid) OR (class.relkind = 'c'::"char")) AND (NOT audit.is_in_extension(('pg_type'::regclass)::oid, type.oid)))
        UNION ALL
         SELECT 'database'::text,
            'this'::text,
            NULL::name,
            COALESCE(database.datacl, acldefault('d'::"char", database.datdba)) AS "coalesce",
            database.datdba,
            NULL::regclass,
            NULL::oid
           FROM pg_database database
          WHERE (database.datname = current_database())
        UNION ALL
         SELECT 'language'::text,
            quote_ident((language.lanname)::text) AS quote_ident,
            NULL::name,
                CASE
                    WHEN (language.lanname = ANY (ARRAY['internal'::name, 'c'::name, 'sql'::name, 'plpgsql'::name])) THEN language.lanacl
                    ELSE COALESCE(language.lanacl, acldefault('l'::"char", language.lanowner))
                END AS "coalesce",
            language.lanowner,
            NULL::regclass,
            NULL::oid
           FROM pg_language language
        UNION ALL
         SELECT 'foreign server'::text,
            quote_ident((server.srvname)::text) AS quote_ident,
            NULL::name,
            server.srvacl,
            server.srvowner,
            NULL::regclass,
            NULL::oid
           FROM pg_foreign_server server
        UNION ALL
         SELECT 'foreign data wrapper'::text,
            quote_ident((wrapper.fdwname)::text) AS quote_ident,
            NULL::name,
            wrapper.fdwacl,
            wrapper.fdwowner,
            NULL::regclass,
            NULL::oid
           FROM pg_foreign_data_wrapper wrapper
        UNION ALL
         SELECT 'tablespace'::text,
            quote_ident((tablespace.spcname)::text) AS quote_ident,
            NULL::name,
            tablespace.spcacl,
            tablespace.spcowner,
            NULL::regclass,
            NULL::oid
           FROM pg_tablespace tablespace
        UNION ALL
         SELECT 'large object'::text,
            (large.oid)::text AS oid,
            NULL::name,
            large.lomacl,
            large.lomowner,
            NULL::regclass,
            NULL::oid
           FROM pg_largeobject_metadata large
        ), born AS (
         SELECT init.classoid,
            init.objoid,
            init.objsubid,
            init.privtype,
            entry.grantee,
            entry.privilege_type
           FROM (pg_init_privs init
             CROSS JOIN LATERAL aclexplode(init.initprivs) entry(grantor, grantee, privilege_type, is_grantable))
        ), beyond(subject, object, "column", grantee, privilege_type, is_grantable) AS (
         SELECT 'table'::text AS "?column?",
            ((relation.oid)::regclass)::text AS oid,
            NULL::name AS "?column?",
            entry.grantee,
            entry.privilege_type,
            entry.is_grantable
           FROM (pg_class relation
             CROSS JOIN LATERAL aclexplode(relation.relacl) entry(grantor, grantee, privilege_type, is_grantable))
          WHERE ((NOT audit.is_watched(relation.relnamespace)) AND (relation.relkind = ANY (ARRAY['r'::"char", 'v'::"char"])) AND (entry.grantee <> relation.relowner) AND (NOT (EXISTS ( SELECT
                   FROM born
                  WHERE ((born.classoid = ('pg_class'::regclass)::oid) AND (born.objoid = relation.oid) AND (born.objsubid = 0) AND (born.grantee = entry.grantee) AND (born.privilege_type = entry.privilege_type))))))
        UNION ALL
         SELECT 'table'::text,
            ((relation.oid)::regclass)::text AS oid,
            attribute.attname,
            entry.grantee,
            entry.privilege_type,
            entry.is_grantable
           FROM ((pg_class relation
             JOIN pg_attribute attribute ON ((relation.oid = attribute.attrelid)))
             CROSS JOIN LATERAL aclexplode(attribute.attacl) entry(grantor, grantee, privilege_type, is_grantable))
          WHERE ((NOT audit.is_watched(relation.relnamespace)) AND (entry.grantee <> relation.relowner) AND (NOT (EXISTS ( SELECT
                   FROM born
                  WHERE ((born.classoid = ('pg_class'::regclass)::oid) AND (born.objoid = relation.oid) AND (born.objsubid = attribute.attnum) AND (born.grantee = entry.grantee) AND (born.privilege_type = entry.privilege_type))))))
        UNION ALL
         SELECT 'function'::text,
            ((routine.oid)::regprocedure)::text AS oid,
            NULL::name,
            entry.grantee,
            entry.privilege_type,
            entry.is_grantable
           FROM (pg_proc routine
             CROSS JOIN LATERAL aclexplode(routine.proacl) entry(grantor, grantee, privilege_type, is_grantable))
          WHERE (((NOT audit.is_watched(routine.pronamespace)) OR audit.is_in_extension(('pg_proc'::regclass)::oid, routine.oid)) AND ((entry.grantee <> (0)::oid) AND (entry.grantee <> routine.proowner)) AND (NOT (EXISTS ( SELECT
                   FROM born
                  WHERE ((born.classoid = ('pg_proc'::regclass)::oid) AND (born.objoid = routine.oid) AND (born.grantee = entry.grantee) AND (born.privilege_type = entry.privilege_type))))))
        UNION ALL
         SELECT 'function'::text,
            ((routine.oid)::regprocedure)::text AS oid,
            NULL::name,
            entry.grantee,
            entry.privilege_type,
            entry.is_grantable
           FROM ((pg_proc routine
             JOIN pg_init_privs init ON (((init.classoid = ('pg_proc'::regclass)::oid) AND (routine.oid = init.objoid))))
             CROSS JOIN LATERAL aclexplode(routine.proacl) entry(grantor, grantee, privilege_type, is_grantable))
          WHERE ((NOT audit.is_watched(routine.pronamespace)) AND (entry.grantee = (0)::oid) AND (NOT (EXISTS ( SELECT
                   FROM aclexplode(init.initprivs) born_with(grantor, grantee, privilege_type, is_grantable)
                  WHERE (born_with.grantee = (0)::oid)))))
        UNION ALL
         SELECT 'schema'::text,
            quote_ident((namespace.nspname)::text) AS quote_ident,
            NULL::name,
            entry.grantee,
            entry.privilege_type,
            entry.is_grantable
           FROM (pg_namespace namespace
             CROSS JOIN LATERAL aclexplode(namespace.nspacl) entry(grantor, grantee, privilege_type, is_grantable))
          WHERE ((namespace.nspname = ANY (ARRAY['pg_catalog'::name, 'information_schema'::name])) AND (entry.grantee <> namespace.nspowner) AND (NOT (EXISTS ( SELECT
                   FROM born
                  WHERE ((born.classoid = ('pg_namespace'::regclass)::oid) AND (born.objoid = namespace.oid) AND (born.grantee = entry.grantee) AND (born.privilege_type = entry.privilege_type))))))
        UNION ALL
         SELECT granted.subject,
            granted.object,
            granted."column",
            entry.grantee,
            entry.privilege_type,
            entry.is_grantable
           FROM (granted
             CROSS JOIN LATERAL aclexplode(granted.grants) entry(grantor, grantee, privilege_type, is_grantable))
          WHERE ((entry.grantee <> granted.owner) AND (NOT (EXISTS ( SELECT
                   FROM born
                  WHERE ((born.classoid = (granted.catalog)::oid) AND (born.objoid = granted.oid) AND (born.objsubid = 0) AND (born.privtype = 'e'::"char") AND (born.grantee = entry.grantee) AND (born.privilege_type = entry.privilege_type))))))
        )
 SELECT 'privilege'::text AS kind,
    format('%s on %s %s for %s'::text, lower(privilege_type), subject, object, audit.name_role(grantee)) AS name,
    jsonb_strip_nulls(jsonb_build_object('columns', jsonb_agg("column" ORDER BY "column") FILTER (WHERE ("column" IS NOT NULL)), 'on the whole',
        CASE
            WHEN bool_or(("column" IS NOT NULL)) THEN NULLIF(bool_or(("column" IS NULL)), false)
            ELSE NULL::boolean
        END, 'grantable', NULLIF(bool_or(is_grantable), false))) AS definition
   FROM beyond found
  GROUP BY privilege_type, subject, object, grantee;


--
-- Name: VIEW privilege_objects; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON VIEW audit.privilege_objects IS 'The part of audit.objects about privileges; in PostgreSQL''s own schemas, those that were added.';


--
-- Name: relation_objects; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.relation_objects WITH (security_invoker='true') AS
 SELECT 'schema'::text AS kind,
    quote_ident((namespace.nspname)::text) AS name,
    jsonb_build_object('owner', audit.name_role(namespace.nspowner)) AS definition
   FROM pg_namespace namespace
  WHERE (audit.is_watched(namespace.oid) AND (NOT audit.is_in_extension(('pg_namespace'::regclass)::oid, namespace.oid)))
UNION ALL
 SELECT
        CASE relation.relkind
            WHEN 'v'::"char" THEN 'view'::text
            WHEN 'm'::"char" THEN 'materialized view'::text
            WHEN 'f'::"char" THEN 'foreign table'::text
            WHEN 'S'::"char" THEN 'sequence'::text
            WHEN 'c'::"char" THEN 'composite type'::text
            ELSE 'table'::text
        END AS kind,
    ((relation.oid)::regclass)::text AS name,
    jsonb_strip_nulls((jsonb_build_object('owner', audit.name_role(relation.relowner), 'options', relation.reloptions, 'parents', ( SELECT jsonb_agg(((parent.inhparent)::regclass)::text ORDER BY parent.inhseqno) AS jsonb_agg
           FROM pg_inherits parent
          WHERE (parent.inhrelid = relation.oid))) ||
        CASE
            WHEN (relation.relkind = ANY (ARRAY['r'::"char", 'p'::"char"])) THEN jsonb_build_object('row-level security', relation.relrowsecurity, 'forced', relation.relforcerowsecurity, 'replica identity',
            CASE relation.relreplident
                WHEN 'd'::"char" THEN 'primary key'::text
                WHEN 'n'::"char" THEN 'nothing'::text
                WHEN 'f'::"char" THEN 'full'::text
                ELSE 'index'::text
            END, 'unlogged', (relation.relpersistence = 'u'::"char"), 'partitioned', NULLIF((relation.relkind = 'p'::"char"), false))
            WHEN (relation.relkind = ANY (ARRAY['v'::"char", 'm'::"char"])) THEN jsonb_build_object('body',
            CASE
                WHEN ((current_setting('server_version_num'::text))::integer >= 160000) THEN audit.digest_body(printed.text)
                ELSE NULL::text
            END, 'words', audit.digest_words(printed.text))
            ELSE '{}'::jsonb
        END)) AS definition
   FROM (pg_class relation
     CROSS JOIN LATERAL ( SELECT
                CASE
                    WHEN (relation.relkind = ANY (ARRAY['v'::"char", 'm'::"char"])) THEN pg_get_viewdef(relation.oid)
                    ELSE NULL::text
                END AS text
         OFFSET 0) printed)
  WHERE ((relation.relkind = ANY (ARRAY['r'::"char", 'p'::"char", 'v'::"char", 'm'::"char", 'f'::"char", 'S'::"char", 'c'::"char"])) AND audit.is_watched(relation.relnamespace) AND (NOT audit.is_in_extension(('pg_class'::regclass)::oid, relation.oid)) AND (NOT (relation.oid IN ( SELECT shard.oid
           FROM audit.list_shards() shard(oid, relation, number)))))
UNION ALL
 SELECT 'column'::text AS kind,
    format('%s.%I'::text, (relation.oid)::regclass, attribute.attname) AS name,
    jsonb_strip_nulls(jsonb_build_object('type', format_type(attribute.atttypid, attribute.atttypmod), 'not null', NULLIF(attribute.attnotnull, false), 'default',
        CASE
            WHEN (attribute.attgenerated = ''::"char") THEN pg_get_expr(expression.adbin, expression.adrelid)
            ELSE NULL::text
        END, 'generated',
        CASE
            WHEN (attribute.attgenerated <> ''::"char") THEN (((attribute.attgenerated)::text || ' '::text) || pg_get_expr(expression.adbin, expression.adrelid))
            ELSE NULL::text
        END, 'identity', NULLIF(attribute.attidentity, ''::"char"), 'collation', ( SELECT coll.collname
           FROM pg_collation coll
          WHERE ((coll.oid = attribute.attcollation) AND (attribute.attcollation <> type.typcollation))))) AS definition
   FROM (((pg_class relation
     JOIN pg_attribute attribute ON (((relation.oid = attribute.attrelid) AND (attribute.attnum > 0) AND (NOT attribute.attisdropped))))
     JOIN pg_type type ON ((attribute.atttypid = type.oid)))
     LEFT JOIN pg_attrdef expression ON (((attribute.attrelid = expression.adrelid) AND (attribute.attnum = expression.adnum))))
  WHERE ((relation.relkind = ANY (ARRAY['r'::"char", 'p'::"char", 'f'::"char", 'c'::"char"])) AND audit.is_watched(relation.relnamespace) AND (NOT audit.is_in_extension(('pg_class'::regclass)::oid, relation.oid)) AND (NOT (relation.oid IN ( SELECT shard.oid
           FROM audit.list_shards() shard(oid, relation, number)))))
UNION ALL
 SELECT 'table'::text AS kind,
    ((relation.oid)::regclass)::text AS name,
    jsonb_build_object('owner', audit.name_role(relation.relowner)) AS definition
   FROM pg_class relation
  WHERE ((relation.relnamespace = ANY (ARRAY[('pg_catalog'::regnamespace)::oid, ('information_schema'::regnamespace)::oid])) AND ((relation.relowner <> (10)::oid) OR (relation.oid >= (16384)::oid) OR relation.relrowsecurity) AND (NOT audit.is_in_extension(('pg_type'::regclass)::oid, relation.reltype)) AND (NOT audit.is_in_extension(('pg_class'::regclass)::oid, COALESCE(( SELECT index.indrelid
           FROM pg_index index
          WHERE (index.indexrelid = relation.oid)), relation.oid))));


--
-- Name: VIEW relation_objects; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON VIEW audit.relation_objects IS 'The part of audit.objects about schemas, tables, views and columns.';


--
-- Name: role_objects; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.role_objects WITH (security_invoker='true') AS
 WITH RECURSIVE strong(oid) AS (
         SELECT role.oid
           FROM pg_roles role
          WHERE ((role.rolname ~ '^(task_(owner|finder|keeper|porter|auditor|api|worker)$|pg_)'::text) OR role.rolsuper OR role.rolbypassrls OR role.rolreplication OR role.rolcreaterole)
        UNION
         SELECT membership.member
           FROM (pg_auth_members membership
             JOIN strong ON ((membership.roleid = strong.oid)))
        )
 SELECT 'role'::text AS kind,
    audit.name_role(role.oid) AS name,
    jsonb_build_object('login', (role.rolcanlogin AND (audit.name_role(role.oid) <> 'the database''s owner'::text)), 'superuser', role.rolsuper, 'bypassrls', role.rolbypassrls, 'createrole', (role.rolcreaterole AND (audit.name_role(role.oid) <> 'the database''s owner'::text)), 'createdb', (role.rolcreatedb AND (audit.name_role(role.oid) <> 'the database''s owner'::text)), 'replication', role.rolreplication, 'connection limit', role.rolconnlimit, 'valid until', (NULLIF(role.rolvaliduntil, 'infinity'::timestamp with time zone))::text) AS definition
   FROM (strong
     JOIN pg_roles role ON ((strong.oid = role.oid)))
  WHERE ((role.rolname !~ '^pg_'::text) AND (role.oid <> (10)::oid) AND (NOT (role.rolsuper AND (audit.name_role(role.oid) = 'the database''s owner'::text))))
UNION ALL
 SELECT 'membership'::text AS kind,
    format('%s in %s'::text, audit.name_role(membership.member), audit.name_role(membership.roleid)) AS name,
        CASE
            WHEN (audit.name_role(membership.member) = 'the database''s owner'::text) THEN '{}'::jsonb
            ELSE jsonb_strip_nulls(jsonb_build_object('admin', bool_or(membership.admin_option), 'inherit', bool_or(((to_jsonb(membership.*) ->> 'inherit_option'::text))::boolean), 'set', bool_or(((to_jsonb(membership.*) ->> 'set_option'::text))::boolean)))
        END AS definition
   FROM (pg_auth_members membership
     JOIN strong ON ((membership.roleid = strong.oid)))
  WHERE (pg_get_userbyid(membership.member) !~ '^pg_'::text)
  GROUP BY membership.member, membership.roleid
UNION ALL
 SELECT 'setting'::text AS kind,
    format('%s of %s in %s'::text, split_part(pair.pair, '='::text, 1),
        CASE setting.setrole
            WHEN 0 THEN 'every role'::text
            ELSE audit.name_role(setting.setrole)
        END,
        CASE setting.setdatabase
            WHEN 0 THEN 'every database'::text
            ELSE 'this database'::text
        END) AS name,
    jsonb_build_object('value',
        CASE
            WHEN (pair.pair ~ '^DateStyle='::text) THEN upper("substring"(pair.pair, '=(.*)'::text))
            WHEN ((pair.pair ~ '_timeout=\d{1,5}0000$'::text) AND ((("substring"(pair.pair, '\d+$'::text))::integer % 60000) = 0)) THEN format('%smin'::text, (("substring"(pair.pair, '\d+$'::text))::integer / 60000))
            WHEN (pair.pair ~ '_timeout=\d{1,6}000$'::text) THEN format('%ss'::text, (("substring"(pair.pair, '\d+$'::text))::integer / 1000))
            ELSE "substring"(pair.pair, '=(.*)'::text)
        END) AS definition
   FROM ((pg_db_role_setting setting
     CROSS JOIN LATERAL unnest(setting.setconfig) pair(pair))
     LEFT JOIN pg_database database ON ((setting.setdatabase = database.oid)))
  WHERE ((setting.setdatabase = (0)::oid) OR (database.datname = current_database()))
UNION ALL
 SELECT 'parameter privilege'::text AS kind,
    format('%s on %s for %s'::text, lower(entry.privilege_type), parameter.parname, audit.name_role(entry.grantee)) AS name,
    jsonb_build_object('grantable', bool_or(entry.is_grantable)) AS definition
   FROM (pg_parameter_acl parameter
     CROSS JOIN LATERAL aclexplode(parameter.paracl) entry(grantor, grantee, privilege_type, is_grantable))
  WHERE (entry.grantee <> (10)::oid)
  GROUP BY parameter.parname, entry.privilege_type, entry.grantee
UNION ALL
 SELECT 'default privilege'::text AS kind,
    format('%s on %s that %s creates%s for %s'::text, lower(entry.privilege_type),
        CASE defaults.letter
            WHEN 'f'::text THEN 'functions'::text
            WHEN 'T'::text THEN 'types'::text
            WHEN 'r'::text THEN 'tables'::text
            WHEN 'S'::text THEN 'sequences'::text
            WHEN 'n'::text THEN 'schemas'::text
            ELSE 'large objects'::text
        END, audit.name_role(defaults.creator), (' in '::text || (NULLIF(defaults.namespace, (0)::oid))::regnamespace), audit.name_role(entry.grantee)) AS name,
    jsonb_build_object('grantable', entry.is_grantable) AS definition
   FROM (( SELECT defaults_1.defaclrole,
            defaults_1.defaclnamespace,
            (defaults_1.defaclobjtype)::text AS defaclobjtype,
            defaults_1.defaclacl
           FROM pg_default_acl defaults_1
        UNION ALL
         SELECT role.oid,
            0,
            born.letter,
            born.grants
           FROM (pg_roles role
             CROSS JOIN LATERAL ( VALUES ('f'::text,acldefault('f'::"char", role.oid)), ('T'::text,acldefault('T'::"char", role.oid))) born(letter, grants))
          WHERE ((role.rolname ~ '^task_(owner|finder|keeper|porter)$'::text) AND (NOT (EXISTS ( SELECT
                   FROM pg_default_acl defaults_1
                  WHERE ((defaults_1.defaclrole = role.oid) AND (defaults_1.defaclnamespace = (0)::oid) AND ((defaults_1.defaclobjtype)::text = born.letter))))))) defaults(creator, namespace, letter, grants)
     CROSS JOIN LATERAL aclexplode(defaults.grants) entry(grantor, grantee, privilege_type, is_grantable));


--
-- Name: VIEW role_objects; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON VIEW audit.role_objects IS 'The part of audit.objects about roles: attributes, memberships, settings and default privileges.';


--
-- Name: routine_objects; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.routine_objects WITH (security_invoker='true') AS
 SELECT 'function'::text AS kind,
    ((routine.oid)::regprocedure)::text AS name,
    jsonb_strip_nulls(jsonb_build_object('owner', audit.name_role(routine.proowner), 'language', language.lanname, 'sort',
        CASE routine.prokind
            WHEN 'p'::"char" THEN 'procedure'::text
            WHEN 'a'::"char" THEN 'aggregate'::text
            WHEN 'w'::"char" THEN 'window'::text
            ELSE NULL::text
        END, 'volatility',
        CASE routine.provolatile
            WHEN 'i'::"char" THEN 'immutable'::text
            WHEN 's'::"char" THEN 'stable'::text
            ELSE 'volatile'::text
        END, 'security',
        CASE
            WHEN routine.prosecdef THEN 'definer'::text
            ELSE 'invoker'::text
        END, 'leakproof', routine.proleakproof, 'strict', NULLIF(routine.proisstrict, false), 'parallel', routine.proparallel, 'settings', routine.proconfig, 'returns', pg_get_function_result(routine.oid), 'arguments', pg_get_function_arguments(routine.oid), 'planner support', ((NULLIF((routine.prosupport)::oid, (0)::oid))::regproc)::text, 'body',
        CASE
            WHEN (printed.text IS NULL) THEN md5((routine.prosrc || COALESCE(routine.probin, ''::text)))
            WHEN ((current_setting('server_version_num'::text))::integer >= 160000) THEN audit.digest_body(printed.text)
            ELSE NULL::text
        END, 'words', audit.digest_words(printed.text))) AS definition
   FROM ((pg_proc routine
     JOIN pg_language language ON ((routine.prolang = language.oid)))
     CROSS JOIN LATERAL ( SELECT pg_get_function_sqlbody(routine.oid) AS text
         OFFSET 0) printed)
  WHERE ((audit.is_watched(routine.pronamespace) OR (routine.oid = ANY (ARRAY[('current_setting(text,boolean)'::regprocedure)::oid, ('set_config(text,text,boolean)'::regprocedure)::oid, ('texteq(text,text)'::regprocedure)::oid]))) AND (NOT audit.is_in_extension(('pg_proc'::regclass)::oid, routine.oid)))
UNION ALL
 SELECT 'function'::text AS kind,
    ((routine.oid)::regprocedure)::text AS name,
    jsonb_build_object('owner', audit.name_role(routine.proowner), 'security',
        CASE
            WHEN routine.prosecdef THEN 'definer'::text
            ELSE 'invoker'::text
        END, 'settings', routine.proconfig) AS definition
   FROM pg_proc routine
  WHERE ((NOT audit.is_watched(routine.pronamespace)) AND (routine.prosecdef OR (routine.proconfig IS NOT NULL) OR (routine.proowner <> (10)::oid) OR (routine.oid >= (16384)::oid)) AND (routine.oid <> ALL (ARRAY[('current_setting(text,boolean)'::regprocedure)::oid, ('set_config(text,text,boolean)'::regprocedure)::oid, ('texteq(text,text)'::regprocedure)::oid])) AND (NOT audit.is_in_extension(('pg_proc'::regclass)::oid, routine.oid)))
UNION ALL
 SELECT 'built-in functions'::text AS kind,
    'of pg_catalog'::text AS name,
    jsonb_build_object('body', md5(string_agg(concat_ws(' '::text, (routine.oid)::regprocedure, routine.prosrc, routine.probin, pg_get_function_sqlbody(routine.oid)), ','::text ORDER BY (convert_to(((routine.oid)::regprocedure)::text, 'UTF8'::name))))) AS definition
   FROM (pg_proc routine
     JOIN pg_language language ON ((routine.prolang = language.oid)))
  WHERE ((routine.pronamespace = ('pg_catalog'::regnamespace)::oid) AND (routine.oid < (16384)::oid) AND (language.lanname <> 'internal'::name))
UNION ALL
 SELECT 'built-in functions'::text AS kind,
    'that are leakproof'::text AS name,
    jsonb_build_object('members', md5(string_agg(((routine.oid)::regprocedure)::text, ','::text ORDER BY (convert_to(((routine.oid)::regprocedure)::text, 'UTF8'::name))))) AS definition
   FROM pg_proc routine
  WHERE (routine.proleakproof AND (NOT audit.is_watched(routine.pronamespace)) AND (routine.proname <> ALL (ARRAY['bytea'::name, 'bytea_larger'::name, 'bytea_smaller'::name, 'crc32'::name, 'crc32c'::name, 'gen_random_uuid'::name, 'uuid_extract_timestamp'::name, 'uuid_extract_version'::name])));


--
-- Name: VIEW routine_objects; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON VIEW audit.routine_objects IS 'The part of audit.objects about functions: owner, volatility, security, path, and a digest of the body.';


--
-- Name: search_objects; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.search_objects WITH (security_invoker='true') AS
 SELECT 'text search configuration'::text AS kind,
    ((config.oid)::regconfig)::text AS name,
    jsonb_build_object('owner', audit.name_role(config.cfgowner), 'mapping', ( SELECT md5(string_agg(format('%s %s %s'::text, map.maptokentype, map.mapseqno, (map.mapdict)::regdictionary), ','::text ORDER BY map.maptokentype, map.mapseqno)) AS md5
           FROM pg_ts_config_map map
          WHERE (map.mapcfg = config.oid))) AS definition
   FROM pg_ts_config config
  WHERE (audit.is_watched(config.cfgnamespace) AND (NOT audit.is_in_extension(('pg_ts_config'::regclass)::oid, config.oid)))
UNION ALL
 SELECT 'text search dictionary'::text AS kind,
    ((dictionary.oid)::regdictionary)::text AS name,
    jsonb_build_object('owner', audit.name_role(
        CASE
            WHEN owner.rolsuper THEN (10)::oid
            ELSE owner.oid
        END), 'options', dictionary.dictinitoption, 'template', ( SELECT template.tmplname
           FROM pg_ts_template template
          WHERE (template.oid = dictionary.dicttemplate))) AS definition
   FROM (pg_ts_dict dictionary
     JOIN pg_roles owner ON ((dictionary.dictowner = owner.oid)))
  WHERE audit.is_watched(dictionary.dictnamespace)
UNION ALL
 SELECT 'text search parser'::text AS kind,
    format('%s.%I'::text, (parser.prsnamespace)::regnamespace, parser.prsname) AS name,
    jsonb_build_object('start', (parser.prsstart)::text) AS definition
   FROM pg_ts_parser parser
  WHERE ((parser.oid >= (16384)::oid) AND (NOT audit.is_in_extension(('pg_ts_parser'::regclass)::oid, parser.oid)))
UNION ALL
 SELECT 'text search template'::text AS kind,
    format('%s.%I'::text, (template.tmplnamespace)::regnamespace, template.tmplname) AS name,
    jsonb_build_object('lexize', (template.tmpllexize)::text) AS definition
   FROM pg_ts_template template
  WHERE ((template.oid >= (16384)::oid) AND (NOT audit.is_in_extension(('pg_ts_template'::regclass)::oid, template.oid)));


--
-- Name: VIEW search_objects; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON VIEW audit.search_objects IS 'The part of audit.objects about text search.';


--
-- Name: server_objects; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.server_objects WITH (security_invoker='true') AS
 SELECT 'database'::text AS kind,
    'this'::text AS name,
    jsonb_build_object('owner',
        CASE
            WHEN (database.datdba = audit.find_owner()) THEN 'the role that migrates'::text
            ELSE audit.name_role(database.datdba)
        END, 'encoding', pg_encoding_to_char(database.encoding), 'template', database.datistemplate, 'connections', database.datallowconn, 'connection limit', database.datconnlimit) AS definition
   FROM pg_database database
  WHERE (database.datname = current_database())
UNION ALL
 SELECT 'extension'::text AS kind,
    quote_ident((extension.extname)::text) AS name,
    jsonb_build_object('schema', ((extension.extnamespace)::regnamespace)::text, 'functions to look at', COALESCE(( SELECT jsonb_agg(((routine.oid)::regprocedure)::text ORDER BY ((routine.oid)::regprocedure)::text) AS jsonb_agg
           FROM (pg_depend member
             JOIN pg_proc routine ON (((member.classid = ('pg_proc'::regclass)::oid) AND (member.objid = routine.oid))))
          WHERE ((member.refclassid = ('pg_extension'::regclass)::oid) AND (member.refobjid = extension.oid) AND (member.deptype = 'e'::"char") AND (routine.prosecdef OR routine.proleakproof OR (routine.proconfig IS NOT NULL) OR (audit.name_role(routine.proowner) <> ALL (ARRAY['the first superuser'::text, 'the database''s owner'::text])) OR COALESCE((routine.probin !~ '^\$libdir/'::text), (routine.prokind <> 'a'::"char"))))), '[]'::jsonb), 'members', ( SELECT md5(string_agg(described.name, ','::text ORDER BY (convert_to(described.name, 'UTF8'::name)))) AS md5
           FROM ( SELECT pg_describe_object(member.classid, member.objid, 0) AS name
                   FROM pg_depend member
                  WHERE ((member.refclassid = ('pg_extension'::regclass)::oid) AND (member.refobjid = extension.oid) AND (member.deptype = 'e'::"char") AND (member.classid <> ('pg_type'::regclass)::oid))) described)) AS definition
   FROM pg_extension extension
UNION ALL
 SELECT 'language'::text AS kind,
    quote_ident((language.lanname)::text) AS name,
    jsonb_build_object('trusted', language.lanpltrusted, 'owner',
        CASE
            WHEN (language.oid >= (16384)::oid) THEN audit.name_role(language.lanowner)
            ELSE NULL::text
        END) AS definition
   FROM pg_language language
  WHERE ((language.oid >= (16384)::oid) OR (language.lanname = ANY (ARRAY['internal'::name, 'c'::name, 'sql'::name, 'plpgsql'::name])))
UNION ALL
 SELECT 'event trigger'::text AS kind,
    quote_ident((event.evtname)::text) AS name,
    jsonb_build_object('owner', audit.name_role(event.evtowner), 'event', event.evtevent, 'function', ((event.evtfoid)::regproc)::text, 'enabled', (event.evtenabled <> 'D'::"char")) AS definition
   FROM pg_event_trigger event
  WHERE (NOT audit.is_in_extension(('pg_event_trigger'::regclass)::oid, event.oid))
UNION ALL
 SELECT 'large objects'::text AS kind,
    format('of %s'::text, audit.name_role(large.lomowner)) AS name,
    '{}'::jsonb AS definition
   FROM pg_largeobject_metadata large
  GROUP BY large.lomowner
UNION ALL
 SELECT 'security label'::text AS kind,
    pg_describe_object(label.classoid, label.objoid, label.objsubid) AS name,
    jsonb_build_object('provider', label.provider, 'label', label.label) AS definition
   FROM ( SELECT local.classoid,
            local.objoid,
            local.objsubid,
            local.provider,
            local.label
           FROM pg_seclabel local
        UNION ALL
         SELECT shared.classoid,
            shared.objoid,
            0,
            shared.provider,
            shared.label
           FROM pg_shseclabel shared) label
UNION ALL
 SELECT 'server setting'::text AS kind,
    setting.name,
    jsonb_build_object('value',
        CASE
            WHEN (setting.source = ANY (ARRAY['database'::text, 'user'::text, 'database user'::text, 'client'::text])) THEN setting.boot_val
            WHEN (setting.source = 'session'::text) THEN setting.reset_val
            ELSE setting.setting
        END) AS definition
   FROM pg_settings setting
  WHERE (setting.name = ANY (ARRAY['allow_system_table_mods'::text, 'array_nulls'::text, 'default_transaction_read_only'::text, 'ignore_checksum_failure'::text, 'ignore_system_indexes'::text, 'lo_compat_privileges'::text, 'log_min_duration_statement'::text, 'log_parameter_max_length_on_error'::text, 'log_statement'::text, 'password_encryption'::text, 'row_security'::text, 'session_replication_role'::text, 'standard_conforming_strings'::text, 'transform_null_equals'::text, 'zero_damaged_pages'::text]));


--
-- Name: VIEW server_objects; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON VIEW audit.server_objects IS 'The part of audit.objects about the database: extensions, languages, event triggers, server settings.';


--
-- Name: type_objects; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.type_objects WITH (security_invoker='true') AS
 SELECT
        CASE type.typtype
            WHEN 'd'::"char" THEN 'domain'::text
            ELSE 'type'::text
        END AS kind,
    ((type.oid)::regtype)::text AS name,
    jsonb_strip_nulls(jsonb_build_object('owner', audit.name_role(type.typowner), 'base',
        CASE
            WHEN (type.typtype = 'd'::"char") THEN format_type(type.typbasetype, type.typtypmod)
            ELSE NULL::text
        END, 'not null', NULLIF(type.typnotnull, false), 'default', type.typdefault, 'constraints', ( SELECT jsonb_object_agg(bond.conname, (pg_get_constraintdef(bond.oid) ||
                CASE
                    WHEN bond.convalidated THEN ''::text
                    ELSE ' (not valid)'::text
                END)) AS jsonb_object_agg
           FROM pg_constraint bond
          WHERE ((bond.contypid = type.oid) AND (bond.contype = 'c'::"char"))), 'labels', ( SELECT jsonb_agg(label.enumlabel ORDER BY label.enumsortorder) AS jsonb_agg
           FROM pg_enum label
          WHERE (label.enumtypid = type.oid)))) AS definition
   FROM (pg_type type
     LEFT JOIN pg_class class ON ((type.typrelid = class.oid)))
  WHERE (audit.is_watched(type.typnamespace) AND (type.typcategory <> 'A'::"char") AND (type.typtype <> 'm'::"char") AND ((type.typrelid = (0)::oid) OR (class.relkind = 'c'::"char")) AND (NOT audit.is_in_extension(('pg_type'::regclass)::oid, type.oid)))
UNION ALL
 SELECT 'cast'::text AS kind,
    format('%s to %s'::text, (made.castsource)::regtype, (made.casttarget)::regtype) AS name,
    jsonb_build_object('function', ((NULLIF(made.castfunc, (0)::oid))::regprocedure)::text, 'context', (made.castcontext)::text, 'method', (made.castmethod)::text) AS definition
   FROM pg_cast made
  WHERE ((made.oid >= (16384)::oid) AND (NOT audit.is_in_extension(('pg_cast'::regclass)::oid, made.oid)))
UNION ALL
 SELECT 'operator'::text AS kind,
    ((operator.oid)::regoperator)::text AS name,
    jsonb_build_object('owner', audit.name_role(operator.oprowner), 'function', (operator.oprcode)::text) AS definition
   FROM pg_operator operator
  WHERE ((operator.oid >= (16384)::oid) AND (NOT audit.is_in_extension(('pg_operator'::regclass)::oid, operator.oid)))
UNION ALL
 SELECT 'operator class'::text AS kind,
    format('%s.%I for %s'::text, (class.opcnamespace)::regnamespace, class.opcname, method.amname) AS name,
    jsonb_build_object('owner', audit.name_role(class.opcowner), 'type', ((class.opcintype)::regtype)::text, 'default', class.opcdefault) AS definition
   FROM (pg_opclass class
     JOIN pg_am method ON ((class.opcmethod = method.oid)))
  WHERE ((class.oid >= (16384)::oid) AND (NOT audit.is_in_extension(('pg_opclass'::regclass)::oid, class.oid)))
UNION ALL
 SELECT 'operator family'::text AS kind,
    format('%s.%I for %s'::text, (family.opfnamespace)::regnamespace, family.opfname, method.amname) AS name,
    (jsonb_build_object('owner', audit.name_role(family.opfowner)) ||
        CASE
            WHEN (family.oid < (16384)::oid) THEN jsonb_build_object('added', added.members)
            ELSE '{}'::jsonb
        END) AS definition
   FROM ((pg_opfamily family
     JOIN pg_am method ON ((family.opfmethod = method.oid)))
     CROSS JOIN LATERAL ( SELECT jsonb_agg(member.name ORDER BY member.name) AS members
           FROM ( SELECT ((operator.amopopr)::regoperator)::text AS name
                   FROM pg_amop operator
                  WHERE ((operator.amopfamily = family.oid) AND (operator.oid >= (16384)::oid) AND (NOT audit.is_in_extension(('pg_amop'::regclass)::oid, operator.oid)))
                UNION ALL
                 SELECT ((routine.amproc)::regprocedure)::text AS amproc
                   FROM pg_amproc routine
                  WHERE ((routine.amprocfamily = family.oid) AND (routine.oid >= (16384)::oid) AND (NOT audit.is_in_extension(('pg_amproc'::regclass)::oid, routine.oid)))) member) added)
  WHERE (((family.oid >= (16384)::oid) OR (added.members IS NOT NULL)) AND (NOT audit.is_in_extension(('pg_opfamily'::regclass)::oid, family.oid)))
UNION ALL
 SELECT 'collation'::text AS kind,
    format('%s.%I'::text, (coll.collnamespace)::regnamespace, coll.collname) AS name,
    jsonb_build_object('owner', audit.name_role(coll.collowner), 'provider', (coll.collprovider)::text) AS definition
   FROM pg_collation coll
  WHERE ((coll.oid >= (16384)::oid) AND (audit.is_watched(coll.collnamespace) OR (coll.collowner <> (10)::oid)))
UNION ALL
 SELECT 'conversion'::text AS kind,
    format('%s.%I'::text, (conversion.connamespace)::regnamespace, conversion.conname) AS name,
    jsonb_build_object('owner', audit.name_role(conversion.conowner), 'function', (conversion.conproc)::text, 'default', conversion.condefault) AS definition
   FROM pg_conversion conversion
  WHERE (conversion.oid >= (16384)::oid)
UNION ALL
 SELECT 'access method'::text AS kind,
    quote_ident((method.amname)::text) AS name,
    jsonb_build_object('handler', (method.amhandler)::text) AS definition
   FROM pg_am method
  WHERE (method.oid >= (16384)::oid)
UNION ALL
 SELECT 'transform'::text AS kind,
    format('%s for %s'::text, (transform.trftype)::regtype, language.lanname) AS name,
    jsonb_build_object('from', (transform.trffromsql)::text, 'to', (transform.trftosql)::text) AS definition
   FROM (pg_transform transform
     JOIN pg_language language ON ((transform.trflang = language.oid)));


--
-- Name: VIEW type_objects; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON VIEW audit.type_objects IS 'The part of audit.objects about types, domains, casts, operators and collations.';


--
-- Name: objects; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.objects WITH (security_invoker='true') AS
 SELECT role_objects.kind,
    role_objects.name,
    role_objects.definition
   FROM audit.role_objects
UNION ALL
 SELECT relation_objects.kind,
    relation_objects.name,
    relation_objects.definition
   FROM audit.relation_objects
UNION ALL
 SELECT part_objects.kind,
    part_objects.name,
    part_objects.definition
   FROM audit.part_objects
UNION ALL
 SELECT routine_objects.kind,
    routine_objects.name,
    routine_objects.definition
   FROM audit.routine_objects
UNION ALL
 SELECT type_objects.kind,
    type_objects.name,
    type_objects.definition
   FROM audit.type_objects
UNION ALL
 SELECT search_objects.kind,
    search_objects.name,
    search_objects.definition
   FROM audit.search_objects
UNION ALL
 SELECT privilege_objects.kind,
    privilege_objects.name,
    privilege_objects.definition
   FROM audit.privilege_objects
UNION ALL
 SELECT server_objects.kind,
    server_objects.name,
    server_objects.definition
   FROM audit.server_objects
UNION ALL
 SELECT channel_objects.kind,
    channel_objects.name,
    channel_objects.definition
   FROM audit.channel_objects;


--
-- Name: VIEW objects; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON VIEW audit.objects IS 'Every object that bears on who may see or do what: its kind, its name, and its definition by attribute.';


--
-- Name: roles; Type: VIEW; Schema: audit; Owner: -
--

CREATE VIEW audit.roles WITH (security_invoker='true') AS
 SELECT oid,
    rolname AS role,
    concat_ws(', '::text,
        CASE
            WHEN rolcanlogin THEN 'login'::text
            ELSE 'no login'::text
        END,
        CASE
            WHEN rolsuper THEN 'SUPERUSER'::text
            ELSE NULL::text
        END,
        CASE
            WHEN rolbypassrls THEN 'BYPASSRLS'::text
            ELSE NULL::text
        END,
        CASE
            WHEN rolcreaterole THEN 'createrole'::text
            ELSE NULL::text
        END,
        CASE
            WHEN rolcreatedb THEN 'createdb'::text
            ELSE NULL::text
        END,
        CASE
            WHEN rolreplication THEN 'replication'::text
            ELSE NULL::text
        END) AS attributes,
    ( SELECT string_agg(DISTINCT (other.rolname)::text, ', '::text) AS string_agg
           FROM (pg_auth_members membership
             JOIN pg_roles other ON ((membership.roleid = other.oid)))
          WHERE (membership.member = role.oid)) AS member_of,
    ( SELECT string_agg(((setting.name || ' = '::text) || setting.value), '
'::text ORDER BY setting.name) AS string_agg
           FROM audit.role_settings setting
          WHERE (setting.role_oid = role.oid)) AS settings,
    shobj_description(oid, 'pg_authid'::name) AS about
   FROM pg_roles role
  WHERE (rolname !~ '^pg_'::text);


--
-- Name: VIEW roles; Type: COMMENT; Schema: audit; Owner: -
--

COMMENT ON VIEW audit.roles IS 'The roles of the server: attributes, memberships, settings and comments.';


--
-- Name: schema_migrations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.schema_migrations (
    version character varying NOT NULL
);


--
-- Name: deleted_tasks deleted_tasks_pkey; Type: CONSTRAINT; Schema: app; Owner: -
--

ALTER TABLE ONLY app.deleted_tasks
    ADD CONSTRAINT deleted_tasks_pkey PRIMARY KEY (user_id, version);


--
-- Name: deliveries deliveries_pkey; Type: CONSTRAINT; Schema: app; Owner: -
--

ALTER TABLE ONLY app.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (user_id, id);


--
-- Name: idempotency_keys idempotency_keys_pkey; Type: CONSTRAINT; Schema: app; Owner: -
--

ALTER TABLE ONLY app.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (user_id, key);


--
-- Name: passes passes_pkey; Type: CONSTRAINT; Schema: app; Owner: -
--

ALTER TABLE ONLY app.passes
    ADD CONSTRAINT passes_pkey PRIMARY KEY (user_id, id);


--
-- Name: reminders reminders_pkey; Type: CONSTRAINT; Schema: app; Owner: -
--

ALTER TABLE ONLY app.reminders
    ADD CONSTRAINT reminders_pkey PRIMARY KEY (user_id, id);


--
-- Name: search_entries search_entries_pkey; Type: CONSTRAINT; Schema: app; Owner: -
--

ALTER TABLE ONLY app.search_entries
    ADD CONSTRAINT search_entries_pkey PRIMARY KEY (user_id, id);


--
-- Name: task_counts task_counts_pkey; Type: CONSTRAINT; Schema: app; Owner: -
--

ALTER TABLE ONLY app.task_counts
    ADD CONSTRAINT task_counts_pkey PRIMARY KEY (user_id);


--
-- Name: tasks tasks_pkey; Type: CONSTRAINT; Schema: app; Owner: -
--

ALTER TABLE ONLY app.tasks
    ADD CONSTRAINT tasks_pkey PRIMARY KEY (user_id, id);


--
-- Name: token_buckets token_buckets_pkey; Type: CONSTRAINT; Schema: app; Owner: -
--

ALTER TABLE ONLY app.token_buckets
    ADD CONSTRAINT token_buckets_pkey PRIMARY KEY (user_id);


--
-- Name: webhooks webhooks_pkey; Type: CONSTRAINT; Schema: app; Owner: -
--

ALTER TABLE ONLY app.webhooks
    ADD CONSTRAINT webhooks_pkey PRIMARY KEY (user_id, id);


--
-- Name: schema_migrations schema_migrations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);


--
-- Name: deliveries_by_due_at; Type: INDEX; Schema: app; Owner: -
--

CREATE INDEX deliveries_by_due_at ON app.deliveries USING btree (user_id, webhook_id, due_at) WHERE (due_at IS NOT NULL);


--
-- Name: deliveries_by_webhook; Type: INDEX; Schema: app; Owner: -
--

CREATE INDEX deliveries_by_webhook ON app.deliveries USING btree (user_id, webhook_id, created_at, id);


--
-- Name: deliveries_waiting; Type: INDEX; Schema: app; Owner: -
--

CREATE INDEX deliveries_waiting ON app.deliveries USING btree (user_id, webhook_id, task_id, number) WHERE (state = 'waiting'::text);


--
-- Name: idempotency_keys_by_created_at; Type: INDEX; Schema: app; Owner: -
--

CREATE INDEX idempotency_keys_by_created_at ON app.idempotency_keys USING btree (created_at);


--
-- Name: passes_by_digest; Type: INDEX; Schema: app; Owner: -
--

CREATE INDEX passes_by_digest ON app.passes USING btree (digest);


--
-- Name: reminders_by_remind_at; Type: INDEX; Schema: app; Owner: -
--

CREATE INDEX reminders_by_remind_at ON app.reminders USING btree (user_id, remind_at);


--
-- Name: search_entries_by_keys; Type: INDEX; Schema: app; Owner: -
--

CREATE INDEX search_entries_by_keys ON app.search_entries USING gin (keys) WITH (fastupdate=off);


--
-- Name: task_counts_by_remind_at; Type: INDEX; Schema: app; Owner: -
--

CREATE INDEX task_counts_by_remind_at ON app.task_counts USING btree (remind_at) WHERE (remind_at IS NOT NULL);


--
-- Name: tasks_by_created_at; Type: INDEX; Schema: app; Owner: -
--

CREATE INDEX tasks_by_created_at ON app.tasks USING btree (user_id, completed, priority, created_at, id);


--
-- Name: tasks_by_due_date; Type: INDEX; Schema: app; Owner: -
--

CREATE INDEX tasks_by_due_date ON app.tasks USING btree (user_id, completed, priority, due_date, id);


--
-- Name: tasks_by_title; Type: INDEX; Schema: app; Owner: -
--

CREATE INDEX tasks_by_title ON app.tasks USING btree (user_id, completed, priority, title_key, id);


--
-- Name: tasks_by_updated_at; Type: INDEX; Schema: app; Owner: -
--

CREATE INDEX tasks_by_updated_at ON app.tasks USING btree (user_id, completed, priority, updated_at, id);


--
-- Name: tasks_one_successor; Type: INDEX; Schema: app; Owner: -
--

CREATE UNIQUE INDEX tasks_one_successor ON app.tasks USING btree (user_id, predecessor_id) WHERE (predecessor_id IS NOT NULL);


--
-- Name: webhooks_by_due_at; Type: INDEX; Schema: app; Owner: -
--

CREATE INDEX webhooks_by_due_at ON app.webhooks USING btree (due_at) WHERE ((due_at IS NOT NULL) AND (failing_since IS NULL));


--
-- Name: webhooks_failing_by_due_at; Type: INDEX; Schema: app; Owner: -
--

CREATE INDEX webhooks_failing_by_due_at ON app.webhooks USING btree (due_at) WHERE ((due_at IS NOT NULL) AND (failing_since IS NOT NULL));


--
-- Name: idempotency_keys idempotency_keys_remove_expired; Type: TRIGGER; Schema: app; Owner: -
--

CREATE TRIGGER idempotency_keys_remove_expired AFTER INSERT ON app.idempotency_keys FOR EACH STATEMENT EXECUTE FUNCTION keeper.remove_expired_answers();


--
-- Name: TRIGGER idempotency_keys_remove_expired ON idempotency_keys; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TRIGGER idempotency_keys_remove_expired ON app.idempotency_keys IS 'Removes some answers that are older than 24 hours.';


--
-- Name: tasks tasks_change_search_entry; Type: TRIGGER; Schema: app; Owner: -
--

CREATE TRIGGER tasks_change_search_entry AFTER UPDATE ON app.tasks FOR EACH ROW WHEN (((new.user_id IS DISTINCT FROM old.user_id) OR (new.id IS DISTINCT FROM old.id) OR (new.title IS DISTINCT FROM old.title) OR (new.description IS DISTINCT FROM old.description) OR (new.tags IS DISTINCT FROM old.tags))) EXECUTE FUNCTION keeper.keep_search_entry();


--
-- Name: TRIGGER tasks_change_search_entry ON tasks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TRIGGER tasks_change_search_entry ON app.tasks IS 'Keeps the search entry, where words or tags have changed.';


--
-- Name: tasks tasks_count_deleted; Type: TRIGGER; Schema: app; Owner: -
--

CREATE TRIGGER tasks_count_deleted AFTER DELETE ON app.tasks FOR EACH ROW EXECUTE FUNCTION keeper.count_task();


--
-- Name: TRIGGER tasks_count_deleted ON tasks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TRIGGER tasks_count_deleted ON app.tasks IS 'Totals, the user''s last number, and the deletion itself.';


--
-- Name: tasks tasks_count_inserted; Type: TRIGGER; Schema: app; Owner: -
--

CREATE TRIGGER tasks_count_inserted AFTER INSERT ON app.tasks FOR EACH ROW WHEN ((new.version = 0)) EXECUTE FUNCTION keeper.count_task();


--
-- Name: TRIGGER tasks_count_inserted ON tasks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TRIGGER tasks_count_inserted ON app.tasks IS 'Totals and the user''s last number, after direct SQL.';


--
-- Name: tasks tasks_count_updated; Type: TRIGGER; Schema: app; Owner: -
--

CREATE TRIGGER tasks_count_updated AFTER UPDATE ON app.tasks FOR EACH ROW WHEN (((new.version = old.version) AND (new.* IS DISTINCT FROM old.*))) EXECUTE FUNCTION keeper.count_task();


--
-- Name: TRIGGER tasks_count_updated ON tasks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TRIGGER tasks_count_updated ON app.tasks IS 'Totals and the user''s last number, after direct SQL.';


--
-- Name: tasks tasks_forget; Type: TRIGGER; Schema: app; Owner: -
--

CREATE TRIGGER tasks_forget AFTER TRUNCATE ON app.tasks FOR EACH STATEMENT EXECUTE FUNCTION keeper.forget_tasks();


--
-- Name: TRIGGER tasks_forget ON tasks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TRIGGER tasks_forget ON app.tasks IS 'Empties totals, search entries and reminders after a truncate.';


--
-- Name: tasks tasks_keep_reminder_deleted; Type: TRIGGER; Schema: app; Owner: -
--

CREATE TRIGGER tasks_keep_reminder_deleted AFTER DELETE ON app.tasks FOR EACH ROW WHEN ((old.reminder_at IS NOT NULL)) EXECUTE FUNCTION keeper.keep_reminder();


--
-- Name: TRIGGER tasks_keep_reminder_deleted ON tasks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TRIGGER tasks_keep_reminder_deleted ON app.tasks IS 'Keeps the reminder that is to come.';


--
-- Name: tasks tasks_keep_reminder_inserted; Type: TRIGGER; Schema: app; Owner: -
--

CREATE TRIGGER tasks_keep_reminder_inserted AFTER INSERT ON app.tasks FOR EACH ROW WHEN ((new.reminder_at IS NOT NULL)) EXECUTE FUNCTION keeper.keep_reminder();


--
-- Name: TRIGGER tasks_keep_reminder_inserted ON tasks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TRIGGER tasks_keep_reminder_inserted ON app.tasks IS 'Keeps the reminder that is to come.';


--
-- Name: tasks tasks_keep_reminder_updated; Type: TRIGGER; Schema: app; Owner: -
--

CREATE TRIGGER tasks_keep_reminder_updated AFTER UPDATE ON app.tasks FOR EACH ROW WHEN ((((old.reminder_at IS NOT NULL) OR (new.reminder_at IS NOT NULL)) AND ((new.user_id IS DISTINCT FROM old.user_id) OR (new.id IS DISTINCT FROM old.id) OR (new.completed IS DISTINCT FROM old.completed) OR (new.reminder_at IS DISTINCT FROM old.reminder_at)))) EXECUTE FUNCTION keeper.keep_reminder();


--
-- Name: TRIGGER tasks_keep_reminder_updated ON tasks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TRIGGER tasks_keep_reminder_updated ON app.tasks IS 'Keeps the reminder that is to come.';


--
-- Name: tasks tasks_keep_search_entry; Type: TRIGGER; Schema: app; Owner: -
--

CREATE TRIGGER tasks_keep_search_entry AFTER INSERT OR DELETE ON app.tasks FOR EACH ROW EXECUTE FUNCTION keeper.keep_search_entry();


--
-- Name: TRIGGER tasks_keep_search_entry ON tasks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TRIGGER tasks_keep_search_entry ON app.tasks IS 'Keeps the search entry.';


--
-- Name: tasks tasks_number_inserted; Type: TRIGGER; Schema: app; Owner: -
--

CREATE TRIGGER tasks_number_inserted AFTER INSERT ON app.tasks FOR EACH ROW WHEN ((new.version = 0)) EXECUTE FUNCTION app.number_task();


--
-- Name: TRIGGER tasks_number_inserted ON tasks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TRIGGER tasks_number_inserted ON app.tasks IS 'version and updated_at, after direct SQL.';


--
-- Name: tasks tasks_number_updated; Type: TRIGGER; Schema: app; Owner: -
--

CREATE TRIGGER tasks_number_updated AFTER UPDATE ON app.tasks FOR EACH ROW WHEN (((new.version = old.version) AND (new.* IS DISTINCT FROM old.*))) EXECUTE FUNCTION app.number_task();


--
-- Name: TRIGGER tasks_number_updated ON tasks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TRIGGER tasks_number_updated ON app.tasks IS 'version and updated_at, after direct SQL.';


--
-- Name: webhooks webhooks_keep_listening_inserted; Type: TRIGGER; Schema: app; Owner: -
--

CREATE TRIGGER webhooks_keep_listening_inserted AFTER INSERT OR DELETE ON app.webhooks FOR EACH ROW EXECUTE FUNCTION keeper.keep_listening();


--
-- Name: TRIGGER webhooks_keep_listening_inserted ON webhooks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TRIGGER webhooks_keep_listening_inserted ON app.webhooks IS 'Keeps the events that the user''s webhooks wait for.';


--
-- Name: webhooks webhooks_keep_listening_updated; Type: TRIGGER; Schema: app; Owner: -
--

CREATE TRIGGER webhooks_keep_listening_updated AFTER UPDATE ON app.webhooks FOR EACH ROW WHEN (((new.events IS DISTINCT FROM old.events) OR (new.paused IS DISTINCT FROM old.paused))) EXECUTE FUNCTION keeper.keep_listening();


--
-- Name: TRIGGER webhooks_keep_listening_updated ON webhooks; Type: COMMENT; Schema: app; Owner: -
--

COMMENT ON TRIGGER webhooks_keep_listening_updated ON app.webhooks IS 'Keeps the events that the user''s webhooks wait for.';


--
-- Name: deliveries deliveries_of_webhook; Type: FK CONSTRAINT; Schema: app; Owner: -
--

ALTER TABLE ONLY app.deliveries
    ADD CONSTRAINT deliveries_of_webhook FOREIGN KEY (user_id, webhook_id) REFERENCES app.webhooks(user_id, id) ON DELETE CASCADE;


--
-- Name: deleted_tasks; Type: ROW SECURITY; Schema: app; Owner: -
--

ALTER TABLE app.deleted_tasks ENABLE ROW LEVEL SECURITY;

--
-- Name: deleted_tasks deleted_tasks_delete_to_count; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY deleted_tasks_delete_to_count ON app.deleted_tasks FOR DELETE TO task_keeper USING (true);


--
-- Name: deleted_tasks deleted_tasks_insert_to_count; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY deleted_tasks_insert_to_count ON app.deleted_tasks FOR INSERT TO task_keeper WITH CHECK (true);


--
-- Name: deleted_tasks deleted_tasks_select_own; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY deleted_tasks_select_own ON app.deleted_tasks FOR SELECT TO task_api USING ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: deleted_tasks deleted_tasks_select_to_count; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY deleted_tasks_select_to_count ON app.deleted_tasks FOR SELECT TO task_keeper USING (true);


--
-- Name: deliveries; Type: ROW SECURITY; Schema: app; Owner: -
--

ALTER TABLE app.deliveries ENABLE ROW LEVEL SECURITY;

--
-- Name: deliveries deliveries_delete_own; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY deliveries_delete_own ON app.deliveries FOR DELETE TO task_worker USING ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: deliveries deliveries_insert_own; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY deliveries_insert_own ON app.deliveries FOR INSERT TO task_api, task_worker WITH CHECK ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: deliveries deliveries_insert_to_enqueue; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY deliveries_insert_to_enqueue ON app.deliveries FOR INSERT TO task_keeper WITH CHECK (true);


--
-- Name: deliveries deliveries_select_own; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY deliveries_select_own ON app.deliveries FOR SELECT TO task_api, task_worker USING ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: deliveries deliveries_select_to_propose; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY deliveries_select_to_propose ON app.deliveries FOR SELECT TO task_porter USING (true);


--
-- Name: deliveries deliveries_update_own; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY deliveries_update_own ON app.deliveries FOR UPDATE TO task_api, task_worker USING ((user_id = ( SELECT app.user_id() AS user_id))) WITH CHECK ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: idempotency_keys; Type: ROW SECURITY; Schema: app; Owner: -
--

ALTER TABLE app.idempotency_keys ENABLE ROW LEVEL SECURITY;

--
-- Name: idempotency_keys idempotency_keys_delete_expired; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY idempotency_keys_delete_expired ON app.idempotency_keys FOR DELETE TO task_keeper USING ((created_at <= (now() - '24:00:00'::interval)));


--
-- Name: idempotency_keys idempotency_keys_delete_own; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY idempotency_keys_delete_own ON app.idempotency_keys FOR DELETE TO task_api USING ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: idempotency_keys idempotency_keys_insert_own; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY idempotency_keys_insert_own ON app.idempotency_keys FOR INSERT TO task_api WITH CHECK ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: idempotency_keys idempotency_keys_select_expired; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY idempotency_keys_select_expired ON app.idempotency_keys FOR SELECT TO task_keeper USING ((created_at <= (now() - '24:00:00'::interval)));


--
-- Name: idempotency_keys idempotency_keys_select_own; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY idempotency_keys_select_own ON app.idempotency_keys FOR SELECT TO task_api USING ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: passes; Type: ROW SECURITY; Schema: app; Owner: -
--

ALTER TABLE app.passes ENABLE ROW LEVEL SECURITY;

--
-- Name: passes passes_delete_own; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY passes_delete_own ON app.passes FOR DELETE TO task_api USING ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: passes passes_insert_own; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY passes_insert_own ON app.passes FOR INSERT TO task_api WITH CHECK ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: passes passes_select_own; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY passes_select_own ON app.passes FOR SELECT TO task_api USING ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: passes passes_select_to_open; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY passes_select_to_open ON app.passes FOR SELECT TO task_porter USING (true);


--
-- Name: passes passes_update_own; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY passes_update_own ON app.passes FOR UPDATE TO task_api USING ((user_id = ( SELECT app.user_id() AS user_id))) WITH CHECK ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: reminders; Type: ROW SECURITY; Schema: app; Owner: -
--

ALTER TABLE app.reminders ENABLE ROW LEVEL SECURITY;

--
-- Name: reminders reminders_delete_own; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY reminders_delete_own ON app.reminders FOR DELETE TO task_worker USING ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: reminders reminders_delete_to_keep; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY reminders_delete_to_keep ON app.reminders FOR DELETE TO task_keeper USING (true);


--
-- Name: reminders reminders_insert_to_keep; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY reminders_insert_to_keep ON app.reminders FOR INSERT TO task_keeper WITH CHECK (true);


--
-- Name: reminders reminders_select_own; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY reminders_select_own ON app.reminders FOR SELECT TO task_worker USING ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: reminders reminders_select_to_keep; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY reminders_select_to_keep ON app.reminders FOR SELECT TO task_keeper USING (true);


--
-- Name: reminders reminders_select_to_propose; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY reminders_select_to_propose ON app.reminders FOR SELECT TO task_porter USING (true);


--
-- Name: search_entries; Type: ROW SECURITY; Schema: app; Owner: -
--

ALTER TABLE app.search_entries ENABLE ROW LEVEL SECURITY;

--
-- Name: search_entries search_entries_delete_to_keep; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY search_entries_delete_to_keep ON app.search_entries FOR DELETE TO task_keeper USING (true);


--
-- Name: search_entries search_entries_insert_to_keep; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY search_entries_insert_to_keep ON app.search_entries FOR INSERT TO task_keeper WITH CHECK (true);


--
-- Name: search_entries search_entries_select_to_find_or_keep; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY search_entries_select_to_find_or_keep ON app.search_entries FOR SELECT TO task_finder, task_keeper USING (true);


--
-- Name: search_entries search_entries_update_to_keep; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY search_entries_update_to_keep ON app.search_entries FOR UPDATE TO task_keeper USING (true) WITH CHECK (true);


--
-- Name: task_counts; Type: ROW SECURITY; Schema: app; Owner: -
--

ALTER TABLE app.task_counts ENABLE ROW LEVEL SECURITY;

--
-- Name: task_counts task_counts_insert_to_count; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY task_counts_insert_to_count ON app.task_counts FOR INSERT TO task_keeper WITH CHECK (true);


--
-- Name: task_counts task_counts_select_own; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY task_counts_select_own ON app.task_counts FOR SELECT TO task_api USING ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: task_counts task_counts_select_own_turn; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY task_counts_select_own_turn ON app.task_counts FOR SELECT TO task_worker USING ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: task_counts task_counts_select_to_count; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY task_counts_select_to_count ON app.task_counts FOR SELECT TO task_keeper USING (true);


--
-- Name: task_counts task_counts_select_to_propose; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY task_counts_select_to_propose ON app.task_counts FOR SELECT TO task_porter USING (true);


--
-- Name: task_counts task_counts_update_own_turn; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY task_counts_update_own_turn ON app.task_counts FOR UPDATE TO task_worker USING ((user_id = ( SELECT app.user_id() AS user_id))) WITH CHECK ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: task_counts task_counts_update_to_count; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY task_counts_update_to_count ON app.task_counts FOR UPDATE TO task_keeper USING (true) WITH CHECK (true);


--
-- Name: tasks; Type: ROW SECURITY; Schema: app; Owner: -
--

ALTER TABLE app.tasks ENABLE ROW LEVEL SECURITY;

--
-- Name: tasks tasks_delete_own; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY tasks_delete_own ON app.tasks FOR DELETE TO task_api USING ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: tasks tasks_insert_own; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY tasks_insert_own ON app.tasks FOR INSERT TO task_api WITH CHECK ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: tasks tasks_select_own; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY tasks_select_own ON app.tasks FOR SELECT TO task_api USING ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: tasks tasks_select_own_to_remind; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY tasks_select_own_to_remind ON app.tasks FOR SELECT TO task_worker USING ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: tasks tasks_update_own; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY tasks_update_own ON app.tasks FOR UPDATE TO task_api USING ((user_id = ( SELECT app.user_id() AS user_id))) WITH CHECK ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: token_buckets; Type: ROW SECURITY; Schema: app; Owner: -
--

ALTER TABLE app.token_buckets ENABLE ROW LEVEL SECURITY;

--
-- Name: token_buckets token_buckets_insert_own; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY token_buckets_insert_own ON app.token_buckets FOR INSERT TO task_api WITH CHECK ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: token_buckets token_buckets_select_own; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY token_buckets_select_own ON app.token_buckets FOR SELECT TO task_api USING ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: token_buckets token_buckets_update_own; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY token_buckets_update_own ON app.token_buckets FOR UPDATE TO task_api USING ((user_id = ( SELECT app.user_id() AS user_id))) WITH CHECK ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: webhooks; Type: ROW SECURITY; Schema: app; Owner: -
--

ALTER TABLE app.webhooks ENABLE ROW LEVEL SECURITY;

--
-- Name: webhooks webhooks_delete_own; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY webhooks_delete_own ON app.webhooks FOR DELETE TO task_api USING ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: webhooks webhooks_insert_own; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY webhooks_insert_own ON app.webhooks FOR INSERT TO task_api WITH CHECK ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: webhooks webhooks_select_own; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY webhooks_select_own ON app.webhooks FOR SELECT TO task_api, task_worker USING ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: webhooks webhooks_select_to_enqueue; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY webhooks_select_to_enqueue ON app.webhooks FOR SELECT TO task_keeper USING (true);


--
-- Name: webhooks webhooks_select_to_propose; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY webhooks_select_to_propose ON app.webhooks FOR SELECT TO task_porter USING (true);


--
-- Name: webhooks webhooks_update_own; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY webhooks_update_own ON app.webhooks FOR UPDATE TO task_api, task_worker USING ((user_id = ( SELECT app.user_id() AS user_id))) WITH CHECK ((user_id = ( SELECT app.user_id() AS user_id)));


--
-- Name: webhooks webhooks_update_to_enqueue; Type: POLICY; Schema: app; Owner: -
--

CREATE POLICY webhooks_update_to_enqueue ON app.webhooks FOR UPDATE TO task_keeper USING (true) WITH CHECK (true);


--
-- PostgreSQL database dump complete
--

\unrestrict dbmate


--
-- Dbmate schema migrations
--

INSERT INTO public.schema_migrations (version) VALUES
    ('0001'),
    ('0002'),
    ('0003'),
    ('0004'),
    ('0005'),
    ('0006'),
    ('0007'),
    ('0008'),
    ('0009'),
    ('0010'),
    ('0011'),
    ('0012'),
    ('0013'),
    ('0014'),
    ('0015'),
    ('0016'),
    ('0017'),
    ('0018'),
    ('0019'),
    ('0020'),
    ('0021'),
    ('0022'),
    ('0023'),
    ('0024'),
    ('0025'),
    ('0026'),
    ('0027'),
    ('0028');
