"""``direct_http``: HTTP for tests that send thousands of requests."""

from collections.abc import Iterator

import httpx2 as httpx
import pytest

from app.main import create_app
from app.settings import Settings
from tests.direct import call_directly


@pytest.fixture(scope="session")
def direct_http(settings: Settings) -> Iterator[httpx.Client]:
    """As ``http``, in the test's own thread: for one request after the other."""
    with call_directly(create_app(settings)) as client:
        yield client
