"""Upgrades. Until there is a second release, a made-up 1.0.1 stands for it: a copy of the project with one
migration more, which changes what a release may change.
"""

import asyncio
import os
import re
import secrets
import subprocess
import threading

import httpx2 as httpx
import pytest

from app import __version__
from app.admin.migrate import migrate
from app.database.description import describe
from app.dev import postgres
from app.dev.baseline import write_baseline
from app.dev.project import ROOT
from app.settings import Settings, SettingsError
from tests.client import SECRET, make_token
from tests.db.catalog import definitions
from tests.later import make_later
from tests.processes import environment, run_module, run_suite, serve, wait_until
from tests.service.pooler.pgbouncer import POOLED, PROGRAM
from tests.service.spread.test_suites import SPREAD

# The old service does what its own tests ask for, on the database of the new one. What is drawn at random is
# drawn in make test-thorough.
SUITE = ("tests/app/api", "tests/app/attack", "-m", "not thorough")
# Another release's checks have another text.
_LEFT_OUT = (
    "tests/app/api/test_readiness.py::test_the_service_is_not_ready_when[a check of readiness says nothing]"
)
UPGRADE = "TEST_MIGRATIONS" in os.environ


@pytest.fixture(scope="module")
def later(tmp_path_factory):
    """The folder of 1.0.1."""
    return make_later(tmp_path_factory.mktemp("later"))


@pytest.fixture
def upgraded(later, server, new_database):
    """The name of a database of 1.0.0 that 1.0.1 has migrated."""
    name = new_database()
    assert len(migrate(server.owner_url(name), migrations=later / "db" / "migrations")) == 1
    write_baseline(server.superuser_url(name), later / "db" / "audit" / "baseline.sql")
    return name


def serve_later(later, url, **settings):
    """The service of 1.0.1."""
    return serve(url, SECRET, folder=later, **settings)


def call(address, method, path, body=None, **headers):
    headers = {"Authorization": f"Bearer {make_token('alice')}"} | headers
    return httpx.request(method, address + path, json=body, headers=headers, timeout=10)


@pytest.mark.skipif(UPGRADE, reason="this is that run")
def test_the_tests_of_the_old_service_pass_on_the_new_database(later):
    """With db/citus/spread.sql on it, and through PgBouncer where it is installed: neither changes an answer,
    and a fault of any of the three is seen in one run.
    """
    new = {"TEST_MIGRATIONS": str(later / "db" / "migrations")}
    run_suite(*SUITE, "--deselect", _LEFT_OUT, **new, **SPREAD, **(POOLED if PROGRAM else {}))


def test_the_old_service_stays_ready_on_the_new_database(server, upgraded):
    with serve(server.service_url(upgraded), SECRET) as address:
        ready = call(address, "GET", "/health/ready")
        assert ready.json() == {"status": "ready", "version": __version__}


def test_what_decides_who_sees_what_is_compared_after_an_upgrade_too(server, upgraded):
    server.execute("alter function keeper.remove_expired_answers() owner to postgres", upgraded)
    with serve(server.service_url(upgraded), SECRET, HEALTH_DETAILS="true") as address:
        ready = call(address, "GET", "/health/ready")
        assert ready.status_code == 503
        assert "keeper.remove_expired_answers() is not as it was made (owner)" in ready.text


def test_a_function_that_was_changed_without_a_release_is_still_found(server, new_database):
    name = new_database()
    function = "keeper.remove_expired_answers() returns trigger language plpgsql as 'begin return null; end'"
    server.execute(f"create or replace function {function}", name)
    with serve(server.service_url(name), SECRET) as address:
        assert call(address, "GET", "/health/ready").json()["codes"] == ["functions"]


def test_the_new_service_refuses_an_old_database_with_the_command_to_run(later, server, new_database):
    with serve_later(later, server.service_url(new_database()), HEALTH_DETAILS="true") as address:
        refused = call(address, "GET", "/health/ready")
        assert refused.status_code == 503
        assert "migrations-pending" in refused.json()["codes"]
        number = sorted((later / "db" / "migrations").glob("*.sql"))[-1].name[:4]
        assert f"migration {number} is pending: run duly migrate" in refused.text


def test_the_new_service_serves_the_new_database(later, server, upgraded):
    with serve_later(later, server.service_url(upgraded)) as address:
        assert call(address, "GET", "/health/ready").json() == {"status": "ready", "version": "1.0.1"}
        assert call(address, "POST", "/tasks", {"title": "x"}).status_code == 201


def test_no_request_fails_while_the_database_is_upgraded_and_the_service_replaced(
    later, server, new_database
):
    """The order of a rolling upgrade: migrate, start the new service, end the old one."""
    name = new_database()
    answers = []
    stop = threading.Event()

    def ask(address):
        with httpx.Client(base_url=address, timeout=10) as http:
            headers = {"Authorization": f"Bearer {make_token('alice')}"}
            while not stop.is_set():
                made = http.post("/tasks", json={"title": "x"}, headers=headers)
                answers.append(made.status_code)
                path = f"/tasks/{made.json().get('id', '-')}"
                answers.append(http.get(path, headers=headers).status_code)
                answers.append(http.get("/tasks", headers=headers).status_code)

    with serve(server.service_url(name), SECRET, WORKERS="2") as old:
        threads = [threading.Thread(target=ask, args=[old]) for _ in range(4)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(answers) > 50)
        migrate(server.owner_url(name), migrations=later / "db" / "migrations")
        before = len(answers)
        wait_until(lambda: len(answers) > before + 100)
        stop.set()
        for thread in threads:
            thread.join()
    assert set(answers) == {200, 201}


def test_the_way_back_brings_the_functions_back_as_they_were(later, server, new_database):
    name = new_database()
    url = server.superuser_url(name)
    before = definitions(url)
    where = {"migrations": later / "db" / "migrations"}
    migrate(server.owner_url(name), **where)
    assert definitions(url) != before
    migrate(server.owner_url(name), "rollback", **where)
    assert definitions(url) == before
    with serve(server.service_url(name), SECRET) as address:
        assert call(address, "GET", "/health/ready").status_code == 200


def test_each_release_is_in_the_list_of_changes():
    text = (ROOT / "app" / "CHANGES.md").read_text()
    assert re.search(r"^## (\S+)", text, re.MULTILINE)[1] == __version__


@pytest.fixture
def before_1_0(server, new_database):
    """A database whose tables do not say that they are of 1.0, with two tasks."""
    name = new_database()
    server.execute("comment on schema app is 'The tables of Duly.'", name)
    with serve(server.service_url(name), SECRET) as address:
        call(address, "POST", "/tasks", {"title": "Buy milk", "tags": ["home"], "priority": "High"})
        call(address, "POST", "/tasks", {"title": "Done", "completed": True, "due_date": "2026-01-01"})
    return name


def test_a_database_from_before_1_0_is_told_the_cure(server, before_1_0):
    before = definitions(server.superuser_url(before_1_0))
    done = run_module("app", "migrate", DATABASE_OWNER_URL=server.owner_url(before_1_0))
    assert done.returncode == 1
    assert "made by a release before 1.0" in done.stderr
    assert "create a new database" in done.stderr
    with pytest.raises(SettingsError, match=r"before 1\.0"):
        migrate(server.owner_url(before_1_0), "rollback")
    assert definitions(server.superuser_url(before_1_0)) == before
    settings = Settings(database_url=server.service_url(before_1_0), jwt_secret=SECRET)
    assert "made by a release before 1.0" in asyncio.run(describe(settings))


@pytest.mark.usefixtures("template")  # It makes the owner.
def test_a_database_that_was_begun_and_not_finished_is_migrated(server):
    name = f"duly_upgrade_{secrets.token_hex(6)}"
    server.create_database(name)
    try:
        for _ in range(2):
            migrate(server.owner_url(name))
            for _ in range(len(list((ROOT / "db" / "migrations").glob("*.sql"))) - 1):
                migrate(server.owner_url(name), "rollback")
    finally:
        server.execute(f"drop database {name} with (force)")


def test_the_cure_in_the_readme_brings_the_tasks_along(server, before_1_0, new_database, tmp_path):
    readme = (ROOT / "app" / "server" / "README.md").read_text()
    script = re.search(r"```sh\n(FIELDS=.*?)```", readme, re.DOTALL)[1]
    new = new_database()
    known = environment(
        PATH=f"{postgres.BINARIES}:/usr/bin:/bin",
        OLD_SUPERUSER_URL=server.superuser_url(before_1_0),
        NEW_SUPERUSER_URL=server.superuser_url(new),
    )
    subprocess.run(["sh", "-euc", script], cwd=tmp_path, env=known, check=True, capture_output=True)
    with serve(server.service_url(before_1_0), SECRET) as one, serve(server.service_url(new), SECRET) as two:
        was, is_now = (call(each, "GET", "/tasks?sort_by=title").json() for each in (one, two))
        assert is_now["total"] == was["total"] == 2
        kept = [{key: task[key] for key in task if key != "updated_at"} for task in was["items"]]
        assert [{key: task[key] for key in task if key != "updated_at"} for task in is_now["items"]] == kept
        assert len(call(two, "GET", "/changes").json()["changed"]) == 2
        assert call(two, "GET", "/tasks?q=milk").json()["total"] == 1
