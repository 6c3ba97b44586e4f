"""Users who create tasks without a pause, and remember what they were answered."""

import asyncio
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import uuid4

import httpx2 as httpx

from tests.client import make_token
from tests.processes import wait_until
from tests.service.faults.cluster import Cluster

# More than DATABASE_TIMEOUT, by what a busy machine may need: who waits longer waits for something that never
# comes.
PATIENCE = 12.0

SUMMARIES: list[str] = []

POOL_SIZE = 10
"""Of each worker, which is the default, unless a test sets another."""


def headers(user: str = "load") -> dict[str, str]:
    """The headers of a request of this user."""
    return {"Authorization": f"Bearer {make_token(user)}", "Content-Type": "application/json"}


@dataclass
class Load:
    """A context manager: while it is open, so many clients are at work, half of which try again until they
    succeed.
    """

    address: str
    clients: int = 16
    user: str = field(default_factory=lambda: f"load {uuid4()}")
    answers: Counter[str] = field(default_factory=Counter)
    acknowledged: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def __enter__(self) -> "Load":
        self._stop = False
        self._number = itertools.count()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop = True
        self._thread.join()

    def wait_for_more(self, count: int = 50) -> float:
        """Until so many more writes were acknowledged; the seconds until the first of them."""
        before = len(self.acknowledged)
        first = wait_until(lambda: len(self.acknowledged) > before)
        wait_until(lambda: len(self.acknowledged) >= before + count)
        return first

    def recover(self, cluster: Cluster) -> float:
        """Until the service works as before; the seconds until the first write.

        While the table is locked every client waits in the database. So all places of the pool are seen in
        use at once, of which
        the fault has taken none away, and no connection is seen beside them that it has left over.
        """
        assert self.clients > POOL_SIZE
        seconds = self.wait_for_more()
        with cluster.locked():
            wait_until(lambda: cluster.connections() == (POOL_SIZE, POOL_SIZE))
        self.wait_for_more()
        return seconds

    def verify(self, cluster: Cluster, name: str, recovery: float = 0.0) -> None:
        """Every write that was acknowledged is there once, and every other at most once."""
        rows = cluster.execute(
            "select title, count(*) from app.tasks where user_id = $1 group by title", self.user
        )
        found = {row["title"]: row["count"] for row in rows}
        lost = [title for title in self.acknowledged if title not in found]
        doubled = [title for title, count in found.items() if count > 1]
        answers = ", ".join(f"{count} × {answer}" for answer, count in sorted(self.answers.items()))
        version = cluster.execute("show server_version")[0][0].split()[0]
        SUMMARIES.append(
            f"PostgreSQL {version}, {name}: {len(self.acknowledged)} acknowledged, {len(lost)} lost, "
            f"{len(doubled)} doubled; {answers}; "
            f"slowest answer {self.slowest:.2f} s; back after {recovery:.2f} s"
        )
        assert not self.faults, self.faults[:5]
        assert not lost
        assert not doubled
        assert len(set(self.acknowledged)) == len(self.acknowledged)

    async def _run(self) -> None:
        await asyncio.gather(*(self._client(persistent=number % 2 == 0) for number in range(self.clients)))

    async def _client(self, persistent: bool) -> None:
        async with httpx.AsyncClient(
            base_url=self.address, timeout=PATIENCE, headers=headers(self.user)
        ) as http:
            for title in self._titles():
                key = {"Idempotency-Key": title} if persistent else {}
                while True:
                    done = await self._create(http, title, key)
                    if done or not persistent or self._stop:
                        break
                    await asyncio.sleep(0.05)

    def _titles(self) -> Iterator[str]:
        while not self._stop:
            yield f"Task-{next(self._number)}"

    async def _create(self, http: httpx.AsyncClient, title: str, key: dict[str, str]) -> bool:
        start = time.monotonic()
        try:
            response = await http.post("/tasks", content=json.dumps({"title": title}), headers=key)
        except httpx.TimeoutException:
            self.faults.append(f"no answer within {PATIENCE} s")
            return False
        except httpx.TransportError as error:
            self.answers[type(error).__name__] += 1
            self.unanswered.append(title)
            await asyncio.sleep(0.05)
            return False
        finally:
            self.slowest = max(self.slowest, time.monotonic() - start)
        self.answers[str(response.status_code)] += 1
        if response.status_code == 201:
            self.acknowledged.append(title)
            return True
        if response.status_code == 409 and key:
            return False  # The first attempt still runs in the database.
        if (
            response.status_code != 503
            or "retry-after" not in response.headers
            or "/problem" not in response.headers["content-type"]
        ):
            self.faults.append(f"{response.status_code} {response.text}")
        # Politer than Retry-After asks, or the refusals would be all that is measured.
        await asyncio.sleep(0.05)
        return False
