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
