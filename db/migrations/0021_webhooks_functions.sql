-- migrate:up

-- A copy of db/functions/webhooks, written by make functions: change it there.

set local role task_owner;

-- begin db/functions/webhooks/add_waiting.sql
-- Called after a delivery was written: by task_keeper in the transaction of a change, by the service and the
-- worker as their user. Nothing else bounds what waits while no worker runs, or while a receiver is slower
-- than the changes come. The update locks the row to the commit: see next_due.

create or replace function app.add_waiting(user_id text, webhook_id uuid) returns void
language plpgsql volatile
set search_path = ''
as $$
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
end $$;

comment on function app.add_waiting is
  'Counts a delivery that was written, and lets its webhook have a turn; pauses the webhook where too many '
  'wait.';

grant execute on function app.add_waiting to task_api, task_worker, task_keeper;
-- end db/functions/webhooks/add_waiting.sql

-- begin db/functions/webhooks/event_bit.sql
-- app.task_counts.listening has a bit for each type, so that a change of a task knows at once whether anybody
-- waits for it.

create or replace function app.event_bit(type text) returns integer
language sql immutable parallel safe
return case type
  when 'task.created' then 1
  when 'task.updated' then 2
  when 'task.completed' then 4
  when 'task.reopened' then 8
  when 'task.deleted' then 16
  when 'task.reminder' then 32
  else 0
end;

comment on function app.event_bit is 'The bit of a type of event in app.task_counts.listening.';

grant execute on function app.event_bit to task_keeper;
-- end db/functions/webhooks/event_bit.sql

-- begin db/functions/webhooks/fill_template.sql
-- One pass over each string: what a value contains is never filled in again. The result is built as jsonb, so
-- that no value can change the form of the body.

create or replace function app.fill_template(template jsonb, "values" jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = ''
as $$
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
end $$;

comment on function app.fill_template is
  'The template with each {name} in its strings replaced by the value of that name.';

grant execute on function app.fill_template to task_worker;
-- end db/functions/webhooks/fill_template.sql

-- begin db/functions/webhooks/max_waiting.sql
-- A webhook that is resumed while so many wait has room for as many again: otherwise the next change would
-- pause it before the worker has sent any of them.

create or replace function app.max_waiting() returns integer
language sql immutable parallel safe
return 10000;

comment on function app.max_waiting is
  'How many deliveries may wait for a webhook that is failing; twice as many for any other.';

grant execute on function app.max_waiting to task_api, task_worker, task_keeper;
-- end db/functions/webhooks/max_waiting.sql

-- begin db/functions/webhooks/merge_webhook.sql
-- RFC 7396, as with tasks; the constraints of the table judge the outcome. All that is wrong is told at once.
-- http is for networks that the operator allows, which only the service knows: plain says so.

create or replace function app.merge_webhook(
  webhook app.webhooks, patch jsonb, plain boolean, lenient boolean)
returns app.webhooks
language plpgsql stable
set search_path = ''
as $$
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
end $$;

comment on function app.merge_webhook is
  'The webhook with the fields of the patch; raises DT400, with all that is wrong.';

grant execute on function app.merge_webhook to task_api;
-- end db/functions/webhooks/merge_webhook.sql

-- begin db/functions/webhooks/next_due.sql
-- A webhook that had its turn goes to the end of the line, behind those that are due already: so the place is
-- never before now. Its row is locked before this, so that no delivery that is written meanwhile is missed.

create or replace function app.next_due(webhook_id uuid) returns timestamptz
language plpgsql stable
set search_path = ''
as $$
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

comment on function app.next_due is
  'When the webhook has its next turn, if it had one now; null where nothing waits.';

grant execute on function app.next_due to task_api, task_worker;
-- end db/functions/webhooks/next_due.sql

-- begin db/functions/webhooks/read_webhook.sql
-- Part of what changes a webhook or writes a delivery.

create or replace function app.read_webhook(id uuid, if_match text, if_none_match text) returns app.webhooks
language plpgsql stable
set search_path = ''
as $$
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

comment on function app.read_webhook is
  'The user''s webhook; raises DT404 where there is none, and DT412 where a precondition does not hold.';

grant execute on function app.read_webhook to task_api;
-- end db/functions/webhooks/read_webhook.sql

-- begin db/functions/webhooks/render_event.sql
-- The form of Standard Webhooks: type, timestamp and data. version orders the events of a task: greater is
-- later.

create or replace function app.render_event(type text, moment timestamptz, number bigint, data text)
returns text
language sql stable parallel safe
return concat(
  '{"type":"', type, '","timestamp":"', app.render_time(moment), '","version":', number,
  ',"data":', data, '}');

comment on function app.render_event is 'An event as the JSON that a receiver reads; data is JSON.';

grant execute on function app.render_event to task_api, task_worker, task_keeper;
-- end db/functions/webhooks/render_event.sql

-- begin db/functions/webhooks/render_webhook.sql
-- Of the header fields the names alone are shown: the values are secrets of the receiver.

create or replace function app.render_webhook(webhook app.webhooks) returns text
language plpgsql stable parallel safe
set search_path = ''
as $$
begin
  return row_to_json(row(
    webhook.id, webhook.url, webhook.label, webhook.events,
    array(select jsonb_object_keys(webhook.headers)), app.render_json(webhook.body)::json,
    webhook.timezone, webhook.paused, app.render_time(webhook.failing_since),
    app.render_time(webhook.created_at), app.render_time(webhook.updated_at)
  )::app.webhook_document)::text;
end $$;

comment on function app.render_webhook is 'A webhook as JSON.';

grant execute on function app.render_webhook to task_api;
-- end db/functions/webhooks/render_webhook.sql

-- begin db/functions/webhooks/resume_webhook.sql
-- What waits is tried at once, but for what is being sent. The number of what waits is counted anew.

create or replace function app.resume_webhook(id uuid) returns void
language plpgsql volatile
set search_path = ''
as $$
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

comment on function app.resume_webhook is 'Lets what waits for a webhook go on.';

grant execute on function app.resume_webhook to task_api;
-- end db/functions/webhooks/resume_webhook.sql

-- begin db/functions/webhooks/template_values.sql
-- The placeholders of a body of the user's own. {due} is for people: on the clock of the task's zone, else
-- the webhook's.

create or replace function app.template_values(event jsonb, timezone text) returns jsonb
language plpgsql stable parallel safe
set search_path = ''
as $$
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

comment on function app.template_values is
  'The values of the placeholders in the body of a webhook, for an event.';

grant execute on function app.template_values to task_worker;
-- end db/functions/webhooks/template_values.sql

reset role;

-- migrate:down

set local role task_owner;

-- drop db/functions/webhooks/template_values.sql
drop function app.template_values;

-- drop db/functions/webhooks/resume_webhook.sql
drop function app.resume_webhook;

-- drop db/functions/webhooks/render_webhook.sql
drop function app.render_webhook;

-- drop db/functions/webhooks/render_event.sql
drop function app.render_event;

-- drop db/functions/webhooks/read_webhook.sql
drop function app.read_webhook;

-- drop db/functions/webhooks/next_due.sql
drop function app.next_due;

-- drop db/functions/webhooks/merge_webhook.sql
drop function app.merge_webhook;

-- drop db/functions/webhooks/max_waiting.sql
drop function app.max_waiting;

-- drop db/functions/webhooks/fill_template.sql
drop function app.fill_template;

-- drop db/functions/webhooks/event_bit.sql
drop function app.event_bit;

-- drop db/functions/webhooks/add_waiting.sql
drop function app.add_waiting;

reset role;
