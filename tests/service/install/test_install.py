"""Without containers: the five steps of the README as they are written, and two databases on one server."""

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from app.admin.migrate import migrate, set_passwords
from app.dev import postgres
from app.dev.audit import audit
from app.dev.project import ROOT
from tests.client import make_token
from tests.processes import environment, free_port, processes_of, serve, wait_until
from tests.servers import Server

_SECRET = secrets.token_hex(32)


class Fresh:
    """A PostgreSQL as Debian sets it up: peer for its own account, passwords over TCP."""

    def __init__(self, folder):
        self.port = free_port()
        self._folder, self._account = folder, postgres.account_of(folder)
        data = folder / "data"
        postgres.control(self._account, _BINARIES / "initdb", "-D", data, "-U", "postgres", "--auth=trust")
        (data / "pg_hba.conf").write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        options = f"-p {self.port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        command = ("start", "-w", "-D", data, "-l", folder / "log", "-o", options)
        postgres.control(self._account, _BINARIES / "pg_ctl", *command)

    def psql(self):
        """The command that stands for ``sudo -u postgres psql``."""
        return f"{_BINARIES}/psql -h {self._folder} -p {self.port} -U postgres postgres"

    def url(self, database="postgres", role="postgres", password=None):
        if password is None:
            return f"postgresql://{role}@/{database}?host={self._folder}&port={self.port}"
        return f"postgresql://{role}:{password}@localhost:{self.port}/{database}"

    def stop(self):
        command = ("stop", "-w", "-m", "fast", "-D", self._folder / "data")
        postgres.control(self._account, _BINARIES / "pg_ctl", *command)


_DEBIAN = Path("/usr/lib/postgresql/15/bin")
# The oldest that is supported, where it is there.
_BINARIES = Path(os.environ.get("TEST_PGBIN") or (_DEBIAN if _DEBIAN.exists() else postgres.BINARIES))


@pytest.fixture
def fresh(folder):
    cluster = Fresh(folder)
    yield cluster
    cluster.stop()


def steps():
    """The five steps of the page on production, each with its number."""
    readme = (ROOT / "app" / "server" / "README.md").read_text()
    block = next(block for block in re.findall(r"```sh\n(.*?)```", readme, re.S) if "# 1. Install" in block)
    return re.findall(r"^# (\d)\. .*\n((?:.+\n)+)", block, re.MULTILINE)


def test_the_five_steps_of_the_readme_lead_to_a_first_task(fresh, tmp_path, request):
    """From a copy of what is committed, with nothing but the words of that page."""
    if shutil.which("openssl") is None or shutil.which("curl") is None:
        pytest.skip("openssl and curl are needed")
    checkout = tmp_path / "checkout"
    shutil.copytree(
        ROOT, checkout, ignore=shutil.ignore_patterns(".*", "__pycache__", "tests"), symlinks=True
    )
    assert [number for number, _ in steps()] == list("12345")
    port = free_port()
    script = "set -eu\n" + "".join(text for _, text in steps())
    for old, new in (
        ("sudo -u postgres psql", fresh.psql()),
        ("python3 -m", f"{sys.executable} -m"),
        ("@localhost/", f"@localhost:{fresh.port}/"),
        ("localhost:8000", f"localhost:{port}"),
    ):
        assert old in script
        script = script.replace(old, new)
    kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    known = environment(HOME=tmp_path, PORT=port, **kept)
    start = time.monotonic()
    try:
        # The service stays, and would hold a pipe open.
        with (tmp_path / "out").open("w") as out, (tmp_path / "errors").open("w") as errors:
            command = ["bash", "-c", script]
            done = subprocess.run(command, cwd=checkout, env=known, stdout=out, stderr=errors, timeout=300)
        seconds = time.monotonic() - start
        told = (tmp_path / "out").read_text()
        assert done.returncode == 0, told + (tmp_path / "errors").read_text()
        made = json.loads(told.splitlines()[-1])
        assert (made["title"], made["user_id"]) == ("Buy groceries", "alice")
        with urlopen(f"http://localhost:{port}/health/ready", timeout=10) as response:
            assert json.load(response)["status"] == "ready"
        (installed,) = (tmp_path / "duly" / "lib").glob("python3*/site-packages/app/db/migrations")
        names = [path.name for path in (ROOT / "db" / "migrations").glob("*.sql")]
        assert sorted(path.name for path in installed.glob("*.sql")) == sorted(names)
        print(f"five steps in {seconds:.0f} s")
        # New code is taken without a refusal, from the command as it was installed.
        [pid] = processes_of(tmp_path / "duly")
        os.kill(pid, signal.SIGHUP)
        wait_until(lambda: (tmp_path / "errors").read_text().count("serves at") == 2)
        with urlopen(f"http://localhost:{port}/health", timeout=10) as response:
            assert response.status == 200
    finally:
        for pid in processes_of(tmp_path / "duly"):
            os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not processes_of(tmp_path / "duly"))


def test_two_databases_on_one_server_are_apart(fresh, tmp_path):
    """The roles belong to the server, and so do their passwords; all else is each database's own."""
    server = Server(fresh.url())
    password = secrets.token_hex(8)
    server.execute(f"create role {postgres.OWNER} login createrole password '{password}'")
    places = {}
    for name in ("one", "two"):
        form = "template template0 locale 'C.UTF-8' encoding 'UTF8'"
        server.execute(f"create database {name} owner {postgres.OWNER} {form}")
        owner = fresh.url(name, postgres.OWNER, password)
        migrate(owner)
        set_passwords(owner, {"TASK_API_PASSWORD": password})
        places[name] = fresh.url(name, "task_api", password)
    for name in places:
        owner = fresh.url(name, postgres.OWNER, password)
        assert audit(owner, page=tmp_path / "audit.html") == 0
    with serve(places["one"], _SECRET) as one, serve(places["two"], _SECRET) as two:
        made = call(one, "POST", "/tasks", {"title": "Buy milk"})
        assert call(one, "GET", "/tasks")["items"] == [made]
        assert call(two, "GET", "/tasks")["items"] == []
        # What takes one away leaves the roles of the other.
        for _ in (ROOT / "db" / "migrations").glob("*.sql"):
            migrate(fresh.url("two", postgres.OWNER, password), "rollback")
        assert call(one, "GET", "/health/ready")["status"] == "ready"
        assert call(one, "GET", "/tasks")["items"] == [made]


def call(address, method, path, body=None):
    headers = {"Authorization": f"Bearer {make_token('alice', _SECRET)}", "Content-Type": "application/json"}
    data = body and json.dumps(body).encode()
    with urlopen(Request(address + path, data, headers, method=method), timeout=10) as response:
        return json.load(response)
