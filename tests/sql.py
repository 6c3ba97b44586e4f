"""A connection for tests that speak SQL, without async."""

import asyncio
from typing import Any

import asyncpg


class Session:
    """One connection, with its own event loop."""

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self._connection = self._runner.run(asyncpg.connect(url))

    def execute(self, sql: str, *arguments: Any) -> str:
        """Run a statement; returns its tag, for example ``DELETE 1``."""
        return self._runner.run(self._connection.execute(sql, *arguments))

    def rows(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        return self._runner.run(self._connection.fetch(sql, *arguments))

    def column(self, sql: str, *arguments: Any) -> list[Any]:
        return [row[0] for row in self.rows(sql, *arguments)]

    def value(self, sql: str, *arguments: Any) -> Any:
        return self._runner.run(self._connection.fetchval(sql, *arguments))

    def close(self) -> None:
        self._runner.run(self._connection.close())
        self._runner.close()
