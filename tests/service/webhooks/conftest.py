"""The worker in a process of its own, on a database of its own."""

import subprocess
import sys

import pytest

from app.dev.project import ROOT
from tests.client import WEBHOOK_KEY
from tests.processes import environment
from tests.service.webhooks.parts import client_of
from tests.sql import Session


@pytest.fixture
def fresh(new_database):
    """A database of its own: a worker takes what is due of all users."""
    return new_database()


@pytest.fixture
def start(server, fresh):
    """Start ``python -m app worker``."""
    started = []

    def begin(**variables):
        names = {"DATABASE_URL": server.worker_url(fresh), "WEBHOOK_KEY": WEBHOOK_KEY, **variables}
        names.setdefault("WEBHOOK_ALLOW", "127.0.0.0/8")
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "app", "worker"],
                cwd=ROOT,
                env=environment(**names),
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def alices(server, fresh, alice):
    with client_of(server.service_url(fresh), alice) as client:
        yield client


@pytest.fixture
def owner(server, fresh):
    session = Session(server.superuser_url(fresh))
    yield session
    session.close()
