"""A connection to PostgreSQL that works through a transaction pooler too, PgBouncer or Neon's, without being told."""

from typing import Any

import asyncpg


class Connection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """Keeps its statements prepared, and names none where a pooler may stand in between.

    Behind a pooler each statement may run on another server connection, where the same name may mean another worker's statement:
    a GET could run that worker's DELETE. So the text of a statement is sent with every call, unnamed, in the same packet as its
    arguments. What asyncpg has to know of it is asked for once, which saves a round trip of each call.
    """

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._direct = False
        self._described: dict[tuple[str, bool], Any] = {}
        self._prepared: dict[str, Any] = {}

    async def recognise_pooler(self) -> None:
        """Use named statements, which are not parsed at every call, where the process that answers is the one that greeted."""
        self._direct = await self.fetchval("select pg_backend_pid()") == self.get_server_pid()

    async def fetchval(self, query: str, *arguments: Any, **keywords: Any) -> Any:
        """As asyncpg's. A statement that was prepared before goes straight to the server, past asyncpg's own cache."""
        if not self._direct:
            return await super().fetchval(query, *arguments, **keywords)
        statement = self._prepared.get(query)
        if statement is None:
            statement = self._prepared[query] = await self.prepare(query)
        try:
            return await statement.fetchval(*arguments, **keywords)
        except asyncpg.InvalidCachedStatementError:
            # A migration has changed what it returns.
            del self._prepared[query]
            return await super().fetchval(query, *arguments, **keywords)

    async def _get_statement(self, query: str, *arguments: Any, **keywords: Any) -> Any:
        if self._direct:
            return await super()._get_statement(query, *arguments, **keywords)
        key = query, keywords.get("ignore_custom_codec", False)
        if key not in self._described:
            self._described[key] = await super()._get_statement(
                query, *arguments, **keywords | {"use_cache": False}
            )
            # Sent again with each call, in one packet with the arguments.
            self._described[key].mark_unprepared()
        return self._described[key]
