"""The services of docker-compose.yml, really built and run; where no Docker engine answers, skipped."""

import contextlib
import json
import os
import secrets
import shutil
import subprocess
from urllib.request import Request, urlopen

import pytest

from app.dev.project import ROOT
from tests.client import make_token
from tests.processes import free_port
from tests.servers import has_docker


class Stack:
    """The services of docker-compose.yml and of what overrides it, under a name of their own."""

    def __init__(self, suffix="", files=("docker-compose.yml",)):
        self.port = free_port()
        self.files = files
        # Passwords of any characters will do.
        self.secrets = {
            "POSTGRES_PASSWORD": "p@:/s s'\"$x",
            "TASK_API_PASSWORD": "t@:/s s'\"$x%",
            "TASK_WORKER_PASSWORD": "w@:/s s'\"$x%",
            "JWT_SECRET": secrets.token_hex(32),
            "WEBHOOK_KEY": secrets.token_hex(32),
            "DULY_IMAGE": f"duly-test-{os.getpid()}{suffix}",
            # Receivers in the network of the stack.
            "WEBHOOK_ALLOW": "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16",
        }
        self.project = self.secrets["DULY_IMAGE"]

    def compose(self, *arguments, check=True, **variables):
        command = ["docker", "compose", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment(**variables), capture_output=True, text=True,
            check=check, timeout=600,
        )  # fmt: skip

    def config(self, **variables):
        """What compose makes of the files."""
        return json.loads(self.compose("config", "--format", "json", **variables).stdout)

    def run(self, script, folder):
        """Run commands of the README, whose files are in a folder; returns what they print."""
        known = self.environment()
        done = subprocess.run(
            ["sh", "-euc", script], cwd=folder, env=known, capture_output=True, text=True, timeout=600
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def environment(self, **variables):
        names = ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONFIG")
        kept = {name: os.environ[name] for name in names if name in os.environ}
        # No .env of a developer's.
        own = {"COMPOSE_PROJECT_NAME": self.project, "COMPOSE_DISABLE_ENV_FILE": "1"}
        own["COMPOSE_FILE"] = os.pathsep.join(str(ROOT / file) for file in self.files)
        return kept | own | self.secrets | {"PORT": str(self.port)} | variables

    def call(self, method, path, body=None):
        headers = {
            "Authorization": f"Bearer {make_token('alice', self.secrets['JWT_SECRET'])}",
            "Content-Type": "application/json",
        }
        url = f"http://127.0.0.1:{self.port}{path}"
        with urlopen(
            Request(url, body and json.dumps(body).encode(), headers, method=method), timeout=10
        ) as response:
            return json.loads(response.read() or "null")

    def inspect(self, service, form):
        container = self.compose("ps", "--all", "--quiet", service).stdout.strip()
        return subprocess.run(
            ["docker", "inspect", "--format", form, container], capture_output=True, text=True, check=True
        ).stdout.strip()


@contextlib.contextmanager
def running(stack, *bases):
    """Build and start the services; skips the test without Docker, or without the images ``bases``."""
    if not shutil.which("docker") or not has_docker():
        pytest.skip("no Docker engine answers: the containers are not tested")
    if os.environ.get("TEST_BACKEND") == "embedded":
        pytest.skip("TEST_BACKEND=embedded: the containers are not tested")
    for image in bases:
        if subprocess.run(["docker", "image", "inspect", image], capture_output=True).returncode:
            pulled = subprocess.run(
                ["docker", "pull", "--quiet", image], capture_output=True, text=True, timeout=600
            )
            if pulled.returncode:
                pytest.skip(f"{image} is not here and can't be had: the containers are not tested")
    try:
        started = stack.compose("up", "--build", "--detach", "--wait", "--wait-timeout", "300", check=False)
        assert started.returncode == 0, started.stderr + stack.compose("logs").stdout
        yield stack
    finally:
        stack.compose("down", "--volumes", "--rmi", "local")
        subprocess.run(["docker", "image", "rm", stack.project], capture_output=True)


@pytest.fixture(scope="session")
def stack():
    with running(Stack(), "postgres:18", "python:3.13-slim") as stack:
        yield stack
