"""Faults to plant in a database, by kind: a statement of the superuser, and words of the sentence about it.

Without words it only prepares the next. All of a group are planted in one transaction, which is rolled back.
"""

FINDER = "finder.find_tasks(text, text[], boolean, boolean)"
BOB = "create role bob login"

# fmt: off
GROUPS: dict[str, dict[str, str]] = {
    "attributes of roles": {
        "alter role task_api bypassrls": "bypassrls is true instead of false",
        "alter role task_auditor createrole": "role task_auditor differs: createrole is true",
        "alter role task_finder createdb": "role task_finder differs: createdb is true",
        "alter role task_keeper replication": "role task_keeper differs: replication is true",
        "alter role task_porter login": "role task_porter differs: login is true",
        "alter role task_owner connection limit 3": "role task_owner differs: connection limit is 3",
    },
    "more of them": {
        "alter role task_api superuser": "superuser is true instead of false",
        "alter role task_owner login": "role task_owner differs: login is true instead of false",
        "alter role task_auditor valid until '2099-01-01'": "role task_auditor differs: valid until is 2099",
        "alter role task_keeper bypassrls": "role task_keeper differs: bypassrls is true",
    },
    "roles that look past": {
        "create role root2 superuser login": "role root2 is not one of those that Duly makes",
        "create role seer bypassrls login": "role seer is not one of those that Duly makes",
        "create role copier replication login": "role copier is not one of those that Duly makes",
        "create role maker createrole login": "role maker is not one of those that Duly makes",
        "create role hidden in role seer": "membership hidden in seer is not one",
        "create role deeper in role hidden": "membership deeper in hidden is not one",
    },
    "memberships": {
        BOB: "",
        "grant pg_read_all_data to bob": "membership bob in pg_read_all_data is not one",
        "grant pg_write_all_data to bob": "membership bob in pg_write_all_data",
        "grant pg_read_server_files to bob": "membership bob in pg_read_server_files",
        "grant pg_write_server_files to bob": "membership bob in pg_write_server_files",
        "grant pg_execute_server_program to bob": "membership bob in pg_execute_server_program",
        "grant pg_signal_backend to task_auditor": "membership task_auditor in pg_signal_backend",
        "grant pg_monitor to task_api": "membership task_api in pg_monitor",
        "grant task_owner to bob": "membership bob in task_owner",
        "grant task_finder to bob with admin option":
            "membership bob in task_finder is not one of those that Duly makes: admin",
        "grant task_keeper to task_auditor": "membership task_auditor in task_keeper",
        "grant task_porter to bob": "membership bob in task_porter",
        "set local role duly_owner; grant task_keeper to bob; reset role": "membership bob in task_keeper",
        'create role "Bob in it"': "",
        'grant task_porter to "Bob in it"': 'membership "Bob in it" in task_porter',
        "grant task_api to bob": "membership bob in task_api",
        "grant task_auditor to bob": "membership bob in task_auditor",
    },
    "settings": {
        "alter role task_api set row_security = off":
            "setting row_security of task_api in every database is not one",
        "alter role task_api set datestyle = 'German'":
            "setting DateStyle of task_api in every database differs",
        "alter role task_api set session_preload_libraries = 'x'":
            "setting session_preload_libraries of task_api",
        "alter role task_api set search_path = 'public'": "setting search_path of task_api in every database",
        "alter role task_api set statement_timeout = 0":
            "setting statement_timeout of task_api in every database differs",
        "alter role task_api reset lock_timeout":
            "setting lock_timeout of task_api in every database is missing",
        "alter role all set app.user_id = 'alice'": "setting app.user_id of every role in every database",
        "alter role task_auditor reset default_transaction_read_only":
            "setting default_transaction_read_only of task_auditor in every database is missing",
        "do $$ begin execute format('alter database %I set timezone = ''Asia/Tokyo''', "
            "current_database()); end $$":
            "setting TimeZone of every role in this database",
        "do $$ begin execute format('alter database %I set session_replication_role = replica', "
            "current_database()); end $$":
            "setting session_replication_role of every role in this database",
        "do $$ begin execute format('alter role task_api in database %I set role = task_owner', "
            "current_database()); end $$":
            "setting role of task_api in this database",
    },
    "parameters and default privileges": {
        "grant set on parameter session_replication_role to task_api":
            "parameter privilege set on session_replication_role for task_api",
        "grant alter system on parameter log_statement to task_auditor":
            "parameter privilege alter system on log_statement for task_auditor",
        "alter default privileges for role task_owner grant select on tables to task_auditor":
            "default privilege select on tables that task_owner creates for task_auditor",
        "alter default privileges for role task_keeper in schema keeper grant execute on functions to public":
            "default privilege execute on functions that task_keeper creates in keeper for public",
        "alter default privileges for role task_owner grant usage on schemas to public":
            "default privilege usage on schemas that task_owner creates for public",
        "alter default privileges for role task_owner grant usage on sequences to task_api with grant option":
            "default privilege usage on sequences that task_owner creates for task_api is not one of those "
            "that Duly "
            "makes: grantable",
        "alter default privileges for role task_porter grant execute on functions to public":
            "default privilege execute on functions that task_porter creates for public",
    },
    "settings, in their precedence": {
        # Each comes before the next.
        "do $$ begin execute format('alter role task_api in database %I set statement_timeout = 0', "
            "current_database()); end $$":
            "setting statement_timeout of task_api in this database is not one of those that Duly makes: "
            "value 0",
        "alter role task_api set idle_in_transaction_session_timeout = 0":
            "setting idle_in_transaction_session_timeout of task_api in every database differs: value is 0",
        "do $$ begin execute format('alter database %I set search_path = public', current_database()); "
            "end $$":
            "setting search_path of every role in this database is not one",
        "alter role all set log_statement = 'all'":
            "setting log_statement of every role in every database is not one of those that Duly makes: "
            "value all",
        "do $$ begin execute format('alter role task_worker in database %I set app.user_id = ''alice''', "
            "current_database()); end $$":
            "setting app.user_id of task_worker in this database is not one",
        "alter role task_worker set default_transaction_isolation = 'serializable'":
            "setting default_transaction_isolation of task_worker in every database is not one",
        "do $$ begin execute format('alter role task_owner in database %I set row_security = off', "
            "current_database()); end $$":
            "setting row_security of task_owner in this database is not one",
    },
    "default privileges in each schema": {
        "alter default privileges for role task_owner in schema app grant select on tables to task_auditor":
            "default privilege select on tables that task_owner creates in app for task_auditor is not one",
        "alter default privileges for role task_owner in schema api grant execute on functions to public":
            "default privilege execute on functions that task_owner creates in api for public is not one",
        "alter default privileges for role task_owner in schema audit grant all on tables to task_api":
            "default privilege insert on tables that task_owner creates in audit for task_api is not one",
        "alter default privileges for role task_finder in schema finder "
            "grant execute on functions to task_worker":
            "default privilege execute on functions that task_finder creates in finder for task_worker is",
        "alter default privileges for role task_keeper in schema keeper grant usage on types to public":
            "default privilege usage on types that task_keeper creates in keeper for public is not one",
        "alter default privileges for role task_porter in schema porter grant execute on functions to public":
            "default privilege execute on functions that task_porter creates in porter for public is not one",
        "alter default privileges for role task_owner in schema public grant usage on sequences to public":
            "default privilege usage on sequences that task_owner creates in public for public is not one",
        "alter default privileges for role duly_owner grant select on tables to public":
            "default privilege select on tables that the database's owner creates for public is not one",
        "alter default privileges for role task_owner grant select on large objects to public":
            "default privilege select on large objects that task_owner creates for public is not one",
    },
    "privileges on parameters": {
        "grant set on parameter row_security to public":
            "parameter privilege set on row_security for public is not one",
        "grant set on parameter session_preload_libraries to task_api with grant option":
            "parameter privilege set on session_preload_libraries for task_api is not one of those that Duly "
            "makes: grantable true",
        "grant alter system on parameter shared_preload_libraries to task_owner":
            "parameter privilege alter system on shared_preload_libraries for task_owner is not one",
        "grant set on parameter app.user_id to task_auditor":
            "parameter privilege set on app.user_id for task_auditor is not one",
    },
    "the owner of the database": {
        "do $$ begin execute format('alter database %I owner to task_api', current_database()); end $$":
            "database this differs: connection limit is 5 instead of -1, owner is task_api instead of",
        "do $$ begin execute format('alter database %I connection limit 5', current_database()); end $$":
            "connection limit is 5 instead of -1",
    },
    "options of memberships": {
        BOB: "",
        "grant task_auditor to bob with inherit false, set true":
            "membership bob in task_auditor is not one of those that Duly makes: set true",
        "grant task_api to bob with set false":
            "membership bob in task_api is not one of those that Duly makes: inherit true",
        "grant task_worker to task_api": "membership task_api in task_worker is not one",
        "grant pg_read_all_settings to task_auditor":
            "membership task_auditor in pg_read_all_settings is not one",
        "grant pg_checkpoint to task_worker": "membership task_worker in pg_checkpoint is not one",
        "grant pg_maintain to bob": "membership bob in pg_maintain is not one",
    },
    "schemas": {
        "create schema attic": "schema attic is not one",
        "alter schema app owner to task_auditor":
            "schema app differs: owner is task_auditor instead of task_owner",
        "alter schema finder owner to task_owner": "schema finder differs: owner is task_owner",
        "grant create on schema api to task_api": "privilege create on schema api for task_api",
        "grant usage on schema keeper to public": "privilege usage on schema keeper for public",
        "revoke usage on schema finder from task_api":
            "privilege usage on schema finder for task_api is missing",
        "grant create on schema pg_catalog to task_api": "privilege create on schema pg_catalog for task_api",
    },
    "tables": {
        "create table app.notes (user_id text)": "table app.notes is not one",
        "create table public.copies as select user_id, title from app.tasks":
            "table public.copies is not one",
        "alter table app.tasks disable row level security":
            "table app.tasks differs: row-level security is false",
        "alter table app.passes no force row level security":
            "table app.passes differs: forced is false instead of true",
        "alter table app.token_buckets owner to task_auditor":
            "table app.token_buckets differs: owner is task_auditor",
        "alter table app.task_counts set (autovacuum_enabled = off)":
            "table app.task_counts differs: options",
        "alter table app.idempotency_keys set unlogged":
            "table app.idempotency_keys differs: unlogged is true",
        "create table app.children () inherits (app.search_entries)": "table app.children is not one",
        "create sequence public.counter": "sequence public.counter is not one",
        "alter table public.schema_migrations enable row level security":
            "table public.schema_migrations differs: row-level security is true instead of false",
        "set local allow_system_table_mods = on; alter table pg_catalog.pg_description owner to task_api; "
            "set local allow_system_table_mods = off": "table pg_description is not one",
        "create type app.pair as (a text, b text)": "composite type app.pair is not one",
        "create unlogged table keeper.scratch (x text)": "table keeper.scratch is not one",
        "set local allow_system_table_mods = on; create table pg_catalog.hidden (x text); set local "
            "allow_system_table_mods = off":
            "table hidden is not one",
    },
    "views": {
        "create view public.everything as select * from app.tasks": "view public.everything is not one",
        "create materialized view app.titles as select title from app.tasks":
            "materialized view app.titles is not one",
        "alter view audit.roles set (security_invoker = false)": "view audit.roles differs: options",
        "alter view audit.faults owner to task_auditor": "view audit.faults differs: owner is task_auditor",
        "alter view audit.policies set (security_barrier = true)": "view audit.policies differs: options",
        "create or replace view audit.services with (security_invoker = true) as select 0::oid as oid, "
            "'task_api'::name as role, "
            "false as borrows":
            "view audit.services differs: its body is another",
    },
    "columns": {
        "alter table app.tasks alter column user_id set default 'alice'":
            "column app.tasks.user_id differs: default is 'alice'",
        "alter table app.passes alter column user_id drop default":
            "column app.passes.user_id differs: default is not there",
        "alter table app.tasks alter column title drop not null": "column app.tasks.title differs: not null",
        "alter table app.tasks alter column tags set default '{x}'":
            "column app.tasks.tags differs: default is",
        "alter table app.task_counts add secret text": "column app.task_counts.secret is not one",
        "alter table app.token_buckets alter full_at type numeric":
            "column app.token_buckets.full_at differs: type is numeric",
        "alter table app.idempotency_keys alter request type text collate \"C\"":
            "column app.idempotency_keys.request differs: collation is C",
        "alter table app.tasks drop title_key cascade": "column app.tasks.title_key is missing",
        "alter table app.deleted_tasks add copied text generated always as (upper(user_id)) stored":
            "column app.deleted_tasks.copied is not one of those that Duly makes: generated s upper(user_id)",
        "alter type app.pass_document add attribute odd text": "column app.pass_document.odd is not one",
        "alter table app.deleted_tasks add number integer generated by default as identity":
            "column app.deleted_tasks.number is not one of those that Duly makes: identity d",
    },
    "constraints": {
        "alter table app.tasks drop constraint tasks_pkey": "constraint tasks_pkey on app.tasks is missing",
        "alter table app.tasks drop constraint tasks_title_length":
            "constraint tasks_title_length on app.tasks is missing",
        "alter table app.tasks drop constraint tasks_tags_count; "
            "alter table app.tasks add constraint tasks_tags_count check (cardinality(tags) <= 50) not valid":
            "constraint tasks_tags_count on app.tasks differs: validated is false",
        "alter table app.tasks drop constraint tasks_priority_known; "
            "alter table app.tasks add constraint tasks_priority_known check (priority <> 'Urgent')":
            "constraint tasks_priority_known on app.tasks differs: definition",
        "alter table app.tasks add constraint tasks_odd unique (id, title, user_id)":
            "constraint tasks_odd on app.tasks is not one",
        "alter table app.passes add constraint passes_spy check (app.require_user_id() is not null) not "
            "valid":
            "constraint passes_spy on app.passes is not one",
        "create table app.other (user_id text, id uuid, primary key (user_id, id), "
            "constraint other_task foreign key (user_id, id) references app.search_entries on delete "
            "cascade)":
            "constraint other_task on app.other is not one",
    },
    "constraints that are not enforced": {
        "alter table app.tasks drop constraint tasks_tags_count": "",
        "alter table app.tasks add constraint tasks_tags_count check (cardinality(tags) <= 50) not enforced":
            "constraint tasks_tags_count on app.tasks differs: enforced is false instead of true",
        "alter table app.tasks alter title drop not null": "",
        "alter table app.tasks add constraint title_is_there not null title not valid":
            "constraint title_is_there on app.tasks is not one of those that Duly makes: definition NOT NULL",
    },
    "indexes": {
        "drop index app.tasks_by_title": "index app.tasks_by_title is missing",
        "create index tasks_spare on app.tasks (title)": "index app.tasks_spare is not one",
        "create unique index tasks_once on app.tasks (user_id, title, id)": "index app.tasks_once is not one",
        "update pg_index set indisvalid = false where indexrelid = 'app.tasks_one_successor'::regclass":
            "index app.tasks_one_successor differs: valid is false",
        "update pg_index set indisready = false where indexrelid = 'app.tasks_by_created_at'::regclass":
            "index app.tasks_by_created_at differs: valid is false",
        "drop index app.tasks_by_due_date; create index tasks_by_due_date on app.tasks (due_date)":
            "index app.tasks_by_due_date differs: definition",
        "alter index app.search_entries_by_keys set (fastupdate = on)":
            "index app.search_entries_by_keys differs",
        "create statistics app.odd on completed, priority from app.tasks": "statistics app.odd is not one",
        "alter table app.tasks cluster on tasks_pkey": "index app.tasks_pkey differs: clustered is true",
    },
    "policies": {
        "create policy all_of_them on app.tasks for select to task_api using (true)":
            "policy all_of_them on app.tasks is not one",
        "create policy to_bob on app.tasks to task_auditor using (true)":
            "policy to_bob on app.tasks is not one",
        "alter policy tasks_select_own on app.tasks using (user_id = app.user_id() or title like 'shared%')":
            "policy tasks_select_own on app.tasks differs: using is",
        "alter policy tasks_insert_own on app.tasks with check (true)":
            "policy tasks_insert_own on app.tasks differs: with check",
        "alter policy passes_select_own on app.passes to public":
            "policy passes_select_own on app.passes differs: roles",
        "drop policy tasks_delete_own on app.tasks": "policy tasks_delete_own on app.tasks is missing",
        "drop policy token_buckets_update_own on app.token_buckets; "
            "create policy token_buckets_update_own on app.token_buckets as restrictive for update to "
            "task_api "
            "using (user_id = (select app.user_id())) with check (user_id = (select app.user_id()))":
            "policy token_buckets_update_own on app.token_buckets differs: permissive is false",
        "alter policy idempotency_keys_select_expired on app.idempotency_keys using (true)":
            "policy idempotency_keys_select_expired on app.idempotency_keys differs: using is true",
    },
    "triggers": {
        "alter table app.tasks disable trigger tasks_count_inserted":
            "trigger tasks_count_inserted on app.tasks differs: enabled is no",
        "alter table app.tasks enable replica trigger tasks_number_updated":
            "trigger tasks_number_updated on app.tasks differs: enabled is on replicas",
        "alter table app.tasks enable always trigger tasks_forget":
            "trigger tasks_forget on app.tasks differs: enabled is always",
        "drop trigger tasks_keep_search_entry on app.tasks":
            "trigger tasks_keep_search_entry on app.tasks is missing",
        "create function public.spy() returns trigger language plpgsql as 'begin return new; end'":
            "function public.spy() is not one",
        "create trigger spy before insert on app.tasks for each row execute function public.spy()":
            "trigger spy on app.tasks is not one",
        "create trigger spy after update on app.passes for each row execute function public.spy()":
            "trigger spy on app.passes is not one",
    },
    "triggers of foreign keys": {
        "create table app.a (id integer primary key)": "table app.a is not one",
        "create table app.b (id integer references app.a)": "table app.b is not one",
        "alter table app.b disable trigger all": "trigger one of a foreign key on app.b is not one",
    },
    "rules": {
        "create rule copied as on insert to app.tasks do also nothing": "rule copied on app.tasks is not one",
        "create rule kept as on delete to app.passes do instead nothing":
            "rule kept on app.passes is not one",
        "alter table app.tasks enable always rule copied":
            "rule copied on app.tasks is not one of those that Duly makes: enabled always",
    },
    "functions": {
        "alter function app.user_id() immutable": "volatility is immutable instead of stable",
        "alter function app.user_id() leakproof": "leakproof is true instead of false",
        "alter function app.require_user_id() volatile":
            "function app.require_user_id() differs: volatility is volatile",
        f"alter function {FINDER} security invoker": "differs: security is invoker instead of definer",
        "alter function api.get_task security definer": "differs: security is definer instead of invoker",
        "alter function keeper.count_task() owner to task_owner":
            "function keeper.count_task() differs: owner is task_owner",
        "alter function app.save_task reset search_path": "function app.save_task",
        "alter function api.list_tasks set search_path = public": "function api.list_tasks",
        "alter function app.render_task strict": "strict is true",
        "alter function app.trim_text parallel restricted":
            "parallel is r instead of s",
        "drop function api.delete_task": "function api.delete_task(uuid,text,text) is missing",
        "drop function api.take_token; create function api.take_token(capacity integer, seconds integer) "
            "returns double precision language sql volatile as 'select 0::double precision'":
            "function api.take_token",
    },
    "bodies of functions": {
        "create or replace function app.user_id() returns text language sql stable parallel safe return "
            "coalesce(current_setting('app.user_id', true), 'alice')":
            "function app.user_id() differs: its body is another",
        "create or replace function keeper.list_migrations() returns setof text language sql stable "
            "security definer "
            "set search_path = '' as $$ select '9999' $$":
            "function keeper.list_migrations() differs: its body is another",
        "create or replace function app.require_user_id() returns text language plpgsql stable parallel safe "
            "set search_path = '' as $$ begin return 'alice'; end $$":
            "function app.require_user_id() differs: its body",
        "create function app.user_id(text) returns text language sql stable return $1":
            "function app.user_id(text) is not one",
        "create function finder.everything() returns bigint language sql security definer set search_path "
            "= '' "
            "as 'select count(*) from app.tasks'": "function finder.everything() is not one",
        "create procedure app.leave() language sql as ''":
            "function app.leave() is not one of those that Duly makes: arguments",
        "create aggregate public.last_of (text) (sfunc = textcat, stype = text)":
            "function public.last_of(text) is not one",
        "create function pg_catalog.spy() returns integer language sql return 1": "function spy() is not one",
        "alter function pg_catalog.lower(text) security definer":
            "function lower(text) is not one of those that Duly makes",
        "alter function pg_catalog.upper(text) set work_mem = '1MB'": "function upper(text) is not one",
        "alter function pg_catalog.initcap(text) owner to task_api": "function initcap(text) is not one",
    },
    "built-in functions": {
        "create or replace function pg_catalog.lower(text) returns text language sql immutable strict "
            "as 'select $1'":
            "built-in functions of pg_catalog differs: its body is another",
        "create or replace function pg_catalog.round(numeric) returns numeric language sql immutable strict "
            "as 'select $1'":
            "built-in functions of pg_catalog differs: its body is another",
        "alter function pg_catalog.int4div(integer, integer) leakproof":
            "built-in functions that are leakproof differs: its members is another",
        "alter function pg_catalog.current_setting(text, boolean) immutable":
            "function current_setting(text,boolean) differs: volatility is immutable instead of stable",
        "alter function pg_catalog.set_config(text, text, boolean) stable":
            "function set_config(text,text,boolean) differs: volatility is stable",
        # The last: PostgreSQL compares names by it.
        "create or replace function pg_catalog.texteq(text, text) returns boolean language plpgsql immutable "
            "strict leakproof parallel safe as 'begin return true; end'":
            "function texteq(text,text) differs: its body is another",
    },
    "extensions and their members": {
        "create extension dblink": "extension dblink is not one",
        "alter extension pg_trgm drop function public.show_trgm(text)":
            "extension pg_trgm differs: ",
        "alter function public.similarity(text, text) leakproof":
            "extension pg_trgm differs: functions to look at is",
        "create or replace function public.unaccent(text) returns text language sql stable strict parallel "
            "safe as 'select $1'":
            "extension unaccent differs: functions to look at is public.unaccent(text)",
        "alter function public.unaccent_init(internal) owner to task_api":
            ", public.unaccent_init(internal) instead of none",
        "alter text search dictionary public.unaccent owner to task_auditor":
            "text search dictionary public.unaccent differs: owner is task_auditor",
        "grant execute on function public.show_limit() to task_auditor":
            "privilege execute on function public.show_limit() for task_auditor is not one",
    },
    "moved extensions": {
        "alter extension pg_trgm set schema app": "schema is app instead of public",
    },
    "event triggers": {
        "create function public.watch() returns event_trigger language plpgsql as 'begin end'":
            "function public.watch() is not one",
        "create event trigger dropping on sql_drop execute function public.watch()":
            "event trigger dropping is not one of those that Duly makes: enabled true, event sql_drop",
        "create event trigger rewriting on table_rewrite execute function public.watch()":
            "event trigger rewriting is not one",
        "create event trigger entering on login execute function public.watch()":
            "event trigger entering is not one",
    },
    "large objects": {
        "select lo_create(4712)": "large objects of the first superuser is not one",
        "set local role task_worker; select lo_create(4713); reset role":
            "large objects of task_worker is not one",
        "select lo_create(4714); alter large object 4714 owner to task_auditor":
            "large objects of task_auditor is not one",
        "grant update on large object 4712 to task_api":
            "privilege update on large object 4712 for task_api is not one",
    },
    "subscriptions": {
        "create subscription one connection 'host=127.0.0.1' publication p with (connect = false, "
            "slot_name = none)":
            "subscription one is not one of those that Duly makes: owner the first superuser",
        "create subscription two connection 'host=127.0.0.1' publication p with (connect = false, "
            "slot_name = elsewhere); alter subscription two enable":
            "subscription two is not one of those that Duly makes: enabled true, owner the first superuser",
    },
    "security labels": {
        # Without SELinux no provider can be loaded: this is what it would write.
        "insert into pg_seclabel values "
            "('app.tasks'::regclass, 'pg_class'::regclass, 0, 'selinux', 'object_r:odd_t')":
            "security label table app.tasks is not one of those that Duly makes: label object_r:odd_t",
        "insert into pg_seclabel values ('app.tasks'::regclass, 'pg_class'::regclass, 1, 'selinux', 'odd_t')":
            "security label column user_id of table app.tasks is not one",
        "insert into pg_shseclabel values ('task_api'::regrole, 'pg_authid'::regclass, 'selinux', 'odd_t')":
            "security label role task_api is not one of those that Duly makes: label odd_t, provider selinux",
    },
    "types": {
        "alter type app.task_document owner to task_auditor":
            "app.task_document differs: owner is task_auditor",
        "create type app.mood as enum ('good')": "type app.mood is not one",
        "create domain public.tiny as text": "domain public.tiny is not one",
        "create type app.span as range (subtype = integer)": "type app.span is not one",
        "create function public.pretend(text) returns integer language sql return 1":
            "function public.pretend(text)",
        "create cast (text as integer) with function public.pretend(text) as implicit":
            "cast text to integer is not one",
        "create function public.same(text, uuid) returns boolean language sql return true":
            "function public.same(text,uuid)",
        "create operator public.=== (function = public.same, leftarg = text, rightarg = uuid)":
            "operator public.===(text,uuid) is not one",
        "create operator pg_catalog.=== (function = public.same, leftarg = text, rightarg = uuid)":
            "operator ===(text,uuid) is not one",
        "create operator class public.odd for type text using btree as operator 1 <, operator 2 <=, "
            "operator 3 =, operator 4 >=, "
            "operator 5 >, function 1 bttextcmp(text, text)":
            "operator class public.odd for btree is not one",
        "create operator family public.kin using hash": "operator family public.kin for hash is not one",
        "create function public.compare(text, integer) returns integer language sql immutable return 0":
            "function public.compare(text,integer)",
        "alter operator family pg_catalog.text_ops using btree add function 1 (text, integer) "
            "public.compare(text, integer)":
            'operator family pg_catalog.text_ops for btree is not one of those that Duly makes: added '
            "public.compare(text,integer)",
        "create collation public.soft (provider = icu, locale = 'und-u-ks-level1', deterministic = false)":
            "collation public.soft is not one",
        "create default conversion public.turn for 'UTF8' to 'LATIN1' from utf8_to_iso8859_1":
            "conversion public.turn is not one",
    },
    "domains": {
        "alter domain app.tag set default 'x'": "domain app.tag differs: ",
        # The last: PostgreSQL 18 begins no other savepoint after it.
        "alter domain app.tag drop constraint tag_length": "domain app.tag differs: constraints",
    },
    "text search": {
        "create text search configuration app.own (copy = pg_catalog.simple)":
            "text search configuration app.own is not one",
        "create text search dictionary app.plain (template = pg_catalog.simple)":
            "text search dictionary app.plain is not one",
        "alter text search dictionary app.english_stem (stopwords = english)":
            "text search dictionary app.english_stem differs: options",
        "alter text search dictionary app.english_stem owner to task_auditor": "owner is task_auditor",
        "alter text search dictionary public.unaccent (rules = 'unaccent')": "",
        "create text search parser public.odd (start = prsd_start, gettoken = prsd_nexttoken, end = "
            "prsd_end, "
            "lextypes = prsd_lextype)": "text search parser public.odd is not one",
        "create text search template public.plain (init = dsimple_init, lexize = dsimple_lexize)":
            "text search template public.plain is not one",
    },
    "privileges": {
        BOB: "",
        'create role "for it"': "",
        'create table public."on for" (note text); grant select on public."on for" to "for it"':
            'privilege select on table public."on for" for "for it" is not one',
        "grant select on app.tasks to bob": "privilege select on table app.tasks for bob is not one",
        "grant select (label) on app.passes to task_auditor":
            "privilege select on table app.passes for task_auditor is not one",
        "grant update (title, version, user_id) on app.tasks to task_api":
            "privilege update on table app.tasks for task_api differs: columns",
        "grant delete on app.tasks to task_api with grant option":
            "privilege delete on table app.tasks for task_api differs: grantable",
        "grant truncate on app.passes to task_api": "privilege truncate on table app.passes for task_api",
        "grant references (user_id) on app.tasks to bob": "privilege references on table app.tasks for bob",
        "grant trigger on app.tasks to task_keeper": "privilege trigger on table app.tasks for task_keeper",
        "grant select on app.tasks to public": "privilege select on table app.tasks for public",
        "revoke select on app.task_counts from task_api":
            "privilege select on table app.task_counts for task_api is missing",
        "grant execute on function keeper.count_task() to public":
            "privilege execute on function keeper.count_task() for public",
        "revoke execute on function app.save_task from task_api":
            "privilege execute on function app.save_task",
        "grant usage on type app.tag to public": "privilege usage on type app.tag for public",
        "do $$ begin execute format('grant create on database %I to task_api', current_database()); end $$":
            "privilege create on database this for task_api",
        "do $$ begin execute format('grant temporary on database %I to public', current_database()); end $$":
            "privilege temporary on database this for public",
        "grant select on public.schema_migrations to task_api":
            "privilege select on table public.schema_migrations for task_api",
        "grant select on audit.roles to public": "privilege select on table audit.roles for public",
    },
    "privileges in PostgreSQL's own schemas": {
        "grant select on pg_catalog.pg_authid to task_auditor":
            "privilege select on table pg_authid for task_auditor",
        "grant select (rolpassword) on pg_catalog.pg_authid to task_api":
            "privilege select on table pg_authid for task_api",
        "grant select on pg_catalog.pg_statistic to task_api":
            "privilege select on table pg_statistic for task_api",
        "grant update on pg_catalog.pg_class to task_auditor":
            "privilege update on table pg_class for task_auditor",
        "grant execute on function pg_catalog.pg_read_file(text) to task_api":
            "privilege execute on function pg_read_file(text) for task_api",
        "grant execute on function pg_catalog.pg_ls_dir(text) to public":
            "privilege execute on function pg_ls_dir(text) for public",
        "grant select on pg_catalog.pg_user_mapping to task_api":
            "privilege select on table pg_user_mapping for task_api",
        "grant usage on language sql to task_owner": "privilege usage on language sql for task_owner",
        "grant create on tablespace pg_default to task_api":
            "privilege create on tablespace pg_default for task_api",
    },
    "replication": {
        "create publication everything for all tables":
            "publication everything is not one of those that Duly makes: all tables true",
        "create publication few for table app.tasks": "publication few is not one",
        "create publication whole for tables in schema app": "publication whole is not one",
        "create subscription theirs connection 'host=127.0.0.1' publication p with (connect = false, "
            "slot_name = none)":
            "subscription theirs is not one",
        "alter table app.tasks replica identity full": "table app.tasks differs: replica identity is full",
        "alter table app.passes replica identity nothing":
            "table app.passes differs: replica identity is nothing",
    },
    "foreign servers": {
        "create foreign data wrapper far": "foreign data wrapper far is not one",
        "create server elsewhere foreign data wrapper far": "foreign server elsewhere is not one",
        "create user mapping for public server elsewhere": "user mapping public on elsewhere is not one",
        "create user mapping for task_api server elsewhere": "user mapping task_api on elsewhere is not one",
        "create foreign table public.away (user_id text) server elsewhere":
            "foreign table public.away is not one",
        "grant usage on foreign server elsewhere to task_api":
            "privilege usage on foreign server elsewhere for task_api",
        "grant usage on foreign data wrapper far to task_owner":
            "privilege usage on foreign data wrapper far for task_owner",
    },
    "the database": {
        "create function public.watch() returns event_trigger language plpgsql as 'begin end'":
            "function public.watch()",
        "create event trigger watch on ddl_command_end execute function public.watch()":
            "event trigger watch is not one",
        "create event trigger quiet on sql_drop execute function public.watch(); alter event trigger quiet "
            "disable":
            "event trigger quiet is not one",
        "create language odd handler plpgsql_call_handler": "language odd is not one",
        "alter language plpgsql owner to task_owner": "",
        "update pg_language set lanpltrusted = true where lanname = 'c'":
            "language c differs: trusted is true",
        "drop extension pg_trgm cascade": "extension pg_trgm is missing",
        "alter extension unaccent add function app.user_id()": "its members is another",
        "alter function public.unaccent(text) security definer":
            "extension unaccent differs: functions to look at is",
        "create access method odd type table handler heap_tableam_handler": "access method odd is not one",
        "set local role task_api; select lo_create(0); reset role": "large objects of task_api is not one",
        "select lo_create(4711); grant select on large object 4711 to public":
            "privilege select on large object 4711 for public",
        "update pg_database set datistemplate = true where datname = current_database()":
            "database this differs: template is true",
        "create transform for integer language sql (from sql with function prsd_lextype(internal))": "",
    },
}
# fmt: on

# The first release that knows a statement, by how it begins.
SINCE = {
    "grant task_auditor to bob with inherit false": 16,
    "grant task_api to bob with set false": 16,
    "grant pg_maintain to bob": 17,
    "create event trigger entering": 17,
    "alter default privileges for role task_owner grant select on large objects": 18,
    "alter table app.tasks add constraint tasks_tags_count check (cardinality(tags) <= 50) not enforced": 18,
    "alter table app.tasks add constraint title_is_there": 18,
}
