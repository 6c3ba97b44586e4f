"""``make check-dump``: a dump of pg_dump, held against its database."""

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from app.admin.statement import fetch_value
from app.dev.postgres import BINARIES
from app.settings import SettingsError


def check_dump(owner: str, dump: str) -> list[str]:
    """Compare a dump of pg_dump with its database; returns the rows of each table in the dump.

    Raises:
        SettingsError: there is no such file, or the dump holds no task although the database does.
    """
    if not Path(dump).is_file():
        raise SettingsError("make check-dump dump=FILE: what pg_dump --format=custom wrote")
    program = BINARIES / "pg_restore"
    command: list[str | Path] = [program, "--data-only", "--schema=app", "--file=-", dump]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        rows = _count_rows(process.stdout)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, "pg_restore")
    # Planned, not counted: the owner, under forced row-level security, sees no row.
    estimate = "select greatest(reltuples, 0)::bigint from pg_class where oid = 'app.tasks'::regclass"
    if not rows.get("app.tasks") and fetch_value(owner, estimate):
        raise SettingsError(
            f"{dump} holds no task, though the database does. Row-level security held the role that made it: "
            "dump as a superuser, or as a role with BYPASSRLS, and without --enable-row-security"
        )
    return [f"{count:8} {table}" for table, count in sorted(rows.items())]


def _count_rows(lines: Iterable[str]) -> dict[str, int]:
    """The rows of each COPY in a dump as text."""
    rows: dict[str, int] = {}
    table = ""
    for line in lines:
        if table:
            if line == "\\.\n":
                table = ""
            else:
                rows[table] += 1
        elif copied := re.match(r"COPY (\S+) ", line):
            table = copied[1]
            rows[table] = 0
    return rows
