"""``make run`` on a fresh copy of the project: it starts, starts again, gets over a crash, and leaves
nothing behind.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import jwt
import pytest

from app.dev import postgres
from app.dev.passes import create_pass
from app.dev.project import ROOT
from app.settings import SettingsError
from tests.client import Client, make_token
from tests.processes import (
    PATIENCE,
    environment,
    free_port,
    processes_of,
    run_module,
    start_module,
    wait_until,
)

_COMMANDS = "app.dev.commands"


def copy_to(folder):
    for room in ("app", "db"):
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))


@pytest.fixture
def fresh(folder):
    """A fresh copy of the project; whatever it started is ended with the test."""
    copy_to(folder)
    yield folder
    for pid in processes_of(folder):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not processes_of(folder))


@pytest.fixture(scope="module")
def migrated():
    """The folder of a PostgreSQL that a first start has made, and has stopped."""
    with tempfile.TemporaryDirectory(prefix="duly-") as name:
        copy_to(Path(name))
        done = run_module(_COMMANDS, "migrate", folder=Path(name))
        assert done.returncode == 0, done.stderr
        yield Path(name, ".postgres")


@pytest.fixture
def copy(fresh, migrated):
    """A copy of the project that was started before, which saves most tests what a first start takes."""
    # With its owners: PostgreSQL does not run as root.
    subprocess.run(["cp", "-a", migrated, fresh], check=True)
    return fresh


@contextmanager
def running(copy, *, port=None, stderr=None, **variables):
    """``make run``, once it has greeted; ended by Ctrl-C."""
    port = port or free_port()
    process = start_module(_COMMANDS, "run", folder=copy, HOME=copy, PORT=port, stderr=stderr, **variables)
    try:
        greeting = ""
        while "-d " not in greeting:
            line = process.stdout.readline()
            assert line, f"it ended with {process.wait(PATIENCE)} after: {greeting}"
            greeting += line
        yield Running(process, port, greeting)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE)
        process.stdout.close()


class Running:
    def __init__(self, process, port, greeting):
        self.process = process
        self.port = port
        self.greeting = greeting
        self.token = re.search(r"Bearer (\S+?)'", greeting)[1]

    def call(self, method, path, body=None):
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = Request(
            f"http://127.0.0.1:{self.port}{path}", body and json.dumps(body).encode(), headers, method=method
        )
        try:
            with urlopen(request, timeout=10) as response:
                return json.load(response)
        except HTTPError as error:
            error.close()
            raise AssertionError(f"{method} {path}: {error.code}") from None


def test_it_serves_keeps_its_data_and_leaves_no_process_behind(fresh):
    with running(fresh) as first:
        made = first.call("POST", "/tasks", {"title": "Buy milk"})
        assert first.call("GET", "/health/ready")["status"] == "ready"
    assert first.process.returncode == 0
    wait_until(lambda: not processes_of(fresh))

    with running(fresh) as second:
        # A token of the first run is still good: the secret is kept beside the data.
        second.token = first.token
        assert second.call("GET", f"/tasks/{made['id']}") == made
    wait_until(lambda: not processes_of(fresh))


def test_sigterm_ends_it_as_ctrl_c_does(copy):
    with running(copy) as service:
        service.process.terminate()
        assert service.process.wait(PATIENCE) == 0
    wait_until(lambda: not processes_of(copy))


def test_after_sigkill_the_next_start_finds_its_data(copy):
    with running(copy) as first:
        made = first.call("POST", "/tasks", {"title": "Buy milk"})
        first.process.kill()
        first.process.wait(PATIENCE)
        # The service notices that it is alone, and makes way.
        with running(copy, port=wait_for_port(first.port)) as second:
            assert second.call("GET", f"/tasks/{made['id']}") == made
    wait_until(lambda: not processes_of(copy))


def test_after_sigkill_of_everything_the_next_start_finds_its_data(copy):
    with running(copy) as first:
        made = first.call("POST", "/tasks", {"title": "Buy milk"})
        for pid in processes_of(copy):
            os.kill(pid, signal.SIGKILL)
        first.process.wait(PATIENCE)
    with running(copy) as second:
        assert second.call("GET", f"/tasks/{made['id']}") == made


def test_two_of_them_share_one_database(copy):
    with running(copy) as first, running(copy) as second:
        second.token = first.token
        made = first.call("POST", "/tasks", {"title": "Buy milk"})
        first.process.send_signal(signal.SIGINT)
        assert first.process.wait(PATIENCE) == 0
        assert second.call("GET", f"/tasks/{made['id']}") == made
    wait_until(lambda: not processes_of(copy))


def test_a_port_that_is_taken_is_told_before_anything_starts(copy):
    with running(copy) as service:
        second = run_module(_COMMANDS, "run", folder=copy, PORT=service.port)
    assert second.returncode == 1
    assert second.stderr.startswith(f"Can't listen on port {service.port}: ")


def test_database_url_names_a_server_that_is_there(fresh, cluster):
    """make run sets the password of task_api there: not on the server of the other tests."""
    with running(fresh, DATABASE_URL=cluster.url(postgres.OWNER)) as service:
        assert service.call("POST", "/tasks", {"title": "Buy milk"})["title"] == "Buy milk"
    assert not (fresh / ".postgres" / "data").exists()


def test_an_owner_migrates_and_task_api_serves(fresh, cluster):
    urls = {"DATABASE_OWNER_URL": cluster.url(postgres.OWNER), "DATABASE_URL": cluster.url("task_api")}
    with running(fresh, **urls) as service:
        assert service.call("POST", "/tasks", {"title": "Buy milk"})["title"] == "Buy milk"
    assert not (fresh / ".postgres" / "data").exists()


def test_a_wrong_setting_ends_it_with_the_reason(fresh):
    process = run_module(_COMMANDS, "run", folder=fresh, PORT=free_port(), WORKERS="none")
    assert process.returncode == 1
    assert "WORKERS must be a whole number" in process.stderr
    wait_until(lambda: not processes_of(fresh))


def test_a_service_that_is_killed_ends_it_with_the_signal(copy):
    with running(copy) as service:
        (pid,) = [pid for pid in processes_of(copy) if command_of(pid).endswith("-m app")]
        os.kill(pid, signal.SIGKILL)
        assert service.process.wait(PATIENCE) == 128 + signal.SIGKILL
    wait_until(lambda: not processes_of(copy))


def test_a_database_that_dies_is_told_without_a_stack(copy):
    with (copy / "errors").open("w") as errors, running(copy, stderr=errors) as service:
        for pid in processes_of(copy):
            # The first to go may take others along.
            if "postgres" in command_of(pid).partition(" ")[0]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        with pytest.raises(AssertionError, match="503"):
            service.call("GET", "/tasks")
        service.process.send_signal(signal.SIGINT)
        service.process.wait(PATIENCE)
    told = (copy / "errors").read_text()
    assert "PostgreSQL has ended by itself: see " in told
    assert "WARNING duly.database: " in told
    assert "Traceback" not in told


def test_the_database_is_closed_to_other_accounts(copy):
    with running(copy) as service:
        folder = copy / ".postgres"
        paths = [folder, folder / "data", folder / ".s.PGSQL.5432"]
        if not paths[2].exists():
            # Its path would be too long for a socket.
            (paths[2],) = Path(tempfile.gettempdir()).glob(f"{postgres._short(folder).name}/.s.PGSQL.5432")
        for path in paths:
            assert path.stat().st_mode & 0o077 == 0, path
        service.call("POST", "/tasks", {"title": "Buy milk"})
        query = ["-XAtc", "select title from app.tasks"]
        assert run_module(_COMMANDS, "psql", "--", "alice", *query, folder=copy).stdout == "Buy milk\n"
        assert run_module(_COMMANDS, "psql", "--", "bob 'x' smith", *query, folder=copy).stdout == ""
        as_owner = run_module(_COMMANDS, "psql", "--", "", *query, folder=copy)
        assert as_owner.stdout == ""
        assert "make psql user=alice" in as_owner.stderr
        if os.geteuid() == 0:
            # Even where the folder is open.
            for path in (folder, paths[2].parent, paths[2]):
                path.chmod(0o777)
            psql = [
                postgres.BINARIES / "psql",
                "-h",
                paths[2].parent,
                "-U",
                "postgres",
                "-c",
                "select 1",
                "postgres",
            ]
            refused = subprocess.run(psql, user="daemon", cwd="/", capture_output=True, text=True)
            assert refused.returncode != 0
            assert "authentication failed" in refused.stderr or "ermission denied" in refused.stderr


def test_migrating_says_what_was_applied(fresh):
    first = run_module(_COMMANDS, "migrate", folder=fresh)
    assert "Making a PostgreSQL server in " in first.stderr
    names = sorted(path.name for path in (fresh / "db" / "migrations").glob("*.sql"))
    assert [name for name in names if f"Applied: {name} in" in first.stdout] == names
    assert first.stdout.endswith(f"{len(names)} migrations applied: the database is up to date\n")
    again = run_module(_COMMANDS, "migrate", folder=fresh)
    assert again.stdout.endswith("No migrations applied: the database is up to date\n")


def test_port_0_is_a_free_port_that_is_told(copy):
    with running(copy, port="0") as service:
        port = int(re.search(r"Duly serves at http://localhost:(\d+),", service.greeting)[1])
        assert port != 0
        service.port = port
        assert service.call("GET", "/tasks")["total"] == 0


@pytest.mark.parametrize("variable", ["DATABASE_URL", "DATABASE_OWNER_URL"])
@pytest.mark.parametrize("command", ["run", "migrate", "psql", "audit"])
def test_a_url_that_is_none_is_explained(command, variable):
    done = run_module(_COMMANDS, command, PORT=free_port(), **{variable: "foo"})
    assert done.returncode == 1
    assert done.stderr == f"{variable} must be a URL like postgresql://user:password@host:5432/database\n"


def test_a_database_that_is_not_reached_is_told_without_a_stack():
    done = run_module(_COMMANDS, "run", PORT=free_port(), DATABASE_URL="postgresql://owner@127.0.0.1:1/duly")
    assert done.returncode != 0
    assert "The database can't be used: no connection" in done.stderr
    assert "nothing listens there" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("user", ["alice", "auth0|123", "bob smith", "o'neil", '"', "-x", "a;b&c", "ünï"])
def test_a_token_is_for_the_user_as_it_was_written(user):
    # Its environment is there already: -o.
    make = ["make", "-s", "-o", ".venv/local", "token", f"user={user}"]
    secret = "s" * 32
    done = subprocess.run(
        make,
        cwd=ROOT,
        env=environment(JWT_SECRET=secret),
        capture_output=True,
        text=True,
        check=True,
    )
    assert jwt.decode(done.stdout.strip(), secret, ["HS256"])["sub"] == user


def test_development_ends_where_others_could_reach_it(copy):
    with (copy / "errors").open("w") as errors, running(copy, HOST="0.0.0.0", stderr=errors) as service:
        page = Request(f"http://127.0.0.1:{service.port}/docs/token", b"{}", method="POST")
        with pytest.raises(HTTPError, match="405"):
            urlopen(page, timeout=10)
    assert "DEVELOPMENT is off" in (copy / "errors").read_text()


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return "-"


def test_make_pass_prints_a_pass_of_the_user(server, database, monkeypatch, http, alice):
    monkeypatch.setenv("DATABASE_URL", server.service_url(database))
    token = create_pass(alice, "tasks:write", "A script")
    assert Client(http, token).create()["user_id"] == alice
    [listed] = Client(http, make_token(alice)).get("/passes").json()["items"]
    assert (listed["label"], listed["scope"]) == ("A script", "tasks:write")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("tasks:admin", "x"), "scope must be tasks:read or tasks:write"),
        (("tasks:read", " "), "label must have 1 to 100 characters"),
    ],
)
def test_make_pass_says_what_is_wrong(server, database, monkeypatch, alice, arguments, said):
    monkeypatch.setenv("DATABASE_URL", server.service_url(database))
    with pytest.raises(SettingsError, match=said):
        create_pass(alice, *arguments)


def test_make_pass_has_the_defaults_of_make_run(copy):
    with running(copy) as service:
        made = run_module(_COMMANDS, "pass", "--", "", "", "", folder=copy)
        assert made.returncode == 0, made.stderr
        service.token = made.stdout.strip()
        assert service.call("GET", "/tasks")["total"] == 0
        with pytest.raises(AssertionError, match="403"):
            service.call("POST", "/tasks", {"title": "Buy milk"})


def test_make_pass_changes_no_password_of_a_server_that_is_not_its_own(server, database, monkeypatch, alice):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("DATABASE_OWNER_URL", server.owner_url(database))
    with pytest.raises(SettingsError, match="DATABASE_URL must be set, as the role task_api"):
        create_pass(alice, "tasks:read", "x")


def test_it_runs_as_an_ordinary_user(fresh):
    if os.geteuid() != 0:
        pytest.skip("the other tests did so already")
    shutil.chown(fresh, "nobody")
    for path in {*postgres.BINARIES.parents, *fresh.parents, *Path(sys.executable).resolve().parents}:
        if not path.stat().st_mode & 0o001:
            pytest.skip(f"an ordinary user can't reach {path}")
    for command in (["token", "alice"], ["status"]):
        done = run_module(_COMMANDS, *command, folder=fresh, user="nobody", HOME=fresh, PORT=free_port())
        assert done.returncode == 0, done.stderr


def wait_for_port(port):
    def is_free():
        try:
            urlopen(f"http://127.0.0.1:{port}/health", timeout=1).close()
        except OSError:
            return True
        return False

    wait_until(is_free)
    return port


def test_make_remind_me_shows_a_reminder_that_arrives(copy):
    with running(copy) as service:
        process = run_module(_COMMANDS, "remind-me", "--", "bob", folder=copy, PORT=service.port)
        assert process.returncode == 0, process.stdout + process.stderr
        assert "signature verified" in process.stdout
        assert '"user_id": "bob"' in process.stdout
        # It leaves nothing behind.
        assert service.call("GET", "/webhooks") == {"items": []}
    wait_until(lambda: not processes_of(copy))


def test_make_remind_me_without_a_service_says_what_to_do(copy):
    process = run_module(_COMMANDS, "remind-me", folder=copy, PORT=free_port())
    assert process.returncode == 1
    assert "run make run in another terminal first" in process.stdout
