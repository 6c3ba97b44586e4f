"""The one way to start a process in a test: ``serve`` or ``Service`` for the service, ``run_module`` for the
rest.

A process finds the variables that its test names in its environment, and nothing of the developer's own.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx2 as httpx

from app.dev.project import ROOT
from tests.client import SECRET

PATIENCE = 60.0
"""Seconds until a test gives up, whatever it waits for."""


def environment(**variables: object) -> dict[str, str]:
    """PATH, these variables, and those by which coverage is measured in other processes too."""
    kept = {
        name: value for name, value in os.environ.items() if name == "PATH" or name.startswith("COVERAGE_")
    }
    return kept | {name: str(value) for name, value in variables.items()}


def free_port() -> int:
    """A port of loopback without a listener at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until(done: Callable[[], object], patience: float = PATIENCE) -> float:
    """Wait until a condition holds; returns the seconds that it took."""
    start = time.monotonic()
    while not done():
        assert time.monotonic() - start < patience, "it takes too long"
        time.sleep(0.02)
    return time.monotonic() - start


def run_module(
    name: str, *arguments: str, folder: Path = ROOT, user: str | None = None, **variables: object
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m name`` to its end, and keep its output; ``user`` is the system's account."""
    known = environment(**variables)
    if user:
        # Another account can't write the coverage data.
        known = {name: value for name, value in known.items() if not name.startswith("COVERAGE_")}
    return subprocess.run(
        [sys.executable, "-m", name, *arguments],
        cwd=folder, env=known, user=user, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip


def run_suite(*tests: str, **variables: str) -> None:
    """Run tests of this project once more, with these variables beside the present ones; they must pass."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    known = {**os.environ, **variables}
    done = subprocess.run(command, cwd=ROOT, env=known, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-10_000:]


def start_module(
    name: str,
    *arguments: str,
    folder: Path = ROOT,
    stderr: IO[str] | None = None,
    **variables: object,
) -> subprocess.Popen[str]:
    """Start ``python -m name`` in a session of its own; its output can be read while it runs."""
    return subprocess.Popen(
        [sys.executable, "-m", name, *arguments],
        cwd=folder, env=environment(**variables), stdout=subprocess.PIPE, stderr=stderr, text=True,
        start_new_session=True,
    )  # fmt: skip


def processes_of(folder: Path) -> list[int]:
    """The processes that work in a folder or have it in their command line, except this one."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            known = (process / "cmdline").read_bytes() + os.fsencode(os.readlink(process / "cwd"))
        except OSError:
            continue
        if os.fsencode(folder) in known and int(process.name) != os.getpid():
            found.append(int(process.name))
    return found


class Service:
    """``python -m app`` as in production; a context manager that waits for its first answer and ends it.

    ``settings`` are environment variables; ``files`` is the soft limit of open files that it starts with.
    """

    def __init__(
        self,
        database_url: str,
        secret: str = SECRET,
        files: int | None = None,
        folder: Path = ROOT,
        **settings: object,
    ) -> None:
        self._folder = folder
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        limit = [] if files is None else ["sh", "-c", 'ulimit -S -n "$0" && exec "$@"', str(files)]
        self._command = [*limit, sys.executable, "-m", "app"]
        self._environment = environment(
            **{"DATABASE_URL": database_url, "JWT_SECRET": secret, "PORT": self.port, **settings}
        )

    def __enter__(self) -> "Service":
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.end()

    def start(self) -> None:
        """Start it, for the first time or after its end, and wait for its first answer."""
        self.process = subprocess.Popen(self._command, cwd=self._folder, env=self._environment)
        try:
            wait_until(self.answers)
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """End it in order, and by force where that takes half a minute."""
        workers = self.workers()
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(30)
        finally:
            self.process.kill()
            for pid in workers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def answers(self, path: str = "/health") -> bool:
        """Whether it answers with 200."""
        assert self.process.poll() is None, "the service has ended"
        try:
            # The certificates of all authorities take longer to load than the answer, and are of no use here.
            return httpx.get(self.address + path, timeout=5, verify=False).status_code == 200
        except httpx.TransportError:
            return False

    def workers(self) -> list[int]:
        """The ids of its worker processes, where there are several."""
        found = []
        for pid in _children(self.process.pid):
            try:
                if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(pid)
            except OSError:
                continue
        return found

    def files(self) -> int:
        """The number of files that its first process has open, connections among them."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def memory(self) -> int:
        """Resident bytes of all its processes."""
        pages = 0
        for pid in (self.process.pid, *self.workers()):
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def serve(database_url: str, secret: str = SECRET, folder: Path = ROOT, **settings: object) -> Iterator[str]:
    """Run the service with these settings, and yield its address."""
    with Service(database_url, secret, folder=folder, **settings) as service:
        yield service.address


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
