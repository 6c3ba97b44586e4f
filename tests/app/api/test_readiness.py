"""GET /health/ready: 200, or 503 with every reason. Each fault is planted in a database of its own."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.conftest import SECRET
from tests.servers import Server
from tests.sql import Session


@contextmanager
def service(url: str, **more: Any) -> Iterator[TestClient]:
    """The application on another database, or as another role."""
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
    assert all(reason in response.json()["detail"] for reason in response.json()["reasons"])
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
        "create schema elsewhere; create table elsewhere.notes (user_id text, note text)",
        ["elsewhere.notes has no row-level security", "elsewhere.notes does not force"],
    ),
    "a new table in app, even without a user_id": (
        "create table app.settings (name text)",
        ["app.settings has no row-level security"],
    ),
    "a partitioned table": (
        "create table app.notes (user_id text) partition by list (user_id); create table app.notes_a "
        "partition of app.notes default",
        ["app.notes has no row-level security", "app.notes_a has no row-level security"],
    ),
    "a materialized view of tasks": (
        "create materialized view app.copies as select user_id, title from app.tasks",
        ["app.copies holds users' rows, but can't have row-level security"],
    ),
    "the role owns a table": (
        "alter table app.task_counts owner to task_api",
        ["role task_api owns table app.task_counts", "alter table app.task_counts owner to task_owner"],
    ),
    "a migration is pending": (
        "delete from public.schema_migrations where version = '0018'",
        ["migration 0018 is pending: run make migrate"],
    ),
    "nothing was migrated": ("drop schema api cascade", ["migrations are pending: run make migrate"]),
    "the function may not be called": (
        "revoke execute on function api.check_readiness(jsonb) from task_api",
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


def test_the_service_is_not_ready_as_a_superuser(server, database):
    with service(server.superuser_url(database)) as http:
        reasons = " ".join(reasons_of(http))
        assert "is a superuser, whom no policy holds: connect as task_api" in reasons
        assert "has BYPASSRLS" in reasons


def test_the_service_is_not_ready_as_the_owners_member(server, database):
    with service(server.owner_url(database)) as http:
        assert any("owner" in reason or "may not call" in reason for reason in reasons_of(http))


ROLES = {
    "alter role task_api bypassrls": "role task_api has BYPASSRLS: alter role task_api nobypassrls",
    "alter role task_api superuser": "role task_api is a superuser",
    "grant task_owner to task_api": "role task_api owns table app.tasks, or is a member of its owner",
    "create role walks_past bypassrls; grant walks_past to task_api": (
        "role task_api may become walks_past, whom no policy holds: revoke walks_past from task_api"
    ),
}


@pytest.mark.parametrize("plant", ROLES)
def test_a_role_that_could_walk_past_is_a_reason(plant, server, database):
    # Roles are the whole server's, so these are planted in a transaction that nobody else sees.
    session = Session(server.superuser_url(database))
    session.execute(f"begin; {plant}")
    reasons = session.column("select audit.find_faults('task_api')")
    session.execute("rollback")
    session.close()
    assert any(ROLES[plant] in reason for reason in reasons), reasons


def test_who_logged_in_counts_even_where_the_role_was_changed(as_superuser):
    as_superuser.execute("begin; set local role task_api")
    reasons = json.loads(as_superuser.value("select api.check_readiness(migrations => '[]')"))
    as_superuser.execute("rollback")
    assert any("is a superuser" in reason for reason in reasons)


def test_no_policy_may_be_missing_for_a_role_that_inherits_it(server, database):
    session = Session(server.superuser_url(database))
    session.execute("begin; create role duly_service login in role task_api")
    assert session.column("select audit.find_faults('duly_service')") == []
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
