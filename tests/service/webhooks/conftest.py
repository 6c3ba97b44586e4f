"""The worker in a process of its own, on a database of its own."""

import subprocess
import sys

import pytest
from starlette.testclient import TestClient

from app.dev import commands
from app.main import create_app
from app.settings import Settings
from tests.client import SECRET, WEBHOOK_KEY, Client, make_token
from tests.processes import environment
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
                cwd=commands.ROOT,
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
    settings = Settings(
        database_url=server.service_url(fresh),
        jwt_secret=SECRET,
        webhook_key=(WEBHOOK_KEY,),
        webhook_allow=("127.0.0.0/8",),
    )
    with TestClient(create_app(settings)) as http:
        yield Client(http, make_token(alice))


@pytest.fixture
def owner(server, fresh):
    session = Session(server.superuser_url(fresh))
    yield session
    session.close()
