"""The application, called in the test's own thread.

Starlette's TestClient hands each message of a request to the thread of an event loop and waits for its end,
which costs more than the request itself. Tests that send thousands, one after the other, call the application
directly. Its event loop runs only while a request does, so this is nothing for streams.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2 as httpx
from starlette.applications import Starlette


class _Direct(httpx.BaseTransport):
    def __init__(self, app: Starlette, runner: asyncio.Runner) -> None:
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._runner = runner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._runner.run(self._answer(request))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        answer = await self._transport.handle_async_request(request)
        # As it was sent: the client decompresses it.
        content = b"".join([part async for part in answer.stream])
        return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(content))


@contextmanager
def call_directly(app: Starlette) -> Iterator[httpx.Client]:
    """A client of the application, which is started and stopped."""
    with asyncio.Runner() as runner:
        started, stopped = asyncio.Event(), asyncio.Event()

        async def live() -> None:
            async with app.router.lifespan_context(app):
                started.set()
                await stopped.wait()

        async def start() -> asyncio.Task[None]:
            life = asyncio.create_task(live())
            waiting = asyncio.create_task(started.wait())
            await asyncio.wait([life, waiting], return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            return life

        async def stop(life: asyncio.Task[None]) -> None:
            stopped.set()
            await life

        life = runner.run(start())
        try:
            with httpx.Client(transport=_Direct(app, runner), base_url="http://testserver") as client:
                yield client
        finally:
            runner.run(stop(life))
