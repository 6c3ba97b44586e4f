"""The one way of calling an ``api`` function: one statement, one round trip.

The user is set for that statement's own transaction. Nothing of it stays on the connection, so nothing has to
be reset when the connection goes back to the pool, and it works behind a transaction pooler.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import cache
from typing import Any, NamedTuple, Self

import asyncpg

from app.database.connection import Connector, Statement
from app.database.outages import Outages
from app.database.pool import Pool
from app.identity import Identity
from app.settings import Settings
from app.web.problems import Unavailable

# The details of an outage that a client is told, by SQLSTATE.
_DETAILS = {"25006": "The database is read-only just now; nothing can be changed"}

Argument = str | bytes | bool | int | None

CallObserver = Callable[[str], AbstractContextManager[None]]
"""Takes the name of the function; opened before each call, closed after it. See app.instrumentation."""


class Answer(NamedTuple):
    """The answer of an ``api`` function, see api.get_task. Without a status, its body is a question."""

    status: int | None
    headers: list[str] | None
    body: str | None


@cache
def _statement(function: str, names: tuple[str, ...], read_only: bool) -> Statement:
    settings = "set_config('app.user_id', $1, true)"
    if read_only:
        settings += ", set_config('transaction_read_only', 'on', true)"
    parameters = ", ".join(f'"{name}" => ${number}' for number, name in enumerate(names, 2))
    # A function in the target list runs after the settings; materialized keeps them from being planned away.
    return Statement(
        f"with request as materialized (select {settings}) select api.{function}({parameters}) from request",
        f"select spread.{function}({', '.join(filter(None, ['$1', str(read_only).lower(), parameters]))})",
    )


class Database:
    """The connections to PostgreSQL. An asynchronous context manager: the pool is open inside it."""

    def __init__(self, settings: Settings) -> None:
        self._places = settings.pool_size + settings.pool_queue
        # No connection is made yet: the database may come later, and go and come again.
        connector = Connector(settings.database_url, settings.database_timeout)
        self._pool = Pool(connector.connect, settings.pool_size, settings.database_timeout)
        self.pool_size = settings.pool_size
        self.in_use = 0
        self._outages = Outages(settings.database_url)
        self.observers: list[CallObserver] = []

    async def __aenter__(self) -> Self:
        await self._pool.__aenter__()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._pool.__aexit__(*exception)

    async def call(self, function: str, user: Identity, /, **arguments: Argument) -> Answer:
        """Call ``api.<function>`` for the user, with arguments by name; it returns an answer to the client.

        Raises:
            asyncpg.PostgresError: the function refuses the request, see app.database.refusals.
            Unavailable: the database refuses the service (app.database.outages), or too many requests wait.
        """
        return Answer(*await self._call(function, user, arguments))

    async def find(self, function: str, user: Identity, /, **arguments: Argument) -> Any:
        """Call an ``api`` function that returns facts as JSON, and parse them. Raises what ``call`` does."""
        return json.loads(await self._call(function, user, arguments))

    async def _call(self, function: str, user: Identity, arguments: Mapping[str, Argument]) -> Any:
        statement = _statement(function, tuple(arguments), user.read_only)
        values = user.user_id, *arguments.values()
        if not self.observers:
            return await self.fetch_value(statement, *values, read_only=user.read_only)
        with ExitStack() as stack:
            for observe in self.observers:
                stack.enter_context(observe(function))
            return await self.fetch_value(statement, *values, read_only=user.read_only)

    async def fetch_value(
        self, statement: str | Statement, *arguments: Argument, read_only: bool = False
    ) -> Any:
        """Run one statement, in one round trip, and return its one value. Raises what ``call`` does.

        ``read_only``: the statement itself makes its transaction so.
        """
        if self.in_use >= self._places:
            raise Unavailable("Too many requests are waiting; try again")
        self.in_use += 1
        try:
            value = await self._pool.fetchval(statement, *arguments)
        except asyncpg.PostgresError as error:
            if read_only and error.sqlstate == "25006":
                raise  # The token is the reason.
            if not self._outages.begin(error):
                raise
            raise Unavailable(_DETAILS.get(error.sqlstate or "")) from error
        except (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            self._outages.begin(error)
            raise Unavailable from error
        finally:
            self.in_use -= 1
        if self._outages.lasting:
            self._outages.end()
        return value
