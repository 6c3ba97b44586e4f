"""The subscriptions of this process to changes, and the one task that looks for changes.

No LISTEN and NOTIFY: NOTIFY holds a lock of the whole database until the commit is on disk, and LISTEN does
not work through a transaction pooler. Instead one statement a second reads the numbers of the users who are
connected.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from time import monotonic

import asyncpg

from app.api.background import running
from app.database.calls import Database
from app.identity import NOBODY
from app.settings import Settings
from app.web.problems import Problem, Unavailable

MAX_STREAMS = 10  # of one user
MAX_USERS = 500  # in one statement
# Several changes within so many seconds cost one look.
_PAUSE = 0.05


class Subscription:
    """One stream's wait for a change. ``token`` is the present ``since`` token, None until it is known."""

    __slots__ = ("token", "woken")

    def __init__(self) -> None:
        self.token: str | None = None
        self.woken = asyncio.Event()

    def tell(self, token: str) -> None:
        """Note the token, and wake the stream where it is a new one."""
        if token != self.token:
            self.token = token
            self.woken.set()


class Hub:
    """The subscriptions of this process, by user, and the one task that looks for changes."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.closed = False
        self._database = database
        self._interval = settings.events_interval
        self._limit = settings.events_limit
        self._subscriptions: dict[str, set[Subscription]] = {}
        self._count = 0
        self._woken: set[str] = set()
        self._early = asyncio.Event()

    def subscribe(self, user: str) -> Subscription:
        """A new stream of the user.

        Raises:
            Problem: 429, the user has ``MAX_STREAMS`` already.
            Unavailable: this process has ``EVENTS_LIMIT`` already, or is about to end.
        """
        mine = self._subscriptions.get(user, set())
        if len(mine) >= MAX_STREAMS:
            raise Problem(
                "too-many-requests", f"You may have {MAX_STREAMS} streams at a time", {"retry-after": "15"}
            )
        if self._count >= self._limit or self.closed:
            raise Unavailable("Too many streams are open; try again")
        subscription = Subscription()
        self._subscriptions.setdefault(user, mine).add(subscription)
        self._count += 1
        self.wake(user)
        return subscription

    def unsubscribe(self, user: str, subscription: Subscription) -> None:
        """The stream has ended."""
        mine = self._subscriptions[user]
        mine.remove(subscription)
        self._count -= 1
        if not mine:
            del self._subscriptions[user]

    def wake(self, user: str) -> None:
        """Look for changes of the user at once: a request through this process has just made one."""
        if user in self._subscriptions:
            self._woken.add(user)
            self._early.set()

    def close(self) -> None:
        """End all streams: the server shuts down."""
        self.closed = True
        for mine in self._subscriptions.values():
            for subscription in mine:
                subscription.woken.set()

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Look for changes inside of it."""
        async with running(self._watch()):
            yield

    async def _watch(self) -> None:
        last = monotonic()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, last + self._interval - monotonic())):
                    await self._early.wait()
            self._early.clear()
            users: Iterable[str] = self._woken
            if monotonic() - last >= self._interval:
                last, users = monotonic(), self._subscriptions
            self._woken, watched = set(), list(users)
            for start in range(0, len(watched), MAX_USERS):
                await self._look(watched[start : start + MAX_USERS])
            await asyncio.sleep(_PAUSE)

    async def _look(self, users: Sequence[str]) -> None:
        try:
            found = await self._database.find("watch_changes", NOBODY, users=json.dumps(users))
        except (Problem, asyncpg.PostgresError):
            return  # It is logged, and the next look tells.
        for user, version in zip(users, found["versions"], strict=True):
            for subscription in self._subscriptions.get(user, ()):
                subscription.tell(f"{found['epoch']}-{version}")
