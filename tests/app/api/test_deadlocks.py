"""No two requests of one user wait for each other in a circle, wherever they are held up on their way."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx2 as httpx
import pytest

from app.main import create_app
from app.settings import Settings
from tests.client import Client, make_token, running
from tests.conftest import SECRET
from tests.processes import PATIENCE, wait_until
from tests.sql import Session

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
HELD_UP = """
  select count(*) from pg_stat_activity where datname = current_database()
    and application_name similar to '(duly|citus_internal)%' and cardinality(pg_blocking_pids(pid)) > 0
"""
GATES = {
    "the totals": "app.task_counts as gate where user_id = $1",
    "the task": "app.tasks as gate where user_id = $1 and id = $2",
    "the successor": "app.tasks as gate where user_id = $1 and id = $3",
}
# A parameter that stands nowhere has no type.
GIVEN = "$1::text is not null and $2::uuid is not null and $3::uuid is not null"


@pytest.fixture(scope="module")
def service(server, database) -> Iterator[httpx.Client]:
    settings = Settings(database_url=server.service_url(database), jwt_secret=SECRET, pool_size=4)
    with running(create_app(settings)) as http:
        yield http


@pytest.fixture(scope="module")
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


@pytest.fixture
def holding(server, database) -> Iterator[Session]:
    """Where a row is locked that requests wait for."""
    session = Session(server.superuser_url(database))
    yield session
    session.close()


@pytest.fixture
def watching(server, database, alice) -> Iterator[Session]:
    """Where one sees who waits: on a cluster of Citus, the machine that has the rows of alice."""
    session = Session(server.home_of(alice, database).superuser_url(database))
    yield session
    session.close()


def are_held_up(requests: list[Future[httpx.Response]], watching: Session) -> bool:
    """Whether each of them waits, or is done."""
    waiting: int = watching.value(HELD_UP)
    return waiting + sum(request.done() for request in requests) >= len(requests)


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("first", REQUESTS)
def test_no_pair_of_requests_of_one_user_deadlocks(service, threads, holding, watching, alice, first, gate):
    client = Client(service, make_token(alice, SECRET))
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
        holding.execute("begin")
        holding.rows(f"select from {GATES[gate]} and {GIVEN} for update", alice, *ids[:2])
        requests: list[Future[httpx.Response]] = []
        for name in (first, second):
            requests.append(threads.submit(REQUESTS[name], client, *ids))
            # Each starts when those before it are held up or done.
            wait_until(partial(are_held_up, requests, watching))
        holding.execute("commit")
        answers = [each.result(PATIENCE).status_code for each in requests]
        assert all(status < 500 for status in answers), (first, second, gate, answers)
