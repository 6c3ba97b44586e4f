"""The service as it runs in production, and its workers."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx2 as httpx

from app.dev import commands
from tests.client import make_token
from tests.environment import environment
from tests.live import free_port

SECRET = "a secret that only the tests of faults know, 32 bytes"
POOL_SIZE = 10
"""Of each worker, unless a test sets another."""


class Service:
    """``python -m app`` in a process of its own; a context manager, which ends it."""

    def __init__(self, database_url: str, files: int | None = None, **settings: object) -> None:
        """``files``: how many the process may open unless it asks for more."""
        settings = {"POOL_SIZE": POOL_SIZE} | settings
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        limit = [] if files is None else ["sh", "-c", 'ulimit -S -n "$0" && exec "$@"', str(files)]
        self._command = [*limit, sys.executable, "-m", "app"]
        self._environment = environment(
            DATABASE_URL=database_url, JWT_SECRET=SECRET, PORT=self.port, **settings
        )

    def __enter__(self) -> "Service":
        self.process = subprocess.Popen(self._command, cwd=commands.ROOT, env=self._environment)
        wait_until(self.answers)
        return self

    def __exit__(self, *exception: object) -> None:
        workers = self.workers()
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(30)
        finally:
            for pid in (self.process.pid, *workers):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def answers(self, path: str = "/health") -> bool:
        assert self.process.poll() is None, "the service has ended"
        try:
            return httpx.get(self.address + path, timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def workers(self) -> list[int]:
        """The processes that serve, where there are several."""
        found = []
        for pid in _children(self.process.pid):
            try:
                if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(pid)
            except OSError:
                continue
        return found

    def files(self) -> int:
        """How many its first process has open, connections among them."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def memory(self) -> int:
        """Resident bytes of all its processes."""
        pages = 0
        for pid in (self.process.pid, *self.workers()):
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


def headers(user: str = "load") -> dict[str, str]:
    return {"Authorization": f"Bearer {make_token(user, SECRET)}", "Content-Type": "application/json"}


def wait_until(done: Callable[[], object], patience: float = 30) -> float:
    """The seconds that it took."""
    start = time.monotonic()
    while not done():
        assert time.monotonic() - start < patience, "it takes too long"
        time.sleep(0.02)
    return time.monotonic() - start


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
