"""The service as it runs in production, for tests of what only a real server and real connections show."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2 as httpx
import pytest

from tests.client import Client, make_token
from tests.processes import serve
from tests.service.faults.cluster import Cluster


@pytest.fixture(scope="session")
def secret(settings) -> str:
    return settings.jwt_secret


@pytest.fixture(scope="session")
def service(settings) -> Iterator[str]:
    """The address of ``python -m app``."""
    with serve(settings.database_url, settings.jwt_secret) as address:
        yield address


@pytest.fixture
def over_http(service, secret) -> Iterator[Callable[[str], Client]]:
    """``over_http(alice)``: as ``client(alice)``, over real connections."""
    limits = httpx.Limits(max_connections=200)
    # Else each test loads the certificates of all authorities.
    with httpx.Client(base_url=service, limits=limits, timeout=30, verify=False) as http:
        yield lambda user: Client(http, make_token(user, secret))


@pytest.fixture
def cluster(folder: Path) -> Iterator[Cluster]:
    """A PostgreSQL of the test's own, to be killed."""
    cluster = Cluster(folder)
    yield cluster
    if cluster.runs():
        cluster.stop()
