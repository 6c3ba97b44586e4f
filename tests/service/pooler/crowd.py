"""Other users of the same pooler: whatever a request leaves behind on a server connection, somebody else
comes in between.
"""

import asyncio
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from app.database.calls import Answer, Database
from app.identity import Identity
from app.settings import Settings

_SIZE = 4


@contextmanager
def crowd(url: str) -> Iterator[None]:
    """Have a few strangers write and list tasks for as long as the context lasts."""
    left = threading.Event()

    async def come() -> None:
        async with Database(Settings(database_url=url, jwt_secret="", pool_size=_SIZE)) as database:
            await asyncio.gather(*(_wander(database, number, left) for number in range(_SIZE)))

    thread = threading.Thread(target=asyncio.run, args=[come()])
    thread.start()
    try:
        yield
    finally:
        left.set()
        thread.join(30)


async def create_task(database: Database, user: Identity, body: str) -> Answer:
    """A call of api.create_task with what it needs at least."""
    return await database.call(
        "create_task", user, body=body, id=None, lenient=False, answer=None, idempotency_key=None
    )


async def _wander(database: Database, number: int, left: threading.Event) -> None:
    for visit in itertools.count():
        if left.is_set():
            return
        stranger = Identity(f"stranger {number} {visit % 50}", read_only=False)
        await create_task(database, stranger, '{"title": "A stranger\'s task"}')
        await database.call(
            "list_tasks", stranger, parameters="{}", link="/tasks?", cursor_key="", if_none_match=None
        )
        # Enough to be in between all the time, and to leave room for the tests.
        await asyncio.sleep(0.25)
