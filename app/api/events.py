"""Server-sent events (WHATWG HTML, section 9.2): a stream tells a client that tasks of its user changed."""

import asyncio
import json
import random
from contextlib import suppress
from time import monotonic

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.hub import Hub
from app.auth.authenticator import Authenticator
from app.web.problems import Problem

HEARTBEAT = 15.0  # seconds between two signs of life
TOKEN_CHECK = 5.0  # seconds between two looks at the token of a stream

_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store, no-transform"),
    (b"vary", b"Authorization"),
    # nginx would hold the events back.
    (b"x-accel-buffering", b"no"),
]


class Events:
    """The handler of ``/events``."""

    def __init__(self, authenticator: Authenticator, hub: Hub) -> None:
        self._authenticator = authenticator
        self._hub = hub

    async def watch(self, request: Request) -> Response:
        """``GET /events``: 200, a stream that ends when the token does; HEAD answers its headers."""
        user = await self._authenticator.identify(request.scope)
        known = request.headers.get("last-event-id")
        return Stream(self._authenticator, self._hub, user.user_id, known)


class Stream(Response):
    """The answer. ``known`` is the token that the client has."""

    def __init__(self, authenticator: Authenticator, hub: Hub, user: str, known: str | None) -> None:
        self.background = None
        self.status_code = 200
        self.raw_headers = list(_HEADERS)
        self._authenticator = authenticator
        self._hub = hub
        self._user = user
        self._known = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the client leaves, the token ends, or the server shuts down."""
        if scope["method"] == "HEAD":
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": b""})
            return
        subscription = self._hub.subscribe(self._user)
        leaving = asyncio.create_task(_disconnect(receive))
        leaving.add_done_callback(lambda _: subscription.woken.set())
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            # A random wait keeps clients from all returning at once after a restart. The field is part of the
            # first event, because some clients take a block without data for an event.
            retry = random.randint(1000, 5000)  # noqa: S311  # milliseconds
            await _write(send, f"retry: {retry}\n")
            heartbeat = monotonic() + HEARTBEAT
            while not leaving.done() and not self._hub.closed and await self._holds(scope):
                if subscription.token is not None and subscription.token != self._known:
                    self._known = subscription.token
                    data = json.dumps({"since": self._known}, separators=(",", ":"))
                    await _write(send, f"event: changed\nid: {self._known}\ndata: {data}\n\n")
                elif monotonic() >= heartbeat:
                    heartbeat = monotonic() + HEARTBEAT
                    await _write(send, ":\n\n")
                with suppress(TimeoutError):
                    async with asyncio.timeout(TOKEN_CHECK):
                        await subscription.woken.wait()
                subscription.woken.clear()
            await send({"type": "http.response.body", "body": b""})
        finally:
            self._hub.unsubscribe(self._user, subscription)
            leaving.cancel()

    async def _holds(self, scope: Scope) -> bool:
        """Whether the token is still good; most often a look into the cache of tokens."""
        try:
            await self._authenticator.authenticate(scope["headers"])
        except Problem:
            return False
        return True


class WakeStreams:
    """Middleware: after a change through this process, its user's streams look at once."""

    def __init__(self, app: ASGIApp, hub: Hub) -> None:
        self._app = app
        self._hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; reading changes nothing."""
        await self._app(scope, receive, send)
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            user = scope.get("user")
            if user is not None:
                self._hub.wake(user.user_id)


async def _disconnect(receive: Receive) -> None:
    """Return when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
