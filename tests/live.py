"""The service as it runs in production: processes of its own, on a port of loopback."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2 as httpx

from app.dev import commands
from tests.environment import environment


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def serve(database_url: str, secret: str, **variables: str) -> Iterator[str]:
    """Run ``python -m app`` with these settings, and yield its address once it answers."""
    port = free_port()
    variables = {"DATABASE_URL": database_url, "JWT_SECRET": secret, "PORT": str(port), **variables}
    service = subprocess.Popen([sys.executable, "-m", "app"], cwd=commands.ROOT, env=environment(**variables))
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                httpx.get(f"{address}/health")
                break
            except httpx.TransportError:
                assert service.poll() is None, "the service has ended"
                assert time.monotonic() < deadline, "the service does not answer"
                time.sleep(0.05)
        yield address
    finally:
        service.terminate()
        service.wait(20)
