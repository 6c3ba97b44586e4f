"""A connection to PostgreSQL that works through a transaction pooler too, PgBouncer or Neon's, without being told."""

from itertools import count
from typing import Any

import asyncpg


class Connection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """Prepares each statement once, and gives it a name only where no pooler stands in between.

    Behind a pooler each transaction may run on another server connection, where the same name may mean
    another worker's statement: a GET could run that worker's DELETE. There asyncpg sends the text of an
    unnamed statement with each call, in the same packet as its arguments: it parses it again, in the same
    single round trip. That holds with ``statement_cache_size=0``, which must be given to asyncpg.connect.
    """

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._direct = False
        self._numbers = count(1)
        self._prepared: dict[str, asyncpg.prepared_stmt.PreparedStatement] = {}

    async def recognise_pooler(self) -> None:
        """Name the statements from now on, if the process that answers is the one that greeted."""
        self._direct = await self.fetchval("select pg_backend_pid()") == self.get_server_pid()
        self._prepared.clear()

    async def fetchval(self, query: str, *arguments: Any, **keywords: Any) -> Any:
        """As asyncpg's, by a statement that stays prepared. Its first call costs a round trip more."""
        statement = self._prepared.get(query) or await self._prepare_once(query)
        try:
            return await statement.fetchval(*arguments, **keywords)
        except asyncpg.InvalidCachedStatementError:
            # A migration has changed what it returns.
            del self._prepared[query]
            return await (await self._prepare_once(query)).fetchval(*arguments, **keywords)

    async def _prepare_once(self, query: str) -> asyncpg.prepared_stmt.PreparedStatement:
        name = f"duly_{next(self._numbers)}" if self._direct else None
        statement = self._prepared[query] = await self.prepare(query, name=name)
        return statement
