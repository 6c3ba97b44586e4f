"""A bounded set of connections to PostgreSQL, each made when it is first needed.

asyncpg's own pool makes a task, a proxy and several timers for every request, which together cost more than the statement.
Here a connection goes from a list to the request and back, and what takes too long is found by looking once a second.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, Self

import asyncpg

MAX_IDLE = 300.0
"""Seconds after which a connection that nobody needs is closed: a database that nobody asks may go to sleep."""

_LOOK = 1.0
"""Seconds between two looks at the connections."""


class Pool:
    """An asynchronous context manager: at its end the connections are closed."""

    def __init__(self, connect: Callable[[], Awaitable[asyncpg.Connection]], size: int, timeout: float) -> None:
        """``timeout``: the seconds for all of it: waiting for one of ``size`` places, making a connection, the statement."""
        self._connect = connect
        self._size = size
        self._timeout = timeout
        self._places = asyncio.Semaphore(size)
        # Since when. The one that was used last is used next, so that the others are left to age.
        self._idle: dict[asyncpg.Connection, float] = {}
        self._busy: dict[asyncpg.Connection, float] = {}

    async def __aenter__(self) -> Self:
        self._looking = asyncio.create_task(self._look())
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Statements that still run may end within the timeout."""
        try:
            async with asyncio.timeout(self._timeout):
                for _ in range(self._size):
                    await self._places.acquire()
        except TimeoutError:
            for connection in self._busy:
                connection.terminate()
        self._looking.cancel()
        await self._close(*self._idle)

    async def fetchval(self, statement: str, *arguments: Any) -> Any:
        """Run a statement on a connection of its own, and return its first value.

        Raises:
            asyncpg.PostgresError: what PostgreSQL refuses; of class 08 where it took too long or the connection was lost.
            asyncpg.InterfaceError, OSError: no connection could be made, or it was lost.
            TimeoutError: no place was free in time, or no connection made.
        """
        begun = monotonic()
        if self._places.locked():
            async with asyncio.timeout(self._timeout):
                await self._places.acquire()
        else:
            await self._places.acquire()
        try:
            connection: asyncpg.Connection = self._take() or await asyncio.wait_for(
                self._connect(), begun + self._timeout - monotonic()
            )
            self._busy[connection] = begun
            try:
                return await connection.fetchval(statement, *arguments)
            except (OSError, asyncio.CancelledError, asyncpg.InternalClientError):
                # Its answer may still be to come.
                connection.terminate()
                raise
            finally:
                del self._busy[connection]
                if not connection.is_closed():
                    self._idle[connection] = monotonic()
        finally:
            self._places.release()

    def _take(self) -> asyncpg.Connection | None:
        while self._idle:
            connection, _ = self._idle.popitem()
            if not connection.is_closed():
                return connection
        return None

    async def _look(self) -> None:
        """End statements that take too long, and close connections that nobody needs."""
        while True:
            await asyncio.sleep(_LOOK)
            now = monotonic()
            for connection, since in self._busy.items():
                if now - since > self._timeout:
                    connection.terminate()
            old = [connection for connection, since in self._idle.items() if now - since > MAX_IDLE]
            for connection in old:
                del self._idle[connection]
            await self._close(*old)

    async def _close(self, *connections: asyncpg.Connection) -> None:
        closing = (connection.close(timeout=self._timeout) for connection in connections)
        await asyncio.gather(*closing, return_exceptions=True)
