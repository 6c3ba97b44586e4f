-- migrate:up

-- The seven roles: each has the least that it needs. Roles belong to the whole server, and another database
-- of it may already have made them: hence "if missing". Needs CREATEROLE, not superuser. The migrating role
-- becomes a member of the owning roles, to create things in their name.

do $$
declare
  v_role text;
begin
  foreach v_role in array array[
    'task_owner', 'task_finder', 'task_keeper', 'task_porter', 'task_auditor', 'task_api', 'task_worker']
  loop
    if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
      execute format('create role %I with nologin noinherit', v_role);
    end if;
  end loop;

  -- PostgreSQL 16 lets the creator of a role administer it, but not act as it; before, CREATEROLE could do
  -- both.
  foreach v_role in array array['task_owner', 'task_finder', 'task_keeper', 'task_porter', 'task_auditor']
  loop
    if not pg_catalog.pg_has_role(current_user, v_role, 'usage') then
      execute format('grant %I to current_user', v_role);
    end if;
  end loop;
end $$;

-- Logs in without a password until somebody sets one: `duly migrate` does, from TASK_API_PASSWORD.
alter role task_api with login;
alter role task_worker with login;
alter role task_auditor with login;

-- A request takes milliseconds. A longer one is an error, and must not hold a lock or a connection.
alter role task_api set statement_timeout = '5s';
alter role task_api set lock_timeout = '2s';
alter role task_api set idle_in_transaction_session_timeout = '10s';
-- Times are written as ISO 8601, whatever the server's default is.
alter role task_api set datestyle = 'ISO, YMD';
alter role task_worker set statement_timeout = '5s';
alter role task_worker set lock_timeout = '2s';
alter role task_worker set idle_in_transaction_session_timeout = '10s';
alter role task_worker set datestyle = 'ISO, YMD';
alter role task_auditor set statement_timeout = '5min';
alter role task_auditor set lock_timeout = '2s';
alter role task_auditor set idle_in_transaction_session_timeout = '1min';
alter role task_auditor set default_transaction_read_only = on;

-- One line in PostgreSQL's log for each refused request, without any piece of it. Only a superuser may set
-- this: where another role migrates, see db/README.md.
do $$
begin
  alter role task_api set log_error_verbosity = terse;
  alter role task_api set log_min_error_statement = panic;
  alter role task_worker set log_error_verbosity = terse;
  alter role task_worker set log_min_error_statement = panic;
exception when insufficient_privilege then
  null;
end $$;

comment on role task_owner is
  'Owns the schemas, tables and functions of Duly, and is itself under forced row-level security.';
comment on role task_finder is
  'Owns the search function that looks past row-level security; reads the search index, and no task.';
comment on role task_keeper is
  'Owns the triggers of totals, search entries, reminders and deliveries; reads and writes no task.';
comment on role task_porter is
  'Owns the functions that find the user of a pass, a reminder or a delivery; reads no task.';
comment on role task_auditor is 'Reads the catalog and the audit views, and no task.';
comment on role task_api is
  'The login of the service: executes api functions, reads and writes the rows of its user only.';
comment on role task_worker is
  'The login of the worker: sends reminders and events of one user at a time; changes no task.';

-- migrate:down

-- Roles are shared with the other databases of the server, so one that is still in use elsewhere stays.
do $$
declare
  v_role text;
begin
  foreach v_role in array array[
    'task_worker', 'task_api', 'task_auditor', 'task_porter', 'task_keeper', 'task_finder', 'task_owner']
  loop
    begin
      execute format('drop role if exists %I', v_role);
    exception when dependent_objects_still_exist then
      raise notice 'role % is used by another database of this server, and stays', v_role;
    end;
  end loop;
end $$;
