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
