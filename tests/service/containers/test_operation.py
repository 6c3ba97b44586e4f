"""What an operator does with compose: a reminder, an upgrade and back, a backup and a restore, and kills."""

import json
import os
import re
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta
from urllib.error import URLError

import pytest

from app import __version__
from app.admin.migrate import migrate
from app.dev import postgres
from app.dev.baseline import write_baseline
from app.dev.project import ROOT
from tests.later import VERSION, make_later
from tests.processes import wait_until
from tests.service.faults.cluster import Cluster

RECEIVER = """
from http.server import BaseHTTPRequestHandler, HTTPServer
class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        print(self.rfile.read(int(self.headers["content-length"])).decode(), flush=True)
        self.send_response(204)
        self.end_headers()
HTTPServer(("", 9000), Receiver).serve_forever()
"""


def block(begin):
    """The commands of the README of the database that begin so."""
    readme = (ROOT / "db" / "README.md").read_text()
    return next(each for each in re.findall(r"```sh\n(.*?)```", readme, re.DOTALL) if each.startswith(begin))


def up(stack, *arguments, **variables):
    stack.compose("up", "--detach", "--wait", "--wait-timeout", "120", *arguments, **variables)


@pytest.fixture
def reminded(stack):
    """``reminded(title)``: set a reminder, and wait until it arrives."""
    name = f"{stack.project}-receiver"
    command = ["docker", "run", "--detach", "--rm", "--name", name, "--network", f"{stack.project}_default"]
    command += ["--entrypoint", "python", stack.secrets["DULY_IMAGE"], "-c", RECEIVER]
    subprocess.run(command, check=True, capture_output=True)
    hook = {"url": f"http://{name}:9000/", "events": ["task.reminder"]}
    webhook = stack.call("POST", "/webhooks", hook)

    def remind(title):
        soon = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
        stack.call("POST", "/tasks", {"title": title, "reminder_at": soon})
        wait_until(lambda: title in received())
        events = [json.loads(line) for line in received().splitlines()]
        [event] = [event for event in events if event["data"]["title"] == title]
        assert event["type"] == "task.reminder"

    def received():
        logs = ["docker", "logs", name]
        return subprocess.run(logs, check=True, capture_output=True, text=True).stdout

    yield remind
    stack.call("DELETE", f"/webhooks/{webhook['id']}")
    subprocess.run(["docker", "rm", "--force", name], capture_output=True)


def test_a_reminder_is_sent(stack, reminded):
    reminded("Drink some water")


def answers(stack):
    try:
        return stack.call("GET", "/health/ready")["status"] == "ready"
    except (URLError, OSError):
        return False


@pytest.mark.parametrize("service", ["postgres", "api", "worker"])
def test_a_container_that_is_killed_comes_back_with_its_data(service, stack, reminded):
    """By the kernel, as when memory runs out: what Docker itself kills stays ended."""
    made = stack.call("POST", "/tasks", {"title": f"Before {service} was killed"})
    pid = int(stack.inspect(service, "{{.State.Pid}}"))
    try:
        os.kill(pid, 0)
    except (PermissionError, ProcessLookupError):
        pytest.skip("the processes of the containers are not within reach")
    started = stack.inspect(service, "{{.State.StartedAt}}")
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: stack.inspect(service, "{{.State.StartedAt}} {{.State.Running}}") not in ("", started))
    wait_until(lambda: stack.inspect(service, "{{.State.Running}}") == "true" and answers(stack))
    assert stack.call("GET", f"/tasks/{made['id']}") == made
    reminded(f"After {service} was killed")


def test_a_backup_is_restored_as_the_readme_says(stack, tmp_path):
    made = stack.call("POST", "/tasks", {"title": "Kept"})
    stack.run(block("docker compose exec -T postgres pg_dumpall"), tmp_path)
    # Another machine, with the same .env.
    stack.compose("down", "--volumes")
    told = stack.run(block("docker compose up --detach --wait postgres"), tmp_path)
    assert "Nothing is off." in told
    assert stack.call("GET", f"/tasks/{made['id']}") == made
    assert stack.call("GET", "/health/ready")["status"] == "ready"


@pytest.fixture
def later(stack, folder, tmp_path):
    """The image of a made-up next release; the embedded server writes its baseline, as in make schema."""
    root = make_later(tmp_path)
    cluster = Cluster(folder, postgres.BINARIES)
    migrate(cluster.url(postgres.OWNER), migrations=root / "db" / "migrations")
    write_baseline(cluster.url("postgres"), root / "db" / "audit" / "baseline.sql")
    cluster.stop()
    (root / ".dockerignore").write_text((ROOT / ".dockerignore").read_text())
    image = f"{stack.project}:{VERSION}"
    build = ["docker", "build", "--quiet", "--file", root / "app" / "Dockerfile", "--tag", image, root]
    subprocess.run(build, check=True, capture_output=True)
    yield image
    subprocess.run(["docker", "image", "rm", image], capture_output=True)


def test_an_upgrade_keeps_the_tasks_and_so_does_the_way_back(stack, later):
    made = stack.call("POST", "/tasks", {"title": "Older than the release"})
    start = time.monotonic()
    up(stack, "--no-build", DULY_IMAGE=later)
    seconds = time.monotonic() - start
    assert stack.call("GET", "/health/ready") == {"status": "ready", "version": VERSION}
    assert stack.call("GET", f"/tasks/{made['id']}") == made
    audited = stack.compose("run", "--rm", "--no-deps", "audit", check=False, DULY_IMAGE=later)
    assert audited.returncode == 0, audited.stdout
    # The old service first, on the new database; then the database.
    up(stack, "--no-build", "--no-deps", "api", "worker")
    assert stack.call("GET", "/health/ready") == {"status": "ready", "version": __version__}
    back = stack.compose("run", "--rm", "--no-deps", "migrate", "rollback", DULY_IMAGE=later)
    assert "Rolled back: " in back.stdout
    assert stack.call("GET", "/health/ready")["status"] == "ready"
    assert stack.call("GET", f"/tasks/{made['id']}") == made
    assert stack.compose("run", "--rm", "--no-deps", "audit", check=False).returncode == 0
    print(f"upgraded in {seconds:.0f} s")
