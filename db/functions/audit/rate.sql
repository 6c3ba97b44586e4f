-- Critical: a user may reach rows of others, or somebody may undo what prevents it. High: what functions do,
-- or may do, is not what was tested. Medium: a rule, a limit or a privilege that the service needs. Low: the
-- rest. Kinds are rated in audit.kinds; here are the special cases.

create or replace function audit.rate(
  change text, kind text, name text, expected jsonb, actual jsonb) returns text
language sql stable
set search_path = ''
as $$
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
$$;

comment on function audit.rate is 'The severity of a difference: critical, high, medium or low.';

grant execute on function audit.rate to task_auditor;
