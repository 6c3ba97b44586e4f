"""HTTP as a user."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2 as httpx
import jwt
from starlette.applications import Starlette
from starlette.testclient import TestClient

SECRET = "a secret that only the tests know, of 32 bytes and more"
WEBHOOK_KEY = "a key that only the tests derive secrets from"


def make_token(user: str, secret: str = SECRET, **claims: Any) -> str:
    """A token of the user, for an hour."""
    return jwt.encode({"sub": user, "exp": int(time.time()) + 3600, **claims}, secret, "HS256")


class Client:
    """A user's requests; a keyword that ``httpx`` knows is passed on to it."""

    def __init__(self, http: httpx.Client, token: str) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"}

    def request(
        self, method: str, path: str, headers: dict[str, str] | None = None, **keywords: Any
    ) -> httpx.Response:
        return self._http.request(method, path, headers=self._headers | (headers or {}), **keywords)

    def get(self, path: str, **keywords: Any) -> httpx.Response:
        return self.request("GET", path, **keywords)

    def post(self, path: str, json: Any = None, **keywords: Any) -> httpx.Response:
        return self.request("POST", path, json=json, **keywords)

    def put(self, path: str, json: Any = None, **keywords: Any) -> httpx.Response:
        return self.request("PUT", path, json=json, **keywords)

    def patch(self, path: str, json: Any = None, **keywords: Any) -> httpx.Response:
        return self.request("PATCH", path, json=json, **keywords)

    def delete(self, path: str, **keywords: Any) -> httpx.Response:
        return self.request("DELETE", path, **keywords)

    def create(self, **fields: Any) -> dict[str, Any]:
        """Make a task, with the title "A task" unless another is given, and return it."""
        response = self.post("/tasks", {"title": "A task"} | fields)
        assert response.status_code == 201, response.text
        return response.json()

    def page(self, **parameters: Any) -> dict[str, Any]:
        """A page of the list."""
        response = self.get("/tasks", params=parameters)
        assert response.status_code == 200, response.text
        return response.json()

    def titles(self, **parameters: Any) -> list[str]:
        """The titles of a page of the list."""
        return [task["title"] for task in self.page(**parameters)["items"]]


@contextmanager
def running(app: Starlette) -> Iterator[httpx.Client]:
    """Run the application in this process, and yield what calls it, as one that follows no redirect."""
    with (
        TestClient(app) as runner,
        httpx.Client(transport=_InProcess(runner), base_url="http://testserver") as client,
    ):
        yield client


class _InProcess(httpx.BaseTransport):
    """Calls an application in its event loop, which runs in another thread.

    Starlette's own transport goes from one thread to the other seven times for a request, which costs more
    than the request.
    """

    def __init__(self, runner: TestClient) -> None:
        assert runner.portal is not None
        self._loop = runner.portal.call(asyncio.get_running_loop)
        self._transport = httpx.ASGITransport(runner.app, raise_app_exceptions=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()  # A generator of the body has no place in a loop.
        return asyncio.run_coroutine_threadsafe(self._answer(request), self._loop).result()

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        answer = await self._transport.handle_async_request(request)
        body = b"".join([part async for part in answer.aiter_raw()])
        return httpx.Response(answer.status_code, headers=answer.headers.raw, stream=httpx.ByteStream(body))
