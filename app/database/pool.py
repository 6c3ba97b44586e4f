"""A bounded set of connections to PostgreSQL, each made when it is first needed.

asyncpg's own pool makes a task, a proxy and several timers for every request, which together cost more than
the statement. Here a connection goes from a list to the request and back; once a second the pool ends the
statements that take too long.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, Self

import asyncpg

from app.database.connection import Statement

MAX_IDLE = 300.0
"""Seconds until an unused connection is closed: an unused database may then go to sleep."""

_LOOK = 1.0
"""Seconds between two looks at the connections."""


class Pool:
    """An asynchronous context manager: at its end the connections are closed."""

    def __init__(
        self, connect: Callable[[], Awaitable[asyncpg.Connection]], size: int, timeout: float
    ) -> None:
        """``timeout``: seconds for a free place among ``size``, connecting and the statement together."""
        self._connect = connect
        self._size = size
        self._timeout = timeout
        self._free = size
        # With their deadlines. One timer, for the first, is enough: the others came later.
        self._waiting: deque[tuple[asyncio.Future[None], float]] = deque()
        self._alarm: asyncio.TimerHandle | None = None
        # With the time of their last use. The last used is used next, so that the others age.
        self._idle: dict[asyncpg.Connection, float] = {}
        self._busy: dict[asyncpg.Connection, float] = {}

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._looking = asyncio.create_task(self._look())
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Statements that still run may end within the timeout."""
        try:
            async with asyncio.timeout(self._timeout):
                for _ in range(self._size):
                    await self._take_place()
        except TimeoutError:
            for connection in self._busy:
                connection.terminate()
        self._looking.cancel()
        if self._alarm is not None:
            self._alarm.cancel()
        await self._close(*self._idle)

    async def fetchval(self, statement: str | Statement, *arguments: Any) -> Any:
        """Run a statement on a connection of its own, and return its first value.

        Raises:
            asyncpg.PostgresError: PostgreSQL refuses; class 08: it took too long, or the connection was lost.
            asyncpg.InterfaceError, OSError: no connection could be made, or it was lost.
            TimeoutError: no place was free in time, or no connection made.
        """
        begun = monotonic()
        await self._take_place()
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
                self._idle[connection] = monotonic()
        finally:
            self._give_place()

    async def _take_place(self) -> None:
        """Wait for a free place, first come, first served. Raises TimeoutError."""
        if self._free:
            self._free -= 1
            return
        place: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append((place, monotonic() + self._timeout))
        if self._alarm is None:
            self._alarm = self._loop.call_later(self._timeout, self._expire)
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled() and not place.exception():
                # It was given at the same moment.
                self._give_place()
            raise

    def _expire(self) -> None:
        """End the waits that are over their deadline, and set the alarm for the next."""
        self._alarm = None
        while self._waiting:
            place, deadline = self._waiting[0]
            if not place.done() and deadline > monotonic():
                self._alarm = self._loop.call_later(deadline - monotonic(), self._expire)
                return
            self._waiting.popleft()
            if not place.done():
                place.set_exception(TimeoutError("no connection was free in time"))

    def _give_place(self) -> None:
        while self._waiting:
            place, _ = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._free += 1

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
