"""Where the tests' PostgreSQL comes from: TEST_DATABASE_URL, Testcontainers, or the embedded server, in this order."""

import asyncio
import gc
import os
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from app.dev import commands, postgres

# Another version's, for the server that TEST_DATABASE_URL names and for the faults; PostgreSQL's own tests call it PGBIN too.
BINARIES = Path(os.environ.get("TEST_PGBIN", postgres.BINARIES))
_PASSWORD = "only-for-tests"


@dataclass(frozen=True)
class Server:
    """A server, by the URL of a superuser of it."""

    url: str
    container: Any = None
    """Docker's, where it runs in one."""

    def superuser_url(self, database: str) -> str:
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{database}"))

    def owner_url(self, database: str) -> str:
        """The URL of an ordinary role that owns the database."""
        return self._url_of(postgres.OWNER, database)

    def service_url(self, database: str) -> str:
        """The URL of task_api."""
        return self._url_of("task_api", database)

    def execute(self, sql: str, database: str = "postgres") -> Any:
        """Run one statement as the superuser, and return its first value."""

        async def run() -> Any:
            connection = await asyncpg.connect(self.superuser_url(database))
            try:
                return await connection.fetchval(sql)
            finally:
                await connection.close()

        return asyncio.run(run())

    def dump(self, database: str) -> bytes:
        """What ``pg_dump`` of the server's own release writes.

        Another's won't do, even if it is newer: 15.20 keeps an option of its own on each column, ``pg_attver``. Its own pg_dump
        leaves it out; that of 18.6 writes it down, and no other server reads it.
        """
        if self.container:
            command = ["pg_dump", "--format=custom", "--username=postgres", database]
            status, (output, complaint) = self.container.exec_run(command, demux=True)
            assert status == 0, complaint
            return output
        program = BINARIES / "pg_dump"
        release = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
        if self.execute("show server_version").split()[0] != release.split()[2]:
            pytest.skip("the server's own pg_dump is needed: TEST_PGBIN names its folder")
        command = [program, "--format=custom", f"--dbname={self.superuser_url(database)}"]
        return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout

    def has_database(self, name: str) -> bool:
        return bool(self.execute(f"select 1 from pg_database where datname = '{name}'"))

    def create_database(self, name: str, template: str = "template0") -> None:
        if not self.execute(f"select 1 from pg_roles where rolname = '{postgres.OWNER}'"):
            self.execute(f"create role {postgres.OWNER} login createdb createrole password '{_PASSWORD}'")
        utf8 = "encoding 'UTF8' locale 'C.UTF-8'" if template == "template0" and "@/" not in self.url else ""
        self.execute(f"create database {name} owner {postgres.OWNER} template {template} {utf8}")
        if template != "template0":
            self.execute(f"alter role task_api password '{_PASSWORD}'")
            # What is granted on a database is not cloned with it.
            self.execute(f"revoke all on database {name} from public")
            self.execute(f"grant connect on database {name} to task_api, task_auditor")

    def _url_of(self, role: str, database: str) -> str:
        parts = urlsplit(self.url)
        place = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{role}:{_PASSWORD}@{place}", path=f"/{database}"))


@contextmanager
def start_server() -> Iterator[Server]:
    """The server for a run of the tests; TEST_BACKEND demands ``testcontainers`` or ``embedded`` where neither is to be guessed."""
    given, backend = os.environ.get("TEST_DATABASE_URL"), os.environ.get("TEST_BACKEND")
    if given:
        yield Server(given)
    elif backend == "testcontainers" or (backend != "embedded" and has_docker()):
        with start_container(os.environ.get("TEST_POSTGRES_IMAGE", "postgres:18")) as server:
            yield server
    else:
        with postgres.postgres(commands.FOLDER / "tests", "-c fsync=off") as sockets:
            yield Server(postgres.url(sockets, "postgres", "postgres"))


@contextmanager
def start_container(image: str) -> Iterator[Server]:
    """A server of its own in a container, on loopback."""
    os.environ.setdefault("TESTCONTAINERS_HOST_OVERRIDE", "localhost")
    from testcontainers.community.postgres import PostgresContainer

    container = PostgresContainer(
        image, username="postgres", password=_PASSWORD, dbname="postgres", driver=None
    )
    with container.with_command("postgres -c fsync=off -c max_connections=200") as running:
        url = f"postgresql://postgres:{_PASSWORD}@localhost:{running.get_exposed_port(5432)}/postgres"
        yield Server(url, running.get_wrapped_container())


def has_docker() -> bool:
    """Whether a Docker engine answers."""
    import docker

    # Where no engine listens, docker forgets to close its socket; pytest would blame whichever test runs when it is collected.
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        try:
            client = docker.from_env(timeout=3)
        except docker.errors.DockerException:
            client = None
        gc.collect()
    if client is None:
        return False
    try:
        return bool(client.ping())
    except (docker.errors.DockerException, OSError):
        return False
    finally:
        client.close()
