"""The one middleware that measures. Logs, metrics and traces are told of each exchange by it, if they are on.

What is off is not imported; if all is off, this middleware is not there either.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(slots=True)
class Exchange:
    """A request and its answer. ``scope`` is ASGI's, to which the application adds ``route`` and ``user``."""

    scope: Scope
    status: int = 500
    """Of the answer; 500 until it begins."""
    seconds: float = 0.0
    """From the head of the request to the end of the answer; 0 until then."""


Observer = Callable[[Exchange], AbstractContextManager[None]]
"""Opened before the application is called; closed when the exchange is complete."""


class Measure:
    """Middleware: opens the observers of each exchange in order, and closes them in reverse order."""

    def __init__(self, app: ASGIApp, observers: Sequence[Observer]) -> None:
        self._app = app
        self._observers = observers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = Exchange(scope)
        start = perf_counter()

        async def send_measured(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
            await send(message)

        with ExitStack() as stack:
            for observe in self._observers:
                stack.enter_context(observe(exchange))
            try:
                await self._app(scope, receive, send_measured)
            finally:
                exchange.seconds = perf_counter() - start
