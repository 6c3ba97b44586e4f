"""Where the tests' PostgreSQL comes from: TEST_DATABASE_URL, Testcontainers, or the embedded server, in this order."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from app import local, postgres

_PASSWORD = "only-for-tests"


@dataclass(frozen=True)
class Server:
    """A server, by the URL of a superuser of it."""

    url: str

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
            self.execute(f"revoke temporary on database {name} from public")

    def _url_of(self, role: str, database: str) -> str:
        parts = urlsplit(self.url)
        place = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{role}:{_PASSWORD}@{place}", path=f"/{database}"))


@contextmanager
def start_server() -> Iterator[Server]:
    """The server for a run of the tests."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield Server(given)
        return
    with postgres.postgres(local.FOLDER / "tests", "-c fsync=off") as sockets:
        yield Server(postgres.url(sockets, "postgres", "postgres"))
