"""A completion makes one successor, whatever runs at the same time; over HTTP, against two worker
processes.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any

import httpx2 as httpx
import pytest

from tests.client import make_token
from tests.conftest import SECRET
from tests.processes import serve


@pytest.fixture(scope="module")
def address(settings):
    with serve(settings.database_url, SECRET, WORKERS="2") as address:
        yield address


@pytest.fixture
def run(address, alice) -> Callable[[Callable[[httpx.AsyncClient], Coroutine[Any, Any, Any]]], Any]:
    """Runs a coroutine with alice's asynchronous client."""

    def run(work):
        async def main():
            limits = httpx.Limits(max_connections=50)
            headers = {"Authorization": f"Bearer {make_token(alice, SECRET)}"}
            async with httpx.AsyncClient(
                base_url=address, headers=headers, limits=limits, timeout=30
            ) as client:
                return await work(client)

        return asyncio.run(main())

    return run


async def make(client, **fields):
    fields = {
        "title": "x",
        "is_recurring": True,
        "recurrence_rule": "FREQ=DAILY",
        "due_date": "2026-01-31",
    } | fields
    response = await client.post("/tasks", json=fields)
    assert response.status_code == 201, response.text
    return response.json()


def test_200_simultaneous_completions_make_one_successor(run):
    async def race(client):
        task = await make(client)
        answers = await asyncio.gather(
            *(client.post(f"/tasks/{task['id']}/toggle", json={"completed": True}) for _ in range(200))
        )
        return answers, (await client.get("/tasks")).json()["total"]

    answers, total = run(race)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["new_task"]["id"] for answer in answers}) == 1
    assert total == 2


def test_200_simultaneous_toggles_leave_each_completed_task_with_one_successor(run):
    async def race(client):
        task = await make(client)
        answers = await asyncio.gather(*(client.post(f"/tasks/{task['id']}/toggle") for _ in range(200)))
        return answers, (await client.get("/tasks", params={"sort_by": "due_date"})).json()["items"]

    answers, tasks = run(race)
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert all(
        "retry" in answer.text or answer.status_code == 200 or "again" in answer.text for answer in answers
    )
    first, *successors = tasks
    assert len(successors) == (1 if first["completed"] else 0)


def test_put_and_toggle_and_delete_mixed_never_make_two(run):
    seed = random.Random(5545)

    async def act(client, task):
        path = f"/tasks/{task['id']}"
        kind = seed.randrange(5)
        if kind == 0:
            return await client.post(f"{path}/toggle", json={"completed": True})
        if kind == 1:
            return await client.put(path, json={"completed": True})
        if kind == 2:
            return await client.post(f"{path}/toggle", json={"completed": False})
        if kind == 3:
            return await client.patch(path, json={"title": str(seed.random())})
        return await client.patch(path, json={"recurrence_rule": seed.choice(["FREQ=DAILY", "FREQ=WEEKLY"])})

    async def race(client):
        tasks = [await make(client) for _ in range(5)]
        answers = await asyncio.gather(*(act(client, seed.choice(tasks)) for _ in range(200)))
        for task in tasks:
            answers.append(await client.post(f"/tasks/{task['id']}/toggle", json={"completed": True}))
        return answers, (await client.get("/tasks", params={"limit": 100})).json()

    answers, page = run(race)
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert page["total"] == 10
    assert sum(task["completed"] for task in page["items"]) == 5


def test_two_updates_of_different_fields_both_survive(run):
    async def race(client):
        task = await make(client)
        await asyncio.gather(
            *(
                client.patch(f"/tasks/{task['id']}", json=change)
                for change in ({"title": "new"}, {"description": "new"}, {"priority": "low"})
            )
        )
        return (await client.get(f"/tasks/{task['id']}")).json()

    task = run(race)
    assert (task["title"], task["description"], task["priority"]) == ("new", "new", "Low")
