"""100 creates in one batch beside 100 requests, over one connection."""

import json
import time
from http.client import HTTPConnection
from statistics import median
from urllib.parse import urlsplit

ROUNDS = 5
SIZE = 100

_TASK = {"title": "Buy milk", "priority": "High", "tags": ["home"], "due_date": "2026-12-01T10:00:00Z"}
_BATCH = {"operations": [{"op": "create", "body": _TASK}] * SIZE}


def measure(url: str, token: str) -> list[tuple[str, str, str]]:
    """Name, median and longest time in milliseconds; the two take turns."""
    address = urlsplit(url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=60)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def send(path: str, body: object, count: int) -> float:
        start = time.perf_counter()
        for _ in range(count):
            connection.request("POST", path, json.dumps(body).encode(), headers)
            response = connection.getresponse()
            response.read()
            assert response.status in (200, 201), response.status
        return 1000 * (time.perf_counter() - start)

    taken = [(send("/tasks/batch", _BATCH, 1), send("/tasks", _TASK, SIZE)) for _ in range(ROUNDS)]
    connection.close()
    names = (f"{SIZE} creates in one batch", f"{SIZE} requests")
    return [
        (name, f"{median(times):.1f}", f"{max(times):.1f}")
        for name, times in zip(names, zip(*taken, strict=True), strict=True)
    ]
