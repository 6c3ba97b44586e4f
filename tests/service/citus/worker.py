"""A worker of the cluster that can be killed, and started again."""

import os
import signal
from pathlib import Path

from app.dev import postgres
from tests.processes import wait_until
from tests.servers import Server


class Worker:
    """A server on this machine, known by its URL; what it needs to start again it says itself."""

    def __init__(self, server: Server) -> None:
        self.place = server.place
        self._server = server
        self._folder = Path(server.execute("show data_directory"))
        self._program = Path(server.execute("select setting from pg_config where name = 'BINDIR'")) / "pg_ctl"

    @property
    def is_here(self) -> bool:
        """Whether its processes and its files are of this machine."""
        return (self._folder / "postmaster.pid").exists() and self._program.exists()

    def kill(self) -> None:
        """SIGKILL to its first process; the others end with it."""
        pid = int((self._folder / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not Path(f"/proc/{pid}").exists())

    def start(self) -> None:
        """Start it, and wait until it answers."""
        owner = self._folder.stat()
        account = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
        if os.geteuid() != 0:
            account = {}
        log = self._folder / "log of a test"
        postgres.control(account, self._program, "-D", self._folder, "-l", log, "-w", "start")

    def runs(self) -> bool:
        """Whether it answers."""
        return self._server.answers()
