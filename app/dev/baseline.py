"""What the audit compares a database with: ``db/audit/baseline.sql`` and, beside it, ``spread.sql``.

The first lists every object of a freshly migrated database, the second what db/citus/spread.sql changes.
"""

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg

from app.database.baseline import read_baseline

_HEADER = """\
-- What a freshly migrated database has, as audit.objects says: the audit is the difference from it.
-- Written by make schema. "since": the first PostgreSQL with an attribute; "optional": may be missing.
select set_config('audit.baseline', $baseline$[
"""
_SPREAD_HEADER = """\
-- What db/citus/spread.sql adds to baseline.sql and changes in it. Written by make schema. An entry without a
-- definition: what goes. With the extension Citus, "citus" replaces attributes; "only": expected there alone;
-- "not compared": what each release of Citus has its own of.
select set_config('audit.spread', $baseline$[
"""
_SPREAD_FOOTER = """
]$baseline$, true) is not null as spread \\gset
select set_config('audit.baseline', (
  with changed as (
    select value as entry from jsonb_array_elements(current_setting('audit.spread')::jsonb)
  )
  select jsonb_agg(entry) from (
    select value as entry from jsonb_array_elements(current_setting('audit.baseline')::jsonb)
    where (value ->> 'kind', value ->> 'name') not in (
      select entry ->> 'kind', entry ->> 'name' from changed)
    union all
    select entry from changed where entry ? 'definition'
  ) as merged
)::text, true) is not null as baseline \\gset
"""
# Each machine logs in to the others as the role that asks. task_owner may not, but while users are moved.
_ON_CITUS: tuple[dict[str, Any], ...] = (
    *(
        {"kind": "privilege", "name": f"connect on database this for {role}", "definition": {}}
        for role in ("task_owner", "task_porter")
    ),
    *(
        {
            "kind": "extension",
            "name": name,
            "definition": {"schema": "pg_catalog"},
            "not compared": ["functions to look at", "members"],
            "optional": name != "citus",
        }
        for name in ("citus", "citus_columnar")
    ),
)
_FOOTER = "\n]$baseline$, true) is not null as baseline \\gset\n"
# PostgreSQL 15 prints these otherwise than later releases; it compares their words.
_SINCE = {"body": 16}
_OWNER = "the database's owner"
# Those that db/README.md advises. Where the role that migrates is a superuser, the migrations make them.
_ADVISED = {"log_error_verbosity": "terse", "log_min_error_statement": "panic"}


def write_baseline(url: str, path: Path) -> None:
    """Write the objects of the database at ``url``, which has just been migrated."""
    path.write_text(_HEADER + _lines(asyncio.run(_read(url))) + _FOOTER)


def write_spread_baseline(url: str, path: Path, plain: Path) -> None:
    """Write how the database at ``url``, which has db/citus/spread.sql, differs from a baseline."""
    before = {(entry["kind"], entry["name"]): entry for entry in read_baseline(plain)}
    after = {(entry["kind"], entry["name"]): entry for entry in asyncio.run(_read(url))}
    porter = after["role", "task_porter"]
    after["role", "task_porter"] = {**porter, "citus": {"login": True}}
    for entry in _ON_CITUS:
        after[entry["kind"], entry["name"]] = {**entry, "only": "citus"}
    gone = [{"kind": kind, "name": name} for kind, name in sorted(before.keys() - after.keys())]
    changed = [entry for key, entry in sorted(after.items()) if before.get(key) != entry]
    path.write_text(_SPREAD_HEADER + _lines([*gone, *changed]) + _SPREAD_FOOTER)


def _lines(entries: list[dict[str, Any]]) -> str:
    return ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)


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
