"""The rows over several machines, with Citus: see db/README.md, beyond one machine."""

import asyncio
import re
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from app.admin.statement import fetch_value
from app.files import DATABASE_FILES, MIGRATIONS
from app.settings import SettingsError

_FILE = DATABASE_FILES / "citus" / "spread.sql"
_IS_SPREAD = """
  select to_regnamespace('spread') is not null and exists (select from pg_extension where extname = 'citus')
"""
_TURN = "select pg_advisory_lock(hashtextextended('duly migrate', 0))"
# Nobody queues up for long behind a change of a table; and each statement sees what the one before has made
# on the other machines.
_SETTINGS = """
  set lock_timeout = '5s';
  set citus.enable_unsafe_triggers = on;
  set citus.multi_shard_modify_mode = 'sequential';
"""
_UP, _DOWN = "-- migrate:up", "-- migrate:down"
_COPY = re.compile(r"^-- begin db/functions/\S+\n.*?^-- end db/functions/\S+\n", re.M | re.S)
_STATEMENT = re.compile(r"(?:--[^\n]*|'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$|[^;])+?(?:;|\Z)", re.S)
_ROUTINE = re.compile(r"(?:\s|--[^\n]*\n)*drop (?:function|view)\b")


def spread(superuser: str, *, plain: bool = False, psql: str | Path = "psql") -> None:
    """Apply db/citus/spread.sql to the database of the coordinator; it says what failed, and where.

    ``plain``: to a database without Citus, for the tests.

    Raises:
        SettingsError: there is no psql.
        subprocess.CalledProcessError: a statement failed.
    """
    if shutil.which(psql) is None:
        raise SettingsError("psql is missing: on Debian and Ubuntu, apt install postgresql-client")
    command: list[str | Path] = [psql, superuser, "-X", "-f", _FILE]
    subprocess.run([*command, *(("-v", "plain=1") if plain else ())], check=True)


def is_spread(url: str) -> bool:
    """Whether the database is the coordinator's, and spread."""
    return bool(fetch_value(url, _IS_SPREAD))


def migrate_spread(
    superuser: str, command: str, migrations: Path = MIGRATIONS, psql: str | Path = "psql"
) -> list[str]:
    """Apply the pending migrations, or take the last one back, then spread again; returns the file names.

    dbmate sends a migration as one string, which Citus refuses. Here each is a transaction, too, and one
    statement is sent after the other: tables are changed on all machines as task_owner, which may log in
    meanwhile; functions only here, because their owners may not, and db/citus/spread.sql carries them over.

    Raises:
        SettingsError: the command is neither migrate nor rollback.
        asyncpg.PostgresError: a statement failed; its migration has changed nothing.
        subprocess.CalledProcessError: db/citus/spread.sql failed, and said where.
    """
    if command not in ("migrate", "rollback"):
        raise SettingsError(f"a database that is spread knows migrate and rollback, and no {command}")
    files = {path.name.partition("_")[0]: path for path in sorted(migrations.glob("*.sql"))}
    versions = asyncio.run(_migrate(superuser, command == "rollback", files))
    if versions:
        spread(superuser, psql=psql)
    return [files[version].name for version in versions]


async def _migrate(superuser: str, back: bool, files: Mapping[str, Path]) -> list[str]:
    """Returns the versions that were applied, or taken back."""
    connection = await asyncpg.connect(superuser)
    try:
        await connection.execute(_TURN)
        await connection.execute(_SETTINGS)
        query = "select version from public.schema_migrations order by version"
        known = [row["version"] for row in await connection.fetch(query)]
        wanted = known[-1:] if back else [version for version in files if version not in known]
        if missing := [version for version in wanted if version not in files]:
            raise SettingsError(f"the migration {missing[0]} is not among the files, so nothing was changed")
        if wanted:
            async with _task_owner(superuser, "login"):
                for version in wanted:
                    await _apply(connection, version, files[version], back)
                    print(f"{'Rolled back' if back else 'Applied'}: {files[version].name}", flush=True)
        return wanted
    finally:
        await connection.close()


async def _apply(connection: asyncpg.Connection, version: str, file: Path, back: bool) -> None:
    text = await asyncio.to_thread(file.read_text)
    up, _, down = text.partition(_DOWN)
    async with connection.transaction():
        for statement, is_local in statements(down if back else up.removeprefix(_UP)):
            propagated = "off" if is_local else "on"
            await connection.execute(f"set local citus.enable_ddl_propagation = {propagated}")
            await connection.execute(statement)
        await connection.execute("reset role")
        noted = "insert into public.schema_migrations values ($1)"
        if back:
            noted = "delete from public.schema_migrations where version = $1"
        await connection.execute(noted, version)


def statements(text: str) -> Iterator[tuple[str, bool]]:
    """The statements of one direction of a migration; with each, whether it is for this machine alone.

    That are those which make or drop functions and views.
    """
    place = 0
    for copy in [*_COPY.finditer(text), None]:
        written_by_hand = text[place : copy.start() if copy else None]
        for found in _STATEMENT.finditer(written_by_hand):
            if re.sub(r"--[^\n]*|[\s;]", "", found[0]):
                yield found[0], bool(_ROUTINE.match(found[0]))
        if copy:
            yield copy[0], True
            place = copy.end()


def rebalance(superuser: str, drain: str | None = None) -> None:
    """Move users between the machines, while they work, until each has its part; prints each move.

    ``drain``: host:port of a machine that is to have none any more. While users move, task_owner may log in
    and row-level security does not hold it: PostgreSQL copies no rows past forced row-level security. That
    ends with this call, also by SIGINT and SIGTERM; and after a kill with spread.

    Raises:
        SettingsError: ``drain`` is no host:port.
        asyncpg.PostgresError: a move failed; the users that were moved before have moved.
    """
    host, colon, port = (drain or ":0").rpartition(":")
    if not (colon and port.isdecimal()):
        raise SettingsError(f"a machine is given as host:port, as in pg_dist_node, and not as {drain}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    asyncio.run(_rebalance(superuser, host, int(port)))


async def _rebalance(superuser: str, host: str, port: int) -> None:
    connection = await asyncpg.connect(superuser)
    connection.add_log_listener(lambda _, message: print(message.message, flush=True))
    try:
        async with _task_owner(superuser, "login bypassrls"):
            if host:
                await connection.execute(
                    "select citus_drain_node($1, $2, shard_transfer_mode => 'force_logical')", host, port
                )
            else:
                await connection.execute(
                    "select rebalance_table_shards(shard_transfer_mode => 'force_logical')"
                )
    finally:
        connection.terminate()


@asynccontextmanager
async def _task_owner(superuser: str, rights: str) -> AsyncIterator[None]:
    """Let task_owner log in, from machine to machine, until the context ends."""
    await _execute(superuser, f"alter role task_owner {rights}")
    try:
        yield
    finally:
        await _execute(superuser, "alter role task_owner nologin nobypassrls")


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
