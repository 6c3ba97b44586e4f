"""Many users at work at the same moment, each of whom looks at every answer for what is not theirs."""

import asyncio
from typing import Any

import httpx2 as httpx

from tests.client import make_token

_WORD = "shared"
"""In everybody's titles and tags, so that everybody searches for the same."""


class Visitor:
    """A user with a script; ``rounds`` of it are as many tasks."""

    def __init__(self, http: httpx.AsyncClient, user: str, secret: str) -> None:
        self._http = http
        self._user = user
        self._headers = {"Authorization": f"Bearer {make_token(user, secret)}"}
        self._tasks: dict[str, Any] = {}

    async def work(self, rounds: int) -> None:
        for number in range(rounds):
            # Everybody uses the same keys, too.
            headers = {"Idempotency-Key": f"key-{number}"}
            task = await self._ask(
                "POST", "/tasks", {"title": f"{_WORD} {number} of {self._user}", "tags": [_WORD]}, headers
            )
            assert task["id"] not in self._tasks
            self._tasks[task["id"]] = task
            assert (
                await self._ask("POST", "/tasks", {"title": task["title"], "tags": [_WORD]}, headers) == task
            )
            assert await self._ask("GET", f"/tasks/{task['id']}") == task
            self._tasks[task["id"]] = await self._ask(
                "PATCH", f"/tasks/{task['id']}", {"description": self._user}
            )
            for query in (
                "",
                f"?q={_WORD}",
                f"?tags={_WORD}&sort_by=title",
                f"?q={_WORD}&tags={_WORD}&limit=100",
            ):
                page = await self._ask("GET", f"/tasks{query}")
                assert page["total"] == len(page["items"]) == len(self._tasks)
                assert {item["id"]: item for item in page["items"]} == self._tasks
        first = await self._ask("GET", "/tasks?limit=1")
        second = await self._ask("GET", f"/tasks?cursor={first['next_cursor']}")
        assert {item["id"] for item in first["items"] + second["items"]} < set(self._tasks)
        gone = next(iter(self._tasks))
        assert (await self._ask("POST", f"/tasks/{gone}/toggle"))["task"]["completed"] is True
        await self._ask("DELETE", f"/tasks/{gone}")
        assert (await self._ask("GET", "/tasks"))["total"] == rounds - 1

    async def _ask(
        self, method: str, path: str, json: Any = None, headers: dict[str, str] | None = None
    ) -> Any:
        response = await self._http.request(method, path, json=json, headers=self._headers | (headers or {}))
        assert response.status_code < 300, response.text
        answer = response.json() if response.content else {}
        for task in [answer, answer.get("task"), *answer.get("items", [])]:
            assert not task or task.get("user_id", self._user) == self._user
        return answer


async def interleave(address: str, users: list[str], secret: str, rounds: int) -> None:
    """Have all users at work at the same time; raises where anybody gets another's answer."""
    limits = httpx.Limits(max_connections=len(users), max_keepalive_connections=len(users))
    async with (
        httpx.AsyncClient(base_url=address, timeout=60, limits=limits) as http,
        asyncio.TaskGroup() as group,
    ):
        for user in users:
            group.create_task(Visitor(http, user, secret).work(rounds))
