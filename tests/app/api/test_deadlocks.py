"""No two requests of one user wait for each other in a circle, wherever they are held up on their way."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg
import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.client import Client, make_token
from tests.conftest import SECRET

RULE = {
    "is_recurring": True,
    "recurrence_rule": "FREQ=DAILY",
    "due_date": "2026-01-31T08:00:00Z",
    "priority": "High",
}

REQUESTS: dict[str, Callable[[Client, str, str, str], Any]] = {
    "create": lambda client, task, next, other: client.post(
        "/tasks", {"title": "one more", "priority": "High"}
    ),
    "update": lambda client, task, next, other: client.patch(f"/tasks/{task}", {"title": "another"}),
    "complete": lambda client, task, next, other: client.post(f"/tasks/{task}/toggle", {"completed": True}),
    "reopen": lambda client, task, next, other: client.post(f"/tasks/{task}/toggle", {"completed": False}),
    "reopen as high": lambda client, task, next, other: client.patch(
        f"/tasks/{task}", {"completed": False, "priority": "High"}
    ),
    "delete": lambda client, task, next, other: client.delete(f"/tasks/{task}"),
    "delete the successor": lambda client, task, next, other: client.delete(f"/tasks/{next}"),
    "update the successor": lambda client, task, next, other: client.patch(
        f"/tasks/{next}", {"title": "touched"}
    ),
    "complete the successor": lambda client, task, next, other: client.post(f"/tasks/{next}/toggle"),
    "set the successor's priority": lambda client, task, next, other: client.patch(
        f"/tasks/{next}", {"priority": "High"}
    ),
    "set a priority": lambda client, task, next, other: client.patch(f"/tasks/{task}", {"priority": "Low"}),
    "move another task": lambda client, task, next, other: client.patch(
        f"/tasks/{other}", {"priority": "Medium"}
    ),
}
GATES = {
    "the totals": "app.task_counts as gate where user_id = $1",
    "the task": "app.tasks as gate where user_id = $1 and id = $2",
    "the successor": "app.tasks as gate where user_id = $1 and id = $3",
}


@pytest.fixture(scope="module")
def service(server, database) -> Iterator[TestClient]:
    settings = Settings(database_url=server.service_url(database), jwt_secret=SECRET, pool_size=4)
    with TestClient(create_app(settings)) as http:
        yield http


@pytest.fixture(scope="module")
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("first", REQUESTS)
def test_no_pair_of_requests_of_one_user_deadlocks(server, database, service, threads, alice, first, gate):
    client = Client(service, make_token(alice, SECRET))
    # On a cluster of Citus, the machine whose rows they wait for.
    urls = [each.superuser_url(database) for each in (server, server.home_of(alice, database))]
    for second in REQUESTS:
        task = client.create(**RULE)
        next = client.post(f"/tasks/{task['id']}/toggle").json()["new_task"]
        other = client.create(priority="High")
        client.patch(f"/tasks/{task['id']}", {"priority": "Medium"})
        if "complete" in (first, second):
            # Touched, so that it stays; completing the task again then finds it.
            client.patch(f"/tasks/{next['id']}", {"description": "touched"})
            client.post(f"/tasks/{task['id']}/toggle")

        ids = [each["id"] for each in (task, next, other)]

        def call(name: str, ids: list[str] = ids) -> int:
            return REQUESTS[name](client, *ids).status_code

        starts = [lambda name=name, call=call: threads.submit(call, name) for name in (first, second)]
        answers = asyncio.run(_behind(urls, GATES[gate], (alice, *ids[:2]), starts))
        assert all(status < 500 for status in answers), (first, second, gate, answers)


async def _behind(
    urls: list[str], gate: str, parameters: tuple[str, ...], starts: list[Callable[[], Any]]
) -> list[int]:
    """The statuses of requests that are started one after the other, each when those before are held up or
    done.
    """
    holding, watching = [await asyncpg.connect(url) for url in urls]
    requests: list[Any] = []
    try:
        async with holding.transaction():
            given = "$1::text is not null and $2::uuid is not null and $3::uuid is not null"
            await holding.fetch(f"select from {gate} and {given} for update", *parameters)
            for start in starts:
                requests.append(start())
                await _until(lambda: _held_up(watching, requests))
        return list(await asyncio.gather(*map(asyncio.wrap_future, requests)))
    finally:
        await holding.close()
        await watching.close()


async def _held_up(watching: Any, requests: list[Any]) -> bool:
    waiting = await watching.fetchval(
        "select count(*) from pg_stat_activity where datname = current_database() "
        "and application_name similar to '(duly|citus_internal)%'"
        " and cardinality(pg_blocking_pids(pid)) > 0"
    )
    return waiting + sum(request.done() for request in requests) >= len(requests)


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(1_000):
        if await holds():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("the requests neither end nor wait")
