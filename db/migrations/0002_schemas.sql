-- migrate:up

-- The schemas: app has the tables and their helpers, api the functions that the service calls, audit the
-- views that a DBA reads. Functions that run with their owner's rights (security definer) are in the schemas
-- finder, keeper and porter, which belong to the roles of these names, and nowhere else. Nothing is granted
-- to public, here or later.

-- Times, word forms and letter case are decided by the database's encoding and locale, so the wrong ones are
-- refused now.
do $$
begin
  if current_setting('server_encoding') <> 'UTF8' then
    raise exception 'the database must have the encoding UTF8, not %', current_setting('server_encoding')
      using hint = 'create database … encoding ''UTF8'' template template0';
  end if;
  if lower('É') <> 'é' then
    raise exception 'the database''s locale knows no letters beyond ASCII'
      using hint = 'create database … locale ''C.UTF-8'' template template0';
  end if;
end $$;

do $$
begin
  execute format('grant create on database %I to task_owner', current_database());
  execute format('revoke all on database %I from public', current_database());
  execute format('grant connect on database %I to task_api, task_worker, task_auditor', current_database());
end $$;

create extension if not exists unaccent with schema public;
create extension if not exists pg_trgm with schema public;

-- public holds these extensions and dbmate's list of migrations. It is no one's place to look or to create
-- things in.
revoke all on schema public from public;
grant usage on schema public to task_owner, task_finder, task_keeper, task_api;

-- dbmate's list of migrations, which keeper.list_migrations shows to the service and to the audit.
grant select (version) on public.schema_migrations to task_keeper;

set local role task_owner;

create schema app;
create schema api;
create schema audit;

-- Read by app/database/origin.py: the migrations before 1.0 were others, under the same numbers.
comment on schema app is
  'Duly 1: the tables, their row-level security, and the helpers of the api functions.';
comment on schema api is 'The functions that the service calls, one for each operation.';
comment on schema audit is 'The views that a DBA reads to check the rules. No user data.';

grant usage on schema app, api to task_api, task_worker;
grant usage on schema app to task_finder, task_keeper, task_porter;
grant usage on schema audit to task_auditor, task_api;

-- Without "in schema", or it would have no effect: functions are born executable by public.
alter default privileges for role task_owner revoke execute on functions from public;
alter default privileges for role task_owner revoke usage on types from public;

reset role;

create schema finder authorization task_finder;
create schema keeper authorization task_keeper;
create schema porter authorization task_porter;

set local role task_finder;
comment on schema finder is
  'The function that looks past row-level security, to use the search index: it returns ids, and reads no '
  'task.';
grant usage on schema finder to task_api;
alter default privileges for role task_finder revoke execute on functions from public;

set local role task_keeper;
comment on schema keeper is
  'The functions that keep totals and search keys, remove expired answers, and list the migrations.';
grant usage on schema keeper to task_owner, task_api, task_auditor;
alter default privileges for role task_keeper revoke execute on functions from public;

set local role task_porter;
comment on schema porter is
  'The functions that find the user of a pass, a reminder or a delivery, before a user is set: they read no '
  'task.';
grant usage on schema porter to task_api, task_worker;
alter default privileges for role task_porter revoke execute on functions from public;

reset role;

do $$
begin
  execute format('revoke create on database %I from task_owner', current_database());
end $$;

-- migrate:down

set local role task_porter;
alter default privileges for role task_porter grant execute on functions to public;
drop schema porter;
set local role task_keeper;
alter default privileges for role task_keeper grant execute on functions to public;
drop schema keeper;
set local role task_finder;
alter default privileges for role task_finder grant execute on functions to public;
drop schema finder;
set local role task_owner;
alter default privileges for role task_owner grant usage on types to public;
alter default privileges for role task_owner grant execute on functions to public;
drop schema audit;
drop schema api;
drop schema app;
reset role;
revoke select (version) on public.schema_migrations from task_keeper;
grant usage on schema public to public;
drop extension if exists pg_trgm;
drop extension if exists unaccent;
do $$
begin
  execute format('revoke connect on database %I from task_api, task_worker, task_auditor',
    current_database());
  execute format('grant connect, temporary on database %I to public', current_database());
end $$;
