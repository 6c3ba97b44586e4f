"""Without a user there is nothing; with one, task_api is held to that user's rows and to the functions
that it is for.
"""

import asyncpg
import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.client import Client, make_token
from tests.conftest import SECRET
from tests.sql import Session

TABLES = (
    "app.tasks",
    "app.task_counts",
    "app.idempotency_keys",
    "app.passes",
    "app.webhooks",
    "app.deliveries",
)
Refused = asyncpg.InsufficientPrivilegeError


@pytest.fixture
def task(client, alice):
    """A task of alice's, and an answer that is kept for her."""
    return client(alice).post("/tasks", {"title": "Hers"}, headers={"Idempotency-Key": "key"}).json()


# How a connection can come to have no user. The last one was alice's a moment ago.
NO_USER = {
    "a fresh connection": [],
    "an empty user": ["select set_config('app.user_id', '', false)"],
    "the setting is reset": ["select set_config('app.user_id', $1, false)", "reset app.user_id"],
    "the connection is reset": ["select set_config('app.user_id', $1, false)", "reset all"],
    "the connection is discarded": ["select set_config('app.user_id', $1, false)", "discard all"],
    "the transaction is over": ["begin", "select set_config('app.user_id', $1, true)", "commit"],
    "the transaction was rolled back": ["begin", "select set_config('app.user_id', $1, false)", "rollback"],
    "the statement is over": [
        "with request as materialized (select set_config('app.user_id', $1, true))"
        " select api.list_tasks('{}', '/tasks?', 'key', null) from request"
    ],
}


@pytest.mark.parametrize("how", NO_USER)
def test_without_a_user_nothing_is_seen_and_nothing_is_written(how, as_user, alice, task):
    session = as_user(None)
    for statement in NO_USER[how]:
        session.value(statement, *([alice] if "$1" in statement else []))
    for table in TABLES:
        assert session.value(f"select count(*) from {table}") == 0
    with pytest.raises(Refused, match="permission denied"):
        session.value("select count(*) from app.search_entries")
    assert session.execute("update app.tasks set title = 'changed'") == "UPDATE 0"
    assert session.execute("delete from app.tasks") == "DELETE 0"
    assert session.execute("delete from app.idempotency_keys") == "DELETE 0"
    with pytest.raises(asyncpg.PostgresError):
        session.execute("insert into app.tasks (title) values ('nobody''s')")
    with pytest.raises(Refused, match="row-level security"):
        session.execute(
            "insert into app.idempotency_keys (key, request, status, headers, body) "
            "values ('', '', 200, '{}', '')"
        )
    assert session.value("select app.user_id()") is None


# These read no row of a user (the catalog alone, or whose pass has a digest), or are told whose number to
# read.
NO_ROWS = {"api.check_readiness", "api.describe_tasks", "api.open_pass", "api.watch_changes"}
# These are for task_worker alone: see test_worker.
OF_THE_WORKER = {
    "api.find_work",
    "api.measure_work",
    "api.fire_reminder",
    "api.take_delivery",
    "api.finish_delivery",
    "api.check_worker",
}


def test_without_a_user_every_api_function_refuses(as_user, as_superuser, task):
    session = as_user(None)
    functions = as_superuser.rows(
        "select oid::regproc::text as name, (select array_agg(format_type(t, null)) "
        "from unnest(proargtypes) as t) as types"
        " from pg_proc where pronamespace = 'api'::regnamespace"
    )
    for function in functions:
        arguments = ", ".join(f"null::{type_}" for type_ in function["types"] or [])
        if function["name"] in NO_ROWS:
            session.value(f"select {function['name']}({arguments})")
            continue
        with pytest.raises(asyncpg.PostgresError) as refusal:
            session.value(f"select {function['name']}({arguments})")
        others = OF_THE_WORKER | {"api.forget_user"}
        expected = "42501" if function["name"] in others else "DT401"
        assert refusal.value.sqlstate == expected, function["name"]
    assert {function["name"] for function in functions} > NO_ROWS | OF_THE_WORKER


def test_a_connection_that_someone_else_used_a_moment_ago_shows_nothing(server, database, alice, bob, task):
    # One connection for everybody, over HTTP, and what the pool gave back is looked at by its own next user.
    with TestClient(
        create_app(Settings(database_url=server.service_url(database), jwt_secret=SECRET, pool_size=1))
    ) as http:
        hers, his = (Client(http, make_token(user, SECRET)) for user in (alice, bob))
        for _ in range(3):
            assert hers.page()["total"] == 1
            assert his.page() == his.page(q="Hers") | {"next_cursor": None} == {
                "items": [], "total": 0, "limit": 50, "offset": 0, "next_cursor": None,
            }  # fmt: skip
            assert his.get(f"/tasks/{task['id']}").status_code == 404


def test_a_user_is_what_it_is_to_the_letter(as_user, alice, task):
    others = [
        alice.upper(),
        f" {alice}",
        f"{alice} ",
        alice + "\u200b",
        alice.replace("a", "\u0430"),
        f"{alice}%",
        "%",
        "_",
        "*",
    ]
    for other in others:
        assert as_user(other).value("select count(*) from app.tasks") == 0
    assert as_user(alice).value("select count(*) from app.tasks") == 1


# What task_api may not do, with a user set. All of it is refused for want of a privilege, and not for another
# reason.
REFUSED = [
    "insert into app.tasks (user_id, title) values ('bob', 'his')",
    "insert into app.tasks (user_id, title) values (app.user_id(), 'her own, but not by the default')",
    "update app.tasks set user_id = 'bob'",
    "update app.tasks set user_id = user_id",
    "update app.tasks set id = gen_random_uuid()",
    "update app.tasks set created_at = now()",
    "update app.tasks set predecessor_id = null",
    "truncate app.tasks",
    "insert into app.task_counts (user_id, open_high) values (app.user_id(), 5)",
    "update app.task_counts set open_high = 5",
    "update app.task_counts set version = 5",
    "insert into app.deleted_tasks (user_id, version, id) values (app.user_id(), 1, gen_random_uuid())",
    "delete from app.deleted_tasks",
    "delete from app.task_counts",
    "insert into app.idempotency_keys (user_id, key, request, status, headers, body) "
    "values ('bob', '', '', 200, '{}', '')",
    "update app.idempotency_keys set body = ''",
    "select digest from app.passes",
    "select * from app.passes",
    "select passes from app.passes",
    "select count(*) from app.passes where digest = ''",
    "insert into app.passes (user_id, label, scope, digest, expires_at) values ('bob', '', '', '', now())",
    "insert into app.passes (id, label, scope, digest, expires_at) values (default, '', '', '', now())",
    "insert into app.passes (label, scope, digest, expires_at) values ('', '', '', now()) returning digest",
    "update app.passes set scope = 'tasks:write'",
    "update app.passes set expires_at = now()",
    "update app.passes set digest = ''",
    "update app.passes set user_id = 'bob'",
    "delete from app.passes where digest = ''",
    "truncate app.passes",
    "select api.find_work(1)",
    "select api.fire_reminder(gen_random_uuid(), 1)",
    "select api.take_delivery(gen_random_uuid(), 1, gen_random_uuid())",
    "select api.finish_delivery(gen_random_uuid(), 1, 200, null, null)",
    "select * from porter.find_due(1)",
    "select * from porter.measure_queue()",
    "select count(*) from app.reminders",
    "delete from app.reminders",
    "insert into app.reminders (user_id, id, remind_at) values (app.user_id(), gen_random_uuid(), now())",
    "insert into app.webhooks (user_id, url, events) values ('bob', 'https://localhost', '{task.created}')",
    "update app.webhooks set user_id = 'bob'",
    "update app.deliveries set payload = '{}'",
    "update app.deliveries set webhook_id = gen_random_uuid()",
    "delete from app.deliveries",
    "truncate app.webhooks, app.deliveries, app.reminders",
    "set role task_worker",
    # What is searched, not even one's own.
    "select keys from app.search_entries where user_id = app.user_id()",
    "select count(*) from app.search_entries",
    "insert into app.search_entries (user_id, id, keys) values (app.user_id(), gen_random_uuid(), '')",
    "update app.search_entries set keys = ''",
    "update app.search_entries set user_id = app.user_id()",
    "delete from app.search_entries",
    "truncate app.search_entries",
    "create policy evil on app.search_entries using (true)",
    "alter table app.tasks disable trigger tasks_keep_search_entry",
    "drop trigger tasks_keep_search_entry on app.tasks",
    "select * from public.schema_migrations",
    "select * from audit.faults",
    "select * from pg_authid",
    # No DDL.
    "create table app.notes (id uuid)",
    "create table api.notes (id uuid)",
    "create table public.notes (id uuid)",
    "create temporary table notes (id uuid)",
    "create temporary view notes as select 1",
    "create view app.notes as select * from app.tasks",
    "create function app.user_id(text) returns text language sql as 'select $1'",
    "create function public.evil() returns text language sql as 'select 1'",
    "create schema notes",
    "create extension dblink",
    "create role evil",
    "create trigger evil before insert on app.tasks for each row execute function app.number_task()",
    "create policy evil on app.tasks using (true)",
    "create publication evil for table app.tasks",
    "create event trigger evil on ddl_command_start execute function app.number_task()",
    "alter table app.tasks disable row level security",
    "alter table app.tasks no force row level security",
    "alter table app.tasks owner to task_api",
    "alter policy tasks_select_own on app.tasks using (true)",
    "alter function app.user_id() security definer",
    "alter role task_api bypassrls",
    "alter database postgres set app.user_id = 'alice'",
    "drop policy tasks_select_own on app.tasks",
    "drop table app.tasks",
    "create index evil on app.tasks (title)",
    "comment on table app.tasks is 'mine'",
    "select * from pg_statistic",
    "select * from pg_user_mapping",
    # No other role.
    "set role task_owner",
    "set role task_finder",
    "set role task_keeper",
    "set role task_porter",
    "set role task_auditor",
    "set role postgres",
    "select set_config('role', 'task_owner', false)",
    "set session authorization postgres",
    "set session_replication_role = replica",
    # No files and no programs.
    "copy app.tasks to '/tmp/tasks'",
    "copy app.tasks (title) from '/etc/passwd'",
    "copy app.tasks to program 'cat'",
    "copy (select 1) to program 'id'",
    "select pg_read_file('/etc/passwd')",
    "select pg_ls_dir('/')",
    "select lo_import('/etc/passwd')",
    "select lo_export(1, '/tmp/x')",
    # No function that is not meant for it.
    "select keeper.count_change('bob', null, null)",
    "select keeper.count_task()",
    "select keeper.keep_search_entry()",
    "select pg_reload_conf()",
    "select pg_stat_reset()",
    "select pg_create_logical_replication_slot('evil', 'pgoutput')",
]


@pytest.mark.parametrize("statement", REFUSED)
def test_task_api_may_not(statement, as_user, alice, task):
    session = as_user(alice)
    with pytest.raises(asyncpg.PostgresError) as refusal:
        session.execute(statement)
    assert refusal.value.sqlstate in ALLOWED_CODES.get(statement, {"42501"}), refusal.value


# Refused, but PostgreSQL says it in another way: there is no such role or file, or RLS does not go with it,
# or it is a trigger's function.
ALLOWED_CODES = {
    "alter database postgres set app.user_id = 'alice'": {"42501", "3D000"},
    "set role postgres": {"42501", "22023"},
    "set session authorization postgres": {"42501", "22023"},
    "select keeper.count_task()": {"42501", "0A000"},
    "select keeper.keep_search_entry()": {"42501", "0A000"},
}


def test_task_api_cannot_load_with_copy(server, database, alice):
    # "COPY FROM not supported with row-level security": refused, whatever the columns.
    session = Session(server.service_url(database))
    session.value("select set_config('app.user_id', $1, false)", alice)
    with pytest.raises(asyncpg.FeatureNotSupportedError, match="row-level security"):
        session.execute("copy app.tasks (title) from stdin")
    session.close()


def test_row_security_off_shows_an_error_and_no_row(as_user, alice, task):
    session = as_user(alice)
    session.execute("set row_security = off")
    with pytest.raises(Refused, match="row-level security"):
        session.value("select count(*) from app.tasks")


def test_a_function_of_ones_own_does_not_see_rows_before_the_policy(as_user, alice, bob, task, client):
    # A cheap, leaky condition would be shown every row if the policy did not come first. 1/0 tells if it was.
    client(bob).create(title="divide by zero")
    assert (
        as_user(alice).value(
            "select count(*) from app.tasks where 1 / (case title when 'Hers' then 1 else 0 end) = 1"
        )
        == 1
    )


def test_a_unique_violation_does_not_tell_of_another_users_row(as_user, bob, task):
    session = as_user(bob)
    assert (
        session.execute(f"insert into app.tasks (id, title) values ('{task['id']}', 'His')") == "INSERT 0 1"
    )
    assert session.execute(
        "insert into app.idempotency_keys (key, request, status, headers, body) "
        "values ('key', '', 1, '{}', '')"
    )


def test_on_conflict_does_not_reach_another_users_row(as_user, alice, bob, task):
    session = as_user(bob)
    session.execute(
        f"insert into app.tasks (id, title) values ('{task['id']}', 'His') "
        "on conflict (user_id, id) do update set title = 'His again'"
    )
    assert as_user(alice).column("select title from app.tasks") == ["Hers"]


def test_the_timeouts_hold_for_task_api_and_the_auditor(as_user, as_superuser):
    session = as_user(None)
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    assert [session.value("select current_setting($1)", name) for name in names] == ["5s", "2s", "10s"]
    settings = dict(
        as_superuser.rows(
            "select name, value from audit.role_settings where role_oid = 'task_auditor'::regrole"
        )  # type: ignore[arg-type]
    )
    assert settings.keys() >= {*names, "default_transaction_read_only"}


def test_what_task_api_may_execute_is_known(as_user):
    """An exact list, so that no function appears unnoticed. A new one: add it here, or revoke it."""
    session = as_user(None)
    mine = set(session.column(
        "select nspname || '.' || proname from pg_proc join pg_namespace on pg_namespace.oid = pronamespace"
        " where nspname in ('api', 'audit', 'finder', 'keeper', 'porter') "
            "and has_function_privilege(pg_proc.oid, 'execute')"
    ))  # fmt: skip
    assert mine == {
        "api.change_tasks", "api.check_readiness", "api.create_task", "api.delete_task", "api.describe_tasks",
        "api.find_batch_faults", "api.find_task_faults", "api.get_series",
        "api.get_task", "api.list_changes", "api.list_tasks", "api.read_series", "api.take_token",
        "api.toggle_task", "api.update_task", "api.watch_changes",
        "api.create_webhook", "api.delete_webhook", "api.get_webhook", "api.list_deliveries",
        "api.list_webhooks", "api.retry_deliveries", "api.rotate_secret", "api.test_webhook",
        "api.update_webhook",
        "api.create_pass", "api.delete_pass", "api.list_passes", "api.open_pass", "api.use_pass",
        # Whether row-level security is in force: for api.check_readiness.
        "audit.describe_rows", "audit.digest_words", "audit.find_function_faults",
        "audit.find_isolation_faults", "audit.find_policy_faults", "audit.find_role_faults",
        "audit.find_setting_faults", "audit.find_table_faults", "audit.is_guarded", "audit.list_user_tables",
        "keeper.list_migrations",
        # To use the search index; the user's own numbers; the user of a pass.
        "finder.find_tasks", "keeper.take_number", "porter.open_pass",
    }  # fmt: skip


def test_task_api_can_grant_nothing_of_what_it_has(as_user, as_superuser):
    # PostgreSQL warns, and does nothing.
    as_user(None).execute(
        "grant select on app.tasks to public; grant execute on function app.user_id() to public"
    )
    assert as_superuser.column("select fault from audit.faults") == []


@pytest.mark.parametrize("role", ["task_auditor", "task_api", "task_worker"])
def test_a_role_that_logs_in_owns_nothing(role, as_superuser):
    # Of this database, and of the whole server: databases, tablespaces.
    query = (
        "select pg_describe_object(classid, objid, objsubid) from pg_shdepend"
        f" where refobjid = '{role}'::regrole and deptype = 'o' and dbid in"
        " (0, (select oid from pg_database where datname = current_database()))"
    )
    assert as_superuser.column(query) == []
    as_superuser.execute(f"begin; create table public.mine (x text); alter table public.mine owner to {role}")
    assert as_superuser.column(query) == ["table mine"]
    as_superuser.execute("rollback")


def test_task_auditor_can_drop_nothing_of_the_audit(server, database):
    session = Session(server.superuser_url(database))
    for statement in (
        "drop view audit.faults",
        "create or replace view audit.faults as select 1",
        "drop function audit.compare",
        "drop function keeper.list_migrations",
        "create table audit.mine (x text)",
        "comment on view audit.faults is ''",
    ):
        session.execute("begin; set local role task_auditor; set local default_transaction_read_only = off")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            session.execute(statement)
        session.execute("rollback")
    session.close()
