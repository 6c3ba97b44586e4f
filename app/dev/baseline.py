"""``db/audit/baseline.sql``: every object of a freshly migrated database, for the audit to compare with."""

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg

_HEADER = """\
-- What a freshly migrated database has, as audit.objects says: the audit is the difference from it.
-- Written by make schema. "since": the first PostgreSQL with an attribute; "optional": may be missing.
select set_config('audit.baseline', $baseline$[
"""
_FOOTER = "\n]$baseline$, true) is not null as baseline \\gset\n"
# PostgreSQL 15 prints these otherwise than later releases; it compares their words.
_SINCE = {"body": 16}
_OWNER = "the database's owner"
# Those that db/README.md advises. Where the role that migrates is a superuser, the migrations make them.
_ADVISED = {"log_error_verbosity": "terse", "log_min_error_statement": "panic"}


def write_baseline(url: str, path: Path) -> None:
    """Write the objects of the database at ``url``, which has just been migrated."""
    lines = (json.dumps(entry, ensure_ascii=False) for entry in asyncio.run(_read(url)))
    path.write_text(_HEADER + ",\n".join(lines) + _FOOTER)


async def _read(url: str) -> list[dict[str, Any]]:
    connection = await asyncpg.connect(url, server_settings={"search_path": ""})
    try:
        rows = await connection.fetch("select kind, name, definition from audit.objects")
    finally:
        await connection.close()
    entries = {
        (row["kind"], row["name"]): _entry(row["kind"], row["name"], json.loads(row["definition"]))
        for row in rows
        if _belongs(row["kind"], row["name"])
    }
    for role in ("task_api", "task_worker"):
        for setting, value in _ADVISED.items():
            name = f"{setting} of {role} in every database"
            advised = {"kind": "setting", "name": name, "definition": {"value": value}, "optional": True}
            entries["setting", name] = advised
    return [entries[key] for key in sorted(entries)]


def _entry(kind: str, name: str, definition: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = {"kind": kind, "name": name, "definition": definition}
    since = {key: release for key, release in _SINCE.items() if key in definition and "words" in definition}
    if since:
        entry["since"] = since
    # A superuser may own the database, who needs no role of Duly.
    if kind in ("role", "membership") and name.startswith(_OWNER):
        entry["optional"] = True
    return entry


def _belongs(kind: str, name: str) -> bool:
    """Roles are the whole server's: others of the developer's server are none of Duly's."""
    if kind in ("role", "membership", "setting"):
        return name.startswith(("task_", _OWNER)) or " of task_" in name
    return True
