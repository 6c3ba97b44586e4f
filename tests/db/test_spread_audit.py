"""The audit and readiness of a database that has db/citus/spread.sql: nothing is off; each fault is found."""

import asyncio
import json
import subprocess

import asyncpg
import pytest
from starlette.testclient import TestClient

from app.database.baseline import expected_functions, read_spread_baseline, worker_functions
from app.database.calls import Database
from app.dev import postgres
from app.dev.audit import audit
from app.dev.baseline import write_spread_baseline
from app.dev.project import ROOT
from app.dev.spread import spread as apply_spread
from app.main import create_app
from app.settings import Settings
from app.worker.worker import check_role
from tests.client import SECRET
from tests.sql import Session

AUDIT = ROOT / "db" / "audit"


@pytest.fixture(scope="module")
def spread(server, new_database) -> str:
    """The name of a database that has the file."""
    name = new_database()
    apply_spread(server.superuser_url(name), plain=True)
    return name


@pytest.fixture(scope="module")
def connection(server, spread):
    """One for all tests: it plans the queries of the audit once."""
    session = Session(server.superuser_url(spread))
    yield session
    session.close()


@pytest.fixture
def session(connection):
    """As the superuser, in a transaction that is rolled back."""
    connection.execute("begin")
    yield connection
    connection.execute("rollback")


def review(session):
    """What the audit finds, as task_auditor: its severity, its sentence and its remedy."""
    session.execute("set local role task_auditor; set local search_path = ''")
    found = session.rows("select * from audit.review($1, '[]')", json.dumps(read_spread_baseline()))
    session.execute("reset role; set local search_path = default")
    return [(row["severity"], row["fault"], row["remedy"]) for row in found]


def reasons(session, role="task_api"):
    """Why the service is not ready, or the worker does not start."""
    session.execute(f"set local role {role}")
    if role == "task_worker":
        found = session.value(
            "select spread.check_worker('', false, $1::jsonb)", json.dumps(worker_functions())
        )
        told = json.loads(found)
    else:
        found = session.value(
            "select spread.check_readiness('', false, '[]', $1::jsonb)", json.dumps(expected_functions())
        )
        told = [entry["reason"] for entry in json.loads(found)]
    session.execute("reset role")
    return told


def test_the_report_and_the_matrix_find_nothing_off(server, spread, tmp_path, capfd):
    status = audit(server.owner_url(spread), page=tmp_path / "audit.html")
    output = capfd.readouterr().out
    assert status == 0, output
    assert "Nothing is off." in output
    assert "Every attempt ended as it should." in output
    tried = json.loads((tmp_path / "audit.json").read_text())["matrix"]
    outcomes = {
        (attempt["role"], attempt["table"], attempt["command"], attempt["whose"]): attempt["outcome"]
        for attempt in tried
    }
    assert outcomes["task_api", "app.tasks", "insert with user_id", "own row"] == "done"
    assert outcomes["task_api", "app.tasks", "insert with user_id", "another's row"] == (
        "refused by the trigger"
    )
    assert outcomes["task_worker", "app.tasks", "select", "no user"] == "refused (no user)"


def test_the_service_and_the_worker_are_ready(server, spread):
    settings = Settings(database_url=server.service_url(spread), jwt_secret=SECRET)
    with TestClient(create_app(settings)) as http:
        assert http.get("/health/ready").json()["status"] == "ready"

    async def start():
        async with Database(Settings(database_url=server.worker_url(spread), jwt_secret=SECRET)) as database:
            await check_role(database)

    asyncio.run(start())


def test_the_baseline_is_what_make_schema_writes(server, spread, tmp_path):
    if int(server.execute("show server_version_num")) < 180000:
        pytest.skip("the baseline is written by PostgreSQL 18")
    write_spread_baseline(server.owner_url(spread), tmp_path / "spread.sql", AUDIT / "baseline.sql")
    assert (tmp_path / "spread.sql").read_text() == (AUDIT / "spread.sql").read_text(), "run make schema"


def test_another_cluster_has_another_epoch(session):
    session.execute("create or replace function spread.epoch() returns text language sql immutable "
                    "parallel safe return '0123abcd'")  # fmt: skip
    assert review(session) == []
    session.execute("create or replace function spread.epoch() returns text language sql immutable "
                    "parallel safe return lower('0123abcd')")  # fmt: skip
    ((severity, sentence, remedy),) = review(session)
    assert (severity, sentence) == ("critical", "function spread.epoch() differs: its body is another")
    assert "make spread" in remedy


GET = "spread.get_task(text, boolean, uuid, text)"
# What is planted: its severity, what the audit says, and its remedy.
FAULTS = {
    "drop function spread.get_task": (
        "high", "function spread.get_task(text,boolean,uuid,text) is missing", "make spread"),
    f"alter function {GET} security definer": (
        "critical", "get_task(text,boolean,uuid,text) differs: security is definer", "security invoker"),
    f"grant execute on function {GET} to public": (
        "critical", "privilege execute on function spread.get_task(text,boolean,uuid,text) for public",
        "revoke execute"),
    f"revoke execute on function {GET} from task_api": (
        "medium", "privilege execute on function spread.get_task(text,boolean,uuid,text) for task_api is "
        "missing", "grant execute"),
    "create or replace function spread.get_task(caller text, read_only boolean, id uuid, if_none_match text, "
    "out status integer, out headers text[], out response text) language plpgsql set search_path = '' "
    "as $$ begin perform set_config('app.user_id', 'bob', true); end $$": (
        "critical", "get_task(text,boolean,uuid,text) differs: its body is another", "make spread"),
    "create function spread.more() returns text language sql return 'x'": (
        "critical", "function spread.more() is not one of those", "drop routine spread.more()"),
    "create table spread.notes (user_id text)": (
        "critical", "table spread.notes has no policy at all", "drop spread.notes"),
    "grant create on schema spread to task_api": (
        "critical", "privilege create on schema spread for task_api", "revoke create"),
    "drop trigger refuse_other_users on app.tasks": (
        "critical", "trigger refuse_other_users on app.tasks is missing", "make spread"),
    "alter table app.tasks disable trigger refuse_other_users": (
        "critical", "table app.tasks has no trigger that refuses rows of other users", "make spread"),
    "drop trigger refuse_other_users on app.passes;"
    "create trigger refuse_other_users before insert on app.passes for each row "
    "when (current_user = 'nobody') execute function app.refuse_other_users()": (
        "critical", "trigger refuse_other_users on app.passes differs", "make spread"),
    "alter policy tasks_select_own on app.tasks using (user_id = (select app.user_id()))": (
        "critical", "policy tasks_select_own on app.tasks differs", "app.present_user()"),
    "alter table app.token_buckets set unlogged": (
        "critical", "table app.token_buckets differs: unlogged is true", "set logged"),
    "create trigger tasks_forget after truncate on app.tasks "
    "for each statement execute function keeper.forget_tasks()": (
        "critical", "trigger tasks_forget on app.tasks is not one of those", "drop trigger tasks_forget"),
    "alter function api.list_tasks set plan_cache_mode = force_generic_plan": (
        "high", "api.list_tasks(jsonb,text,text,text) differs: settings", "reset all"),
    "grant insert (series_index) on app.tasks to task_worker": (
        "critical", "privilege insert on table app.tasks for task_worker is not one", "revoke insert"),
    "revoke insert (user_id) on app.tasks from task_api": (
        "critical", "privilege insert on table app.tasks for task_api differs", "grant insert"),
    "grant update (user_id) on app.tasks to task_api": (
        "high", "task_api may update user_id in app.tasks itself", "revoke update"),
    "drop function porter.find_versions": (
        "high", "function porter.find_versions(text[]) is missing", "make spread"),
    "alter role task_porter login": (
        "critical", "role task_porter has the attribute login", "nologin"),
}  # fmt: skip


@pytest.mark.parametrize("statement", FAULTS)
def test_each_planted_fault_is_found_with_its_remedy(statement, session):
    session.execute(statement)
    severity, sentence, remedy = FAULTS[statement]
    found = review(session)
    assert any(
        (told[0], sentence in told[1], remedy in told[2]) == (severity, True, True) for told in found
    ), found
    assert not any("release" in told[1] for told in found)


NOT_READY = {
    "drop function spread.get_task": "spread.get_task(text,boolean,uuid,text) is missing: run make spread",
    f"revoke execute on function {GET} from task_api": "task_api may not execute function spread.get_task",
    "alter function porter.find_versions security invoker":
        "porter.find_versions(text[]) is not as it was made (security): run make spread",
    "alter function app.refuse_other_users() security definer":
        "app.refuse_other_users() is not as it was made (security)",
    "drop trigger refuse_other_users on app.tasks":
        "table app.tasks has no trigger that refuses rows of other users, which task_api may insert: "
        "run make spread",
}  # fmt: skip


@pytest.mark.parametrize("statement", NOT_READY)
def test_the_service_is_not_ready_without_a_part_of_the_file(statement, session):
    session.execute(statement)
    assert any(NOT_READY[statement] in reason for reason in reasons(session))


def test_the_worker_does_not_start_without_a_twin(session):
    session.execute("drop function spread.find_work")
    assert reasons(session, "task_worker") == [
        "function spread.find_work(text,boolean,integer) is missing: run make spread"
    ]


def test_a_second_login_of_the_service_is_held_by_the_trigger(session, alice, bob):
    """As for the rotation of the password."""
    session.execute("create role task_api_2 login in role task_api")
    session.execute(f"set local role task_api_2; set local app.user_id = '{alice}'")
    session.execute(f"insert into app.tasks (user_id, title) values ('{alice}', 'x')")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="a row of another user"):
        session.execute(f"insert into app.tasks (user_id, title) values ('{bob}', 'x')")


def test_an_empty_schema_hides_nothing(server, new_database):
    """The report takes it for a spread database, and much is missing."""
    session = Session(server.superuser_url(new_database()))
    session.execute("begin; create schema spread; alter policy tasks_select_own on app.tasks using (true)")
    found = review(session)
    assert len([told for told in found if told[1].startswith("function spread.")]) > 30
    assert any(told[:2] == ("critical", "schema spread differs: owner is the first superuser instead of "
                            "task_owner") for told in found)  # fmt: skip
    assert any("policy tasks_select_own on app.tasks differs: using is true" in told[1] for told in found)
    session.close()


def test_a_later_migration_without_the_file_is_found_and_make_spread_mends_it(server, new_database):
    """Functions have come, gone and changed, tables and policies too; the audit says so until then."""
    name = new_database()
    superuser = server.superuser_url(name)
    apply_spread(superuser, plain=True)
    session = Session(superuser)
    # As if the file had been applied before the latest migration.
    session.execute(
        """
        drop function spread.get_task(text, boolean, uuid, text);
        create function spread.get_task(caller text, read_only boolean, id uuid) returns jsonb
        language sql return null::jsonb;
        drop function spread.take_token;
        create or replace function porter.find_versions(users text[]) returns jsonb language sql
        return null::jsonb;
        alter policy tasks_select_own on app.tasks using (user_id = (select app.user_id()));
        drop trigger refuse_other_users on app.webhooks;
        revoke insert (created_at) on app.tasks from task_api;
        alter table app.token_buckets set unlogged;
        alter function api.list_tasks set plan_cache_mode = force_generic_plan;
        """
    )
    command = [postgres.BINARIES / "psql", server.owner_url(name), "-X", "-f", AUDIT / "report.sql"]
    told = subprocess.run(command, capture_output=True, text=True)
    assert told.returncode == 3
    for words in (
        "function spread.get_task(text,boolean,uuid,text) is missing",
        "function spread.get_task(text,boolean,uuid) is not one of those",
        "function spread.take_token(",
        "make spread",
    ):
        assert words in told.stdout
    apply_spread(superuser, plain=True)
    session.execute("begin")
    assert review(session) == []
    session.execute("rollback")
    session.close()
