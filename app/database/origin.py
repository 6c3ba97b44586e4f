"""Databases of releases before 1.0: their migrations had the same numbers and said something else."""

from typing import Protocol

_MADE_BEFORE = """
  select coalesce(obj_description(oid, 'pg_namespace'), '') not like 'Duly 1:%'
  from pg_catalog.pg_namespace where nspname = 'app'
"""
CURE = (
    "this database was made by a release before 1.0, and can't be migrated. Export its tasks, create a new "
    "database and import them there: see Upgrades in app/server/README.md"
)


class Connection(Protocol):
    """What is needed of a connection."""

    async def fetchval(self, query: str) -> object: ...


async def is_before_1_0(connection: Connection) -> bool:
    """Whether the tables of the database come from a release before 1.0; False where there are none."""
    return bool(await connection.fetchval(_MADE_BEFORE))
