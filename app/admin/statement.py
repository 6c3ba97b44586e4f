"""One statement, on a connection of its own."""

import asyncio
from typing import Any

import asyncpg


def fetch_value(url: str, query: str, *arguments: str) -> Any:
    """The first value of the first row. Raises OSError or asyncpg.PostgresError."""
    return asyncio.run(_fetch_value(url, query, *arguments))


async def _fetch_value(url: str, query: str, *arguments: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query, *arguments)
    finally:
        await connection.close()
