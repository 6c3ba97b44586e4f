"""Fixtures that speak: a database made by the migrations, ``alice`` and ``bob``, ``client(alice)``, ``as_user(alice)``."""

import hashlib
import itertools
import os
from collections.abc import Callable, Iterator

import pytest
from starlette.testclient import TestClient

from app.dev import commands
from app.main import create_app
from app.settings import Settings
from tests.client import Client, make_token
from tests.servers import Server, start_server
from tests.service.pooler.crowd import crowd
from tests.service.pooler.pgbouncer import pgbouncer
from tests.sql import Session

SECRET = "a secret that only the tests know, of 32 bytes and more"
_MIGRATIONS = sorted((commands.ROOT / "db" / "migrations").glob("*.sql"))
_number = itertools.count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server; see tests/servers.py for where it comes from."""
    with start_server() as server:
        yield server


@pytest.fixture(scope="session")
def template(server: Server) -> str:
    """The name of a database as the migrations make it; kept for as long as they stay the same."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in _MIGRATIONS)).hexdigest()
    name = f"duly_template_{digest[:16]}"
    if not server.has_database(name):
        server.create_database(f"{name}_new")
        commands.migrate(server.owner_url(f"{name}_new"))
        server.execute(f"alter database {name}_new rename to {name}")
    return name


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
        server.execute(f"drop database {name} with (force)")


@pytest.fixture(scope="session")
def database(new_database: Callable[[], str]) -> str:
    """The name of the database that tests share, each with users of its own."""
    return new_database()


@pytest.fixture
def alice() -> str:
    return f"alice {next(_number)}"


@pytest.fixture
def bob() -> str:
    return f"bob {next(_number)}"


@pytest.fixture(scope="session")
def database_url(server: Server, database: str) -> Iterator[str]:
    """What the service connects to; with TEST_POOLER=pgbouncer, through a pooler that others use at the same time."""
    url = server.service_url(database)
    if os.environ.get("TEST_POOLER") != "pgbouncer":
        yield url
        return
    with pgbouncer(url, connections=2) as pooled, crowd(pooled):
        yield pooled


@pytest.fixture(scope="session")
def settings(database_url: str) -> Settings:
    return Settings(database_url=database_url, jwt_secret=SECRET)


@pytest.fixture(scope="session")
def http(settings: Settings) -> Iterator[TestClient]:
    """The application, in this process; without a token."""
    with TestClient(create_app(settings), raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


@pytest.fixture
def client(http: TestClient) -> Callable[[str], Client]:
    """``client(alice)``: HTTP as alice."""
    return lambda user: Client(http, make_token(user, SECRET))


@pytest.fixture
def as_user(server: Server, database: str) -> Iterator[Callable[[str | None], Session]]:
    """``as_user(alice)``: SQL as the role task_api, with app.user_id set to alice for the session."""
    sessions: list[Session] = []

    def connect(user: str | None) -> Session:
        sessions.append(Session(server.service_url(database)))
        if user is not None:
            sessions[-1].value("select set_config('app.user_id', $1, false)", user)
        return sessions[-1]

    yield connect
    for session in sessions:
        session.close()


@pytest.fixture
def as_superuser(server: Server, database: str) -> Iterator[Session]:
    """SQL as the server's superuser, whom row-level security does not hold."""
    session = Session(server.superuser_url(database))
    yield session
    session.close()
