"""A connection for tests that speak SQL, without async."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


@contextmanager
def sessions_at(url: str | Callable[[str | None], str]) -> Iterator[Callable[[str | None], Session]]:
    """Makes sessions with app.user_id set to a user, or not set for None; they are closed at the end.

    ``url``: of the server, or what returns it for a user.
    """
    sessions: list[Session] = []

    def connect(user: str | None) -> Session:
        sessions.append(Session(url if isinstance(url, str) else url(user)))
        if user is not None:
            sessions[-1].value("select set_config('app.user_id', $1, false)", user)
        return sessions[-1]

    yield connect
    for session in sessions:
        session.close()
