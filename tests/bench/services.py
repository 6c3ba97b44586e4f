"""The services that are compared, each as uvicorn runs it in production, and what they use of the machine."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.dev.project import ROOT
from tests.bench.operations import SERIAL, Request
from tests.processes import free_port
from tests.wire import tap

POOL_SIZE = 2 * (os.cpu_count() or 1)
"""Connections to PostgreSQL of each service: more than twice its cores make each other's caches cold."""

SECRET = "a secret that only measurements know, of 32 bytes"


@dataclass(frozen=True)
class Service:
    """A running service."""

    name: str
    port: int
    process: psutil.Process
    seconds_to_start: float

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu_seconds(self) -> float:
        """What the service has used until now, with its workers."""
        return sum(cpu_seconds(process) for process in (self.process, *self.process.children(recursive=True)))

    def memory(self) -> int:
        """The resident bytes of its largest process."""
        return max(
            process.memory_info().rss for process in (self.process, *self.process.children(recursive=True))
        )


def settle(services: Iterable[Service]) -> None:
    """Wait until what an earlier run left to do is done, for at most half a minute."""
    deadline = time.monotonic() + 30
    before = float("-inf")
    while (
        now := sum(service.cpu_seconds() for service in services)
    ) - before > 0.03 and time.monotonic() < deadline:
        before = now
        time.sleep(0.1)


def cpu_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


DULY_COMMAND = (sys.executable, "-m", "app")


def uvicorn(application: str) -> tuple[str, ...]:
    """The command that serves an ASGI application."""
    quiet = ("--no-access-log", "--no-server-header", "--log-level", "warning")
    return sys.executable, "-m", "uvicorn", application, *quiet


@contextmanager
def serve(
    name: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    workers: int = 1,
    folder: Path = ROOT,
) -> Iterator[Service]:
    """Run the command in the folder, until the context ends."""
    port = free_port()
    variables = {
        "JWT_SECRET": SECRET,
        "PORT": str(port),
        "UVICORN_PORT": str(port),
        "WORKERS": str(workers),
        "POOL_SIZE": str(POOL_SIZE),
    }
    begun = time.monotonic()
    process = subprocess.Popen(
        command, cwd=folder, env={**os.environ, **variables, **environment}, start_new_session=True
    )
    try:
        _wait(process, port)
        yield Service(name, port, psutil.Process(process.pid), time.monotonic() - begun)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    """Until it answers, whatever it answers."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise RuntimeError(f"{process.args!r} does not answer")


def exchanges(url: str, requests: Mapping[str, Request], tokens: Sequence[str]) -> dict[str, tuple[int, int]]:
    """The statements and round trips of a request of Duly, by operation, counted on the wire to
    PostgreSQL.
    """
    counted = {}
    with (
        tap(url) as wire,
        serve("counted", DULY_COMMAND, {"DATABASE_URL": wire.url, "POOL_SIZE": "1"}) as service,
    ):
        for name, each in requests.items():
            # Twice, because a statement is prepared by its first use; what was completed is then opened and
            # completed again.
            for _ in range(3):
                wire.reset()
                body = each.body.replace(SERIAL, f"{time.monotonic_ns() % 10**8:08}").encode() or None
                headers = {"Authorization": f"Bearer {tokens[each.user]}", "Content-Type": "application/json"}
                request = urllib.request.Request(service.url + each.path, body, headers, method=each.method)
                urllib.request.urlopen(request, timeout=10).close()
            counted[name] = wire.statements, wire.round_trips
    return counted
