"""A connection to PostgreSQL, directly or through a transaction pooler: PgBouncer, or Neon's."""

from collections.abc import Mapping
from itertools import count
from typing import Any, NamedTuple

import asyncpg

# The service's own settings: those of the server, the database or the role change no answer.
# A pooler carries these from client to client; PgBouncer does so without configuration.
_FOLLOWED = {"application_name": "duly", "TimeZone": "UTC", "DateStyle": "ISO, YMD"}
# A pooler may refuse these; then those of the role hold. default_transaction_read_only is not among them:
# a DBA freezes a database with it, and the service obeys.
_DIRECT = {
    "IntervalStyle": "postgres",
    "row_security": "on",
    "extra_float_digits": "1",
    "transform_null_equals": "off",
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
}


# An array of texts: of another type asyncpg asks the catalog, which takes a machine of Citus seconds.
_RECOGNISE = "select array[pg_backend_pid()::text, (to_regnamespace('spread') is not null)::text]"


class Statement(NamedTuple):
    """A call in both forms, with the same arguments."""

    text: str
    spread: str
    """For a database with the schema ``spread``, whose rows are on several machines; see db/citus."""


class Connector:
    """Makes connections; it remembers which settings the other end takes."""

    def __init__(self, url: str, timeout: float) -> None:
        """``timeout``: seconds."""
        self._url = url
        self._timeout = timeout
        self._settings: Mapping[str, str] = {**_FOLLOWED, **_DIRECT}

    async def connect(self) -> "Connection":
        """A new connection. Raises asyncpg.PostgresError, asyncpg.InterfaceError, or OSError."""
        tried = self._settings
        try:
            connection = await self._connect(tried)
        except asyncpg.ProtocolViolationError:
            if tried is _FOLLOWED:
                raise
            # "unsupported startup parameter"
            connection = await self._connect(_FOLLOWED)
            self._settings = _FOLLOWED
        await connection.recognise()
        return connection

    async def _connect(self, settings: Mapping[str, str]) -> "Connection":
        connection: Connection = await asyncpg.connect(
            self._url,
            timeout=self._timeout,
            statement_cache_size=0,
            connection_class=Connection,
            server_settings=settings,
        )
        return connection


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
        self._is_spread = False
        self._numbers = count(1)
        self._prepared: dict[str, asyncpg.prepared_stmt.PreparedStatement] = {}

    async def recognise(self) -> None:
        """Find out, once, what is at the other end.

        The statements get names from now on if the process that answers is the one that greeted.
        """
        process, spread = await self.fetchval(_RECOGNISE)
        self._direct = int(process) == self.get_server_pid()
        self._is_spread = spread == "true"
        self._prepared.clear()

    async def fetchval(self, query: str | Statement, *arguments: Any, **keywords: Any) -> Any:
        """As asyncpg's, by a statement that stays prepared. Its first call costs a round trip more."""
        if isinstance(query, Statement):
            query = query.spread if self._is_spread else query.text
        statement = self._prepared.get(query) or await self._prepare_once(query)
        try:
            return await statement.fetchval(*arguments, **keywords)
        except asyncpg.PostgresError as error:
            if not _was_replaced(error):
                raise
            # Nothing has happened, and what it calls is there under its name.
            del self._prepared[query]
            return await (await self._prepare_once(query)).fetchval(*arguments, **keywords)

    async def _prepare_once(self, query: str) -> asyncpg.prepared_stmt.PreparedStatement:
        name = f"duly_{next(self._numbers)}" if self._direct else None
        statement = self._prepared[query] = await self.prepare(query, name=name)
        return statement


def _was_replaced(error: asyncpg.PostgresError) -> bool:
    """Whether a migration has changed what a statement returns, or a table or a function while it ran.

    Of a function, SQLSTATE XX000, only the text says so; PostgreSQL translates no text of an internal error.
    Of a table the releases since November 2026 say so (22P07): the function holds a row of before.
    """
    return (
        isinstance(error, asyncpg.InvalidCachedStatementError)
        or error.sqlstate == "22P07"
        or str(error).startswith("cache lookup failed for function ")
    )
