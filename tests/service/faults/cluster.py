"""A PostgreSQL of a test's own, to be killed, stopped and filled up; on a port of loopback and a Unix
socket.
"""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg

from app.admin.migrate import migrate
from app.dev import postgres
from tests.processes import free_port
from tests.servers import BINARIES
from tests.sql import Session

_DATABASE = "duly"


class Cluster:
    """A server with the migrations applied.

    It keeps what it has committed over a crash of its own, not of the machine.
    """

    def __init__(self, folder: Path, binaries: Path = BINARIES) -> None:
        """``binaries``: the folder of initdb, pg_ctl and postgres."""
        self.folder = folder
        self.port = free_port()
        self.binaries = binaries
        self._account = postgres.account_of(folder)
        self._control("initdb", "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
        self.start()
        self.execute(f"create role {postgres.OWNER} login createdb createrole", database="postgres")
        self.execute(f"create database {_DATABASE} owner {postgres.OWNER}", database="postgres")
        migrate(self.url(postgres.OWNER))

    def url(self, role: str, port: int | None = None, database: str = _DATABASE) -> str:
        return f"postgresql://{role}@127.0.0.1:{port or self.port}/{database}"

    def start(self) -> None:
        settings = (
            f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off -c "
            "max_connections=40"
        )
        # Small WAL files' worth of disk, for the test that fills it.
        settings += " -c shared_buffers=16MB -c min_wal_size=32MB -c max_wal_size=32MB"
        self._control("pg_ctl", "start", "-w", "-t", "60", "-l", self.folder / "log", "-o", settings)

    def stop(self, mode: str = "fast") -> None:
        self._control("pg_ctl", "stop", "-w", "-m", mode)

    def kill(self) -> None:
        """SIGKILL to every process of the server at once, as when memory runs out."""
        postmaster = int((self.folder / "data" / "postmaster.pid").read_text().split("\n")[0])
        os.kill(postmaster, signal.SIGSTOP)  # It must not start another while they are counted.
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for pid in (postmaster, *map(int, children)):
            os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while any(_lives(pid) for pid in (postmaster, *map(int, children))):
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def runs(self) -> bool:
        return postgres.succeeds(
            self._account, self.binaries / "pg_ctl", "status", "-D", self.folder / "data"
        )

    def execute(self, sql: str, *arguments: Any, database: str = _DATABASE) -> Any:
        """Run one statement as the superuser, and return its rows."""

        async def run() -> Any:
            connection = await asyncpg.connect(self.url("postgres", database=database))
            try:
                return await connection.fetch(sql, *arguments)
            finally:
                await connection.close()

        return asyncio.run(run())

    def connections(self) -> tuple[int, int]:
        """How many the service has, and how many of them wait for a lock."""
        sql = (
            "select count(*), count(*) filter (where wait_event_type = 'Lock') from pg_stat_activity "
            "where usename = 'task_api'"
        )
        return tuple(self.execute(sql)[0])

    @contextmanager
    def locked(self) -> Iterator[None]:
        """What a DBA does by mistake: a lock on the table, in a transaction that stays open."""
        session = Session(self.url("postgres"))
        try:
            session.execute("begin")
            session.execute("lock table app.tasks in access exclusive mode")
            yield
        finally:
            session.close()

    def _control(self, program: str, *arguments: str | Path) -> None:
        postgres.control(self._account, self.binaries / program, "-D", self.folder / "data", *arguments)


def _lives(pid: int) -> bool:
    # One that has ended and was not collected yet counts too: it would keep the next start from taking over
    # its lock file.
    return Path(f"/proc/{pid}").exists()
