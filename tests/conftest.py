"""Fixtures that speak: ``alice`` and ``bob``, ``client(alice)``, ``as_user(alice)``, on a migrated
database.
"""

import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import astuple
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from hypothesis import settings as hypothesis_settings

from app.dev.spread import spread
from app.main import create_app
from app.settings import Settings
from tests.client import SECRET, WEBHOOK_KEY, Client, make_token, running
from tests.servers import CitusCluster, Server, start_server, uses_container
from tests.service.pooler.crowd import crowd
from tests.service.pooler.pgbouncer import pgbouncer
from tests.sql import Session, sessions_at

# What is drawn at random is the same in each run, so a test that fails is one that the last change broke.
# --hypothesis-profile=others draws other examples each time, to find what was always wrong.
hypothesis_settings.register_profile("others", print_blob=True)
hypothesis_settings.register_profile("same", derandomize=True)
hypothesis_settings.load_profile("same")

_number = itertools.count(1)
_shared = ExitStack()
"""Of pytest-xdist's controller: the container that all of its workers use."""


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Start the container once, in pytest-xdist's controller, and tell each worker of it.

    The embedded server needs no such care: its users share it by locks, and the last one stops it.
    """
    if uses_container():
        if not hasattr(node.config, "server"):
            node.config.server = _shared.enter_context(start_server())
        node.workerinput["server"] = astuple(node.config.server)


def pytest_unconfigure() -> None:
    _shared.close()


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A PostgreSQL server; tests/README.md says where it comes from."""
    shared = getattr(request.config, "workerinput", {}).get("server")
    if shared:
        yield (CitusCluster if os.environ.get("TEST_CITUS_IMAGE") else Server)(*shared)
        return
    with start_server() as server:
        yield server


@pytest.fixture(scope="session")
def template(server: Server) -> str:
    """The name of a database as the migrations make it; kept for as long as they stay the same."""
    return server.create_template()


@pytest.fixture(scope="session")
def new_database(server: Server, template: str) -> Iterator[Callable[[], str]]:
    """Makes a database of its own, for a test that changes what others rely on; returns its name."""
    made = []

    def create() -> str:
        made.append(f"duly_test_{os.getpid()}_{next(_number)}")
        server.create_database(made[-1], template)
        return made[-1]

    yield create
    for name in made:
        server.drop_database(name)


@pytest.fixture(scope="session")
def database(server: Server, new_database: Callable[[], str]) -> str:
    """The name of the database that tests share, each with users of its own.

    With TEST_SPREAD=1 it has db/citus/spread.sql, but for what only Citus can do.
    """
    name = new_database()
    if os.environ.get("TEST_SPREAD"):
        spread(server.superuser_url(name), plain=True)
    return name


@pytest.fixture
def alice() -> str:
    return f"alice {next(_number)}"


@pytest.fixture
def bob() -> str:
    return f"bob {next(_number)}"


@pytest.fixture(scope="session")
def database_url(server: Server, database: str) -> Iterator[str]:
    """What the service connects to.

    With TEST_POOLER=pgbouncer it leads through a pooler that others use at the same time.
    """
    url = server.service_url(database)
    if os.environ.get("TEST_POOLER") != "pgbouncer":
        yield url
        return
    with pgbouncer(url, connections=2) as pooled, crowd(pooled):
        yield pooled


@pytest.fixture
def folder() -> Iterator[Path]:
    """A new folder for a PostgreSQL, which does not run as root.

    Unlike ``tmp_path``: the next run of pytest would close its parents to every other account.
    """
    with tempfile.TemporaryDirectory(prefix="duly-") as name:
        yield Path(name)


@pytest.fixture(scope="session")
def settings(database_url: str) -> Settings:
    return Settings(database_url=database_url, jwt_secret=SECRET, webhook_key=(WEBHOOK_KEY,))


@pytest.fixture(scope="session")
def http(settings: Settings) -> Iterator[httpx.Client]:
    """The application, in this process; without a token."""
    with running(create_app(settings)) as client:
        yield client


@pytest.fixture
def client(http: httpx.Client) -> Callable[[str], Client]:
    """``client(alice)``: HTTP as alice."""
    return lambda user: Client(http, make_token(user, SECRET))


@pytest.fixture
def as_user(server: Server, database: str) -> Iterator[Callable[[str | None], Session]]:
    """``as_user(alice)``: SQL as the role task_api, with app.user_id set to alice for the session."""

    def url_of(user: str | None) -> str:
        home = server.home_of(user, database) if user else server
        return home.service_url(database)

    with sessions_at(url_of) as connect:
        yield connect


@pytest.fixture
def one_machine(server: Server) -> None:
    """Skips a test that asks for rows without naming their user, which several machines refuse."""
    if isinstance(server, CitusCluster):
        pytest.skip("it asks for rows of all machines")


@pytest.fixture
def as_superuser(server: Server, database: str) -> Iterator[Session]:
    """SQL as the server's superuser, whom row-level security does not hold."""
    session = Session(server.superuser_url(database))
    yield session
    session.close()
