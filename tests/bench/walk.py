"""A first walk through ``GET /changes``, as a client that synchronises makes it: everything, by pages."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

PAGE = 500


@dataclass(frozen=True)
class Walk:
    """``bytes`` are those of the bodies, uncompressed; ``postgres_cpu`` is in seconds."""

    tasks: int
    pages: int
    seconds: float
    postgres_cpu: float
    bytes: int


def measure(url: str, token: str, postgres_cpu: Callable[[], float]) -> Walk:
    """Read every page of the user, one after the other.

    Raises:
        RuntimeError: an answer is not 200.
    """
    address = urlsplit(url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=60)
    parameters: dict[str, object] = {"limit": PAGE}
    tasks = pages = size = 0
    more = True
    cpu, start = postgres_cpu(), time.perf_counter()
    while more:
        connection.request(
            "GET", f"/changes?{urlencode(parameters)}", None, {"Authorization": f"Bearer {token}"}
        )
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"GET /changes: {response.status} {body[:500]!r}")
        page = json.loads(body)
        tasks, pages, size = tasks + len(page["changed"]), pages + 1, size + len(body)
        more = page["has_more"]
        parameters["since"] = page["next"]
    seconds = time.perf_counter() - start
    connection.close()
    return Walk(tasks, pages, seconds, postgres_cpu() - cpu, size)
