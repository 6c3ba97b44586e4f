"""The addresses of names that users choose: looked up in threads, because getaddrinfo blocks.

The name servers of a name may be its user's as well, and may not answer: getaddrinfo then blocks for up to a
minute, and nothing ends it. So a user has two lookups at a time, until they end; an attempt gives up after
five seconds. Neither the threads of asyncio nor the end of the process wait for a lookup.
"""

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from functools import partial
from weakref import WeakValueDictionary

MAX_LOOKUPS = 100
MAX_OF_USER = 2
TIMEOUT = 5.0

Lookup = Callable[[str, int], list[str]]
"""Gives the addresses of a name, and blocks. Raises OSError or UnicodeError."""

user: ContextVar[str] = ContextVar("user", default="")
"""The user for whom a name is looked up."""


class Resolver:
    """Looks names up, a few at a time of each user."""

    def __init__(self, lookup: Lookup | None = None, timeout: float = TIMEOUT) -> None:
        self._lookup = lookup or _lookup
        self._timeout = timeout
        self._places = asyncio.Semaphore(MAX_LOOKUPS)
        self._of_user: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def resolve(self, host: str, port: int) -> list[str]:
        """Return the addresses of a name. Raises OSError (TimeoutError is one) or UnicodeError."""
        name = user.get()
        # What holds a place of the user keeps this alive.
        mine = self._of_user.get(name) or asyncio.Semaphore(MAX_OF_USER)
        self._of_user[name] = mine
        async with asyncio.timeout(self._timeout):
            await mine.acquire()
            try:
                await self._places.acquire()
            except BaseException:
                mine.release()
                raise
            return await self._start(host, port, mine)

    def _start(self, host: str, port: int, mine: asyncio.Semaphore) -> asyncio.Future[list[str]]:
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[str]] = loop.create_future()

        def end(settle: Callable[[], None]) -> None:
            self._places.release()
            mine.release()
            if not found.done():
                settle()

        def run() -> None:
            try:
                settle = partial(found.set_result, self._lookup(host, port))
            except Exception as error:
                settle = partial(found.set_exception, error)
            # The loop may have ended meanwhile.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(end, settle)

        try:
            threading.Thread(target=run, name="lookup", daemon=True).start()
        except RuntimeError as error:
            end(partial(found.set_exception, OSError(str(error))))
        return found


def _lookup(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
