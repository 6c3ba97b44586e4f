"""``docker compose up`` with db/citus/compose.yml: the rows on a coordinator and two machines."""

import contextlib
import shutil
import subprocess
from urllib.error import HTTPError

import pytest

from tests.processes import wait_until
from tests.service.containers.conftest import Stack, running

FILES = ("docker-compose.yml", "db/citus/compose.yml")
MACHINES = ("machine-1", "machine-2")


def test_the_override_is_valid_and_keeps_the_order():
    if (
        not shutil.which("docker")
        or subprocess.run(["docker", "compose", "version"], capture_output=True).returncode
    ):
        pytest.skip("there is no docker compose")
    services = Stack("-citus", FILES).config()["services"]
    assert {services[name]["image"] for name in ("postgres", *MACHINES)} == {"citusdata/citus:14.1"}
    for name in ("postgres", *MACHINES):
        assert services["migrate"]["depends_on"][name]["condition"] == "service_healthy"
    for name in ("api", "worker"):
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


@pytest.fixture(scope="module")
def stack():
    with running(Stack("-citus", FILES), "citusdata/citus:14.1", "python:3.13-slim") as stack:
        yield stack


def test_a_task_lies_on_a_machine_and_a_second_up_leaves_it_there(stack):
    made = []

    def create():
        with contextlib.suppress(HTTPError):
            made.append(stack.call("POST", "/tasks", {"title": "Buy milk"}))
        return made

    def sql(machine, query):
        psql = ["psql", "--username=postgres", "--dbname=duly", "--no-align", "--tuples-only", "--command"]
        return stack.compose("exec", "-T", machine, *psql, query).stdout.strip()

    # Where the machine is busy, the first statements take too long and are answered 503.
    wait_until(create)
    place = "where shardid = get_shard_id_for_distribution_column('app.tasks', 'alice')"
    machine, shard = sql("postgres", f"select nodename, shard_name from citus_shards {place}").split("|")
    assert machine in MACHINES
    assert sql(machine, f"select id from {shard}") == made[0]["id"]
    # Each lets in nobody without a password, but from within its own container.
    for each in ("postgres", *MACHINES):
        login = ["exec", "-T", "--env", "PGPASSWORD=", each, "psql", "--no-password"]
        refused = stack.compose(*login, f"postgresql://task_api@{each}/duly", check=False)
        assert "no password supplied" in refused.stderr
    stack.compose("up", "--detach", "--wait", "--wait-timeout", "300")
    assert "up to date" in stack.compose("logs", "migrate").stdout
    assert stack.call("GET", f"/tasks/{made[0]['id']}") == made[0]
