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
