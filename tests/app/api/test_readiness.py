"""GET /health/ready: 200, or 503 with every reason. Each fault is planted in a database of its own."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.api import health
from app.database.baseline import expected_functions
from app.main import create_app
from app.settings import Settings
from tests.conftest import SECRET
from tests.servers import Server
from tests.sql import Session


@contextmanager
def service(url: str, **more: Any) -> Iterator[TestClient]:
    """The application on another database, or as another role; it tells the reasons."""
    more = {"health_details": True, **more}
    with TestClient(
        create_app(Settings(database_url=url, jwt_secret=SECRET, **more)), raise_server_exceptions=False
    ) as http:
        yield http


def reasons_of(http: TestClient) -> list[str]:
    """Why the service is not ready; none where it is."""
    response = http.get("/health/ready")
    if response.status_code == 200:
        assert response.json()["status"] == "ready"
        return []
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["retry-after"]
    assert all(code in response.json()["detail"] for code in response.json()["codes"])
    return response.json()["reasons"]


def test_the_service_is_ready_as_task_api_after_the_migrations(http):
    assert reasons_of(http) == []


# What is planted, and what each reason must say: what is wrong, and what to do.
FAULTS = {
    "row-level security is off": (
        "alter table app.tasks disable row level security",
        ["app.tasks has no row-level security", "alter table app.tasks enable row level security"],
    ),
    "it is not forced": (
        "alter table app.task_counts no force row level security",
        [
            "app.task_counts does not force row-level security",
            "alter table app.task_counts force row level security",
        ],
    ),
    "a policy is missing": (
        "drop policy tasks_delete_own on app.tasks",
        [
            "app.tasks has no policy for delete, which task_api may do",
            "revoke delete on app.tasks from task_api",
        ],
    ),
    "a privilege has no policy": (
        "grant update on app.idempotency_keys to task_api",
        ["app.idempotency_keys has no policy for update", "revoke update"],
    ),
    "the only policy is restrictive": (
        "drop policy tasks_select_own on app.tasks;"
        "create policy tasks_select_own on app.tasks as restrictive for select to task_api "
        "using (user_id = (select app.user_id()))",
        ["app.tasks has no policy for select"],
    ),
    "a policy is for everybody": (
        "create policy everything on app.tasks for select to public using (true)",
        ["policy everything lets task_api see all rows in app.tasks", "create it anew"],
    ),
    "a policy writes for everybody": (
        "create policy everything on app.tasks for insert to task_api with check (true)",
        ["policy everything lets task_api write all rows in app.tasks"],
    ),
    "a new table in another schema": (
        "create schema elsewhere; create table elsewhere.notes (user_id text, note text);"
        "grant usage on schema elsewhere to task_api; grant select on elsewhere.notes to task_api",
        ["elsewhere.notes has no row-level security", "elsewhere.notes does not force"],
    ),
    "a new table in app, even without a user_id": (
        "create table app.settings (name text); grant insert on app.settings to task_api",
        ["app.settings has no row-level security"],
    ),
    "a partitioned table": (
        "create table app.notes (user_id text) partition by list (user_id); create table app.notes_a "
        "partition of app.notes default; grant select on app.notes, app.notes_a to task_api",
        ["app.notes has no row-level security", "app.notes_a has no row-level security"],
    ),
    "a materialized view of tasks": (
        "create materialized view app.copies as select user_id, title from app.tasks;"
        "grant select on app.copies to task_api",
        ["app.copies holds users' rows, but can't have row-level security"],
    ),
    "the role owns a table": (
        "alter table app.task_counts owner to task_api",
        ["role task_api owns table app.task_counts", "alter table app.task_counts owner to task_owner"],
    ),
    "a migration is pending": (
        "delete from public.schema_migrations where version = '0018'",
        ["migration 0018 is pending: run duly migrate (make migrate)"],
    ),
    "app.user_id is immutable": (
        "alter function app.user_id() immutable",
        ["function app.user_id() is not as it was made (volatility)"],
    ),
    "app.user_id is leakproof": (
        "alter function app.user_id() leakproof",
        ["function app.user_id() is not as it was made (leakproof)"],
    ),
    "app.user_id says another": (
        "create or replace function app.user_id() returns text language sql stable parallel safe "
        "return coalesce(current_setting('app.user_id', true), 'alice')",
        ["function app.user_id() is not as it was made (words)"],
    ),
    "app.require_user_id says another": (
        "create or replace function app.require_user_id() returns text language plpgsql stable parallel safe "
        "set search_path = '' as $$ begin return 'alice'; end $$",
        ["function app.require_user_id() is not as it was made (body)"],
    ),
    "the setting of the user is read once for each plan": (
        "alter function pg_catalog.current_setting(text, boolean) immutable",
        ["function current_setting(text,boolean) is not as it was made (volatility): make audit says"],
    ),
    "the comparison of users says another": (
        "create or replace function pg_catalog.texteq(text, text) returns boolean language sql immutable "
        "strict leakproof parallel safe as 'select true'",
        ["function texteq(text,text) is not as it was made (body)"],
    ),
    "the setting of the user has settings of its own": (
        "alter function pg_catalog.current_setting(text, boolean) set work_mem = '1MB'",
        ["function current_setting(text,boolean) is not as it was made (settings)"],
    ),
    "the finder runs as its caller": (
        "alter function finder.find_tasks security invoker",
        ["function finder.find_tasks(text,text[],boolean,boolean) is not as it was made (security)"],
    ),
    "the finder belongs to another role": (
        "alter function finder.find_tasks owner to task_owner",
        ["is not as it was made (owner)"],
    ),
    "the finder has no path": (
        "alter function finder.find_tasks reset search_path",
        ["is not as it was made (settings)"],
    ),
    "a check of readiness says nothing": (
        "create or replace function audit.find_setting_faults() returns setof text language sql stable "
        "set search_path = '' as $$ select '' where false $$",
        ["function audit.find_setting_faults() is not as it was made (body)"],
    ),
    "an api function is missing": (
        "drop function api.delete_task",
        ["function api.delete_task(uuid,text,text) is missing: run duly migrate (make migrate)"],
    ),
    "an api function may not be executed": (
        "revoke execute on function api.toggle_task from task_api",
        ["task_api may not execute function api.toggle_task("],
    ),
    "nothing was migrated": (
        "drop schema api cascade",
        ["migrations are pending: run duly migrate (make migrate)"],
    ),
    "the function may not be called": (
        "revoke execute on function api.check_readiness(jsonb, jsonb) from task_api",
        ["may not call api functions: connect as task_api"],
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_service_is_not_ready_when(fault, server: Server, new_database: Callable[[], str]):
    plant, expected = FAULTS[fault]
    database = new_database()
    with service(server.service_url(database)) as http:
        assert reasons_of(http) == []
        session = Session(server.superuser_url(database))
        session.execute(plant)
        session.close()
        # Proof all along, not at the start alone; and over the very connection that was good before.
        reasons = reasons_of(http)
        for words in expected:
            assert any(words in reason for reason in reasons), reasons


def test_readiness_compares_each_function_that_it_consists_of(as_user):
    query = (
        "select oid::regprocedure::text from pg_proc where pronamespace = 'audit'::regnamespace"
        " and has_function_privilege(oid, 'execute')"
    )
    expected = expected_functions()
    mine = as_user(None).column(query)
    assert "audit.describe_rows(pg_node_tree,oid)" in mine
    assert [name for name in mine if not expected[name]] == []


def test_the_service_is_not_ready_as_a_superuser(server, database):
    with service(server.superuser_url(database)) as http:
        reasons = " ".join(reasons_of(http))
        assert "is a superuser, and no policy applies to it: connect as task_api" in reasons
        assert "has BYPASSRLS" in reasons


def test_the_service_is_not_ready_as_the_owners_member(server, database):
    with service(server.owner_url(database)) as http:
        assert any("owner" in reason or "may not call" in reason for reason in reasons_of(http))


def test_a_table_that_the_service_cannot_reach_is_not_its_matter(server, new_database):
    database = new_database()
    server.execute("create table app.notes (user_id text)", database)
    with service(server.service_url(database)) as http:
        assert reasons_of(http) == []


# Of a database, since a role is the whole server's; for settings that the service does not bring itself.
SETTINGS = {
    "session_replication_role = replica": "session_replication_role is 'replica': it must be origin",
    "default_transaction_read_only = on": "default_transaction_read_only is 'on': it must be off",
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_service_is_not_ready_with_this_setting(setting, server, new_database):
    database = new_database()
    session = Session(server.superuser_url(database))
    session.execute(f"alter database {database} set {setting}")
    session.close()
    with service(server.service_url(database)) as http:
        assert SETTINGS[setting] in reasons_of(http)


SESSION = {
    "row_security = off": "row_security is 'off': it must be on",
    "datestyle = 'German'": "DateStyle is 'German, DMY': it must be ISO",
    "timezone = 'Asia/Tokyo'": "TimeZone is 'Asia/Tokyo': it must be UTC",
    "intervalstyle = 'iso_8601'": "IntervalStyle is 'iso_8601': it must be postgres",
    "statement_timeout = 0": "statement_timeout is 0: alter role task_api set statement_timeout = '5s'",
    "lock_timeout = '2h'": "lock_timeout is 2h: alter role task_api set lock_timeout = '2s'",
    "idle_in_transaction_session_timeout = 0": "idle_in_transaction_session_timeout is 0",
}


@pytest.mark.parametrize("setting", SESSION)
def test_a_setting_of_the_session_is_a_reason(setting, as_user):
    session = as_user(None)
    session.execute("set timezone = 'UTC'")
    assert session.column("select audit.find_setting_faults()") == []
    session.execute(f"set {setting}")
    reasons = session.column("select audit.find_setting_faults()")
    assert any(SESSION[setting] in reason for reason in reasons), reasons


def test_the_service_brings_settings_that_the_role_cannot_change(server, new_database):
    database = new_database()
    for setting in ("row_security = off", "datestyle = 'German'", "intervalstyle = 'iso_8601'"):
        server.execute(f"alter role task_api in database {database} set {setting}", database)
    with service(server.service_url(database)) as http:
        assert reasons_of(http) == []


def test_anybody_reads_codes_and_the_log_reads_the_reasons_once(server, new_database, caplog):
    database = new_database()
    server.execute("alter table app.tasks disable row level security", database)
    server.execute("alter function app.user_id() immutable", database)
    with service(server.service_url(database), health_details=False) as http:
        response = http.get("/health/ready")
        http.get("/health/ready")
        assert response.json()["codes"] == ["functions", "isolation"]
        assert response.json()["detail"] == "Not ready: functions, isolation"
        for word in ("tasks", "user_id", "task_api", "policy", "reasons"):
            assert word not in response.text
    told = [record.getMessage() for record in caplog.records if record.name == "duly.health"]
    assert len(told) == 2
    assert any("alter table app.tasks enable row level security" in line for line in told)


def wait_for(words: str, caplog: pytest.LogCaptureFixture) -> None:
    """Until the log of readiness has the words."""
    deadline = time.monotonic() + 20
    while not any(words in record.getMessage() for record in caplog.records if record.name == "duly.health"):
        assert time.monotonic() < deadline, caplog.text
        time.sleep(0.02)


def test_the_log_says_at_the_start_why_the_service_is_not_ready(server, new_database, caplog):
    database = new_database()
    server.execute("alter table app.tasks no force row level security", database)
    with service(server.service_url(database)) as http:
        # Nobody asks for /health/ready.
        wait_for("Not ready: table app.tasks does not force row-level security", caplog)
        assert http.get("/health").status_code == 200


def test_a_database_that_comes_later_is_proved_when_it_comes(server, template, caplog, monkeypatch):
    monkeypatch.setattr(health, "_PAUSE", 0.05)
    database = f"duly_late_{os.getpid()}"
    with service(server.service_url(database)) as http:
        assert http.get("/health/ready").json()["codes"] == ["login-refused"]
        server.create_database(f"{database}_new", template)
        server.execute("alter function app.user_id() immutable", f"{database}_new")
        server.execute(f"alter database {database}_new rename to {database}")
        try:
            wait_for("Not ready: function app.user_id() is not as it was made (volatility)", caplog)
        finally:
            server.execute(f"drop database {database} with (force)")


ROLES = {
    "alter role task_api bypassrls": "role task_api has BYPASSRLS: alter role task_api nobypassrls",
    "alter role task_api superuser": "role task_api is a superuser",
    "grant task_owner to task_api": "role task_api owns table app.tasks, or is a member of its owner",
    "create role walks_past bypassrls; grant walks_past to task_api": (
        "role task_api may become walks_past, and no policy applies to that: revoke walks_past from task_api"
    ),
}


@pytest.mark.parametrize("plant", ROLES)
def test_a_role_that_could_walk_past_is_a_reason(plant, server, database):
    # Roles are the whole server's, so these are planted in a transaction that nobody else sees.
    session = Session(server.superuser_url(database))
    session.execute(f"begin; {plant}")
    reasons = session.column("select audit.find_isolation_faults('task_api')")
    session.execute("rollback")
    session.close()
    assert any(ROLES[plant] in reason for reason in reasons), reasons


def test_who_logged_in_counts_even_where_the_role_was_changed(as_superuser):
    as_superuser.execute("begin; set local role task_api")
    reasons = json.loads(
        as_superuser.value("select api.check_readiness(migrations => '[]', functions => '{}')")
    )
    as_superuser.execute("rollback")
    assert any("is a superuser" in entry["reason"] for entry in reasons)


def test_no_policy_may_be_missing_for_a_role_that_inherits_it(server, database):
    session = Session(server.superuser_url(database))
    session.execute("begin; create role duly_service login in role task_api")
    assert session.column("select audit.find_isolation_faults('duly_service')") == []
    session.execute("rollback")
    session.close()


def test_the_service_is_not_ready_without_a_database():
    with service("postgresql://task_api@127.0.0.1:1/duly", database_timeout=1) as http:
        (reason,) = reasons_of(http)
        assert reason.startswith("the database can't be reached: ")
        assert http.get("/health").status_code == 200


def test_the_service_is_not_ready_on_a_database_that_is_not_there(server):
    with service(server.service_url("no_such_database")) as http:
        (reason,) = reasons_of(http)
        assert "look at the role, the password and the database in DATABASE_URL" in reason


def test_no_reason_is_kept_from_the_answer_before(server, new_database):
    database = new_database()
    with service(server.service_url(database)) as http:
        server.execute("alter table app.tasks no force row level security", database)
        assert len(reasons_of(http)) == 1
        server.execute("alter table app.tasks force row level security", database)
        assert reasons_of(http) == []
