"""Deleting every trace of a user."""

import asyncio
import json
from typing import Any

import asyncpg


def forget_user(superuser: str, user: str) -> list[str]:
    """Delete every trace of a user, in one transaction; returns how many rows of each table.

    ``superuser`` is the URL of a role that row-level security does not hold.
    """
    counts: dict[str, int] = json.loads(asyncio.run(_fetch(superuser, "select api.forget_user($1)", user)))
    return [f"{count:6} {table}" for table, count in counts.items()]


async def _fetch(url: str, query: str, *arguments: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query, *arguments)
    finally:
        await connection.close()
