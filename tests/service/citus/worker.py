"""A worker of the cluster that can be killed, and started again."""

import contextlib
import os
import signal
from pathlib import Path
from typing import Any

from app.dev import postgres
from tests.processes import wait_until
from tests.servers import Server


class Worker:
    """A server on this machine, or in a container of it; what it needs to start again it says itself."""

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


class ContainedWorker:
    """The same in a container of Docker."""

    def __init__(self, server: Server, container: str) -> None:
        self.place = server.place
        self._server = server
        self._container = container

    def kill(self) -> None:
        self._ask("kill")

    def start(self) -> None:
        self._ask("start")
        wait_until(self.runs)

    def runs(self) -> bool:
        return self._server.answers()

    def _ask(self, what: str) -> None:
        import docker

        with contextlib.closing(docker.from_env()) as client:
            getattr(client.containers.get(self._container), what)()


def find_worker(server: Server) -> Worker | ContainedWorker | None:
    """The worker behind a server, if a test can kill it."""
    worker = Worker(server)
    if worker.is_here:
        return worker
    container = _container_at(server.place.partition(":")[0])
    return ContainedWorker(server, container) if container else None


def _container_at(address: str) -> str | None:
    """The id of the container with this address on a network of Docker."""
    import docker

    try:
        with contextlib.closing(docker.from_env()) as client:
            for container in client.containers.list():
                networks: dict[str, Any] = container.attrs["NetworkSettings"]["Networks"]
                if address in [network["IPAddress"] for network in networks.values()]:
                    return str(container.id)
    except docker.errors.DockerException:
        pass
    return None
