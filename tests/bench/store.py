"""The server that is measured on: the embedded one, with data of its own that are kept for the next run."""

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil

from app.admin.migrate import migrate
from app.dev import postgres
from app.dev.project import DATA, ROOT
from tests.bench.rows import Population, fill, fill_peer
from tests.servers import Server

# Durable as in production, with a quarter of the usual memory for buffers; the same for all who are compared.
# Checkpoints are
# kept out of the short rounds; nothing else is tuned.
OPTIONS = (
    "-c shared_buffers=4GB",
    "-c max_wal_size=16GB",
    "-c checkpoint_timeout=1h",
    "-c max_connections=200",
    "-c autovacuum_naptime=15s",
)
_FOLDER = DATA / "bench"
_MIGRATIONS = sorted((ROOT / "db" / "migrations").glob("*.sql"))
_TABLES = {name: Path(__file__).parent / name / "schema.sql" for name in ("peer", "postgraphile")}


@dataclass(frozen=True)
class Store:
    """A server with databases filled for measurements."""

    server: Server
    sockets: str

    @property
    def postmaster(self) -> psutil.Process:
        """The parent of all processes of the server."""
        return psutil.Process(int((_FOLDER / "data" / "postmaster.pid").read_text().split()[0]))

    @property
    def version(self) -> str:
        """The server's version, and whether its memory is in huge pages, without which each new page that
        a backend reads costs.
        """
        pages = self.server.execute("show huge_pages_status")
        return f"{self.server.execute('show server_version')} (huge pages: {pages})"

    def filled(self, population: Population, keep: bool = True) -> str:
        """A database of Duly with these rows: a fresh copy of one that is kept, or the one itself."""
        return self._filled("duly", _MIGRATIONS, population, keep)

    def filled_table(self, name: str, population: Population) -> str:
        """A database of another contender, "peer" or "postgraphile", with the same rows."""
        return self._filled(name, [_TABLES[name]], population, True)

    def databases(self, prefix: str) -> list[str]:
        names = self.server.execute(
            f"select coalesce(array_agg(datname::text), '{{}}') from pg_database "
            f"where starts_with(datname, '{prefix}')"
        )
        return list(names)

    def drop(self, database: str) -> None:
        self.server.execute(f"drop database if exists {database} with (force)")

    def _filled(self, name: str, sources: list[Path], population: Population, keep: bool) -> str:
        text = "".join(path.read_text() for path in [*sources, Path(__file__).parent / "rows.py"])
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        template = f"{name}_{digest}_{hashlib.sha256(repr(population).encode()).hexdigest()[:6]}"
        # What older migrations made is of no more use.
        for old in self.databases(f"{name}_"):
            if not old.startswith(f"{name}_{digest}"):
                self.drop(old)
        if not self.server.has_database(template):
            made = f"{template}_new"
            self.drop(made)
            postgres.create_database(self.sockets, made)
            url = self.server.superuser_url(made)
            if name == "duly":
                migrate(self.server.owner_url(made))
                asyncio.run(fill(url, population))
            else:
                asyncio.run(run_script(url, _TABLES[name].read_text()))
                asyncio.run(fill_peer(url, population))
            self.server.execute("checkpoint")
            self.server.execute(f"alter database {made} rename to {template}")
        if not keep:
            return template
        copy = f"{name}_bench"
        self.drop(copy)
        self.server.execute(
            f"create database {copy} template {template} owner {postgres.OWNER} strategy file_copy"
        )
        self.server.execute(f"revoke temporary on database {copy} from public")
        return copy


async def run_script(url: str, script: str) -> None:
    """Run several statements."""
    connection = await asyncpg.connect(url)
    await connection.execute(script)
    await connection.close()


@contextmanager
def start() -> Iterator[Store]:
    """The server, for as long as it is measured."""
    with postgres.postgres(_FOLDER, *OPTIONS) as sockets:
        yield Store(Server(postgres.url(sockets, "postgres", "postgres")), sockets)
