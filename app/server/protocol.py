"""HTTP/1.1 on a connection: uvicorn's protocol, with bounds for clients that are too slow.

All that leans on uvicorn's insides is here:
- ``HttpToolsProtocol``: connection_made, connection_lost, data_received, on_headers_complete, on_body, _start_asgi_task,
  send_400_response, shutdown; its cycle, flow, scope, server_state, timeout_keep_alive_task, transport, url, headers;
- ``RequestResponseCycle``: transport, disconnected, more_body, response_started, response_complete.
"""

import asyncio
from asyncio import TimerHandle
from itertools import chain
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.web.problem_types import PROBLEM_TYPES
from app.web.problems import Problem, respond

MAX_HEAD = 65_536  # bytes of a request without its body, about
# How long after SIGTERM a connection without a request stays open: what is already on its way is still answered.
LINGER = 1.0  # seconds


class OnePacket(asyncio.Transport):
    """The transport of one answer. uvicorn writes its head and its body apart; here the head waits for what comes next, so that
    most answers are one system call, and one packet. Where nothing comes in this turn of the loop, it goes alone."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._held: bytes | None = None
        self._begun = False

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def write(self, data: Any) -> None:
        if self._held is not None:
            self._transport.write(self._held + data)
            self._held = None
        elif self._begun:
            self._transport.write(data)
        else:
            self._begun = True
            self._held = data
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._held is not None:
            self._transport.write(self._held)
            self._held = None


class Protocol(HttpToolsProtocol):
    """uvicorn's, bounded in what it waits for. Requests cost no timer: each connection is looked at once in a while."""

    client_timeout = 10.0  # seconds
    _next_look: TimerHandle | None = None
    _seen: tuple[object, object, bool] | None = None
    _head = 0
    _running: RequestResponseCycle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._next_look = self.loop.call_later(self.client_timeout, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._next_look is not None:
            self._next_look.cancel()
        if self._running is not None:
            # Where several requests came at once, uvicorn tells only the last: the one that runs would write to nobody, and fail.
            self._running.disconnected = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._head += len(data)
        super().data_received(data)
        if self._head > MAX_HEAD and not self.transport.is_closing():
            self._refuse(Problem("headers-too-large"))

    def on_headers_complete(self) -> None:
        # Of what came in one piece, some may be the body.
        if self._head > MAX_HEAD and len(self.url) + sum(map(len, chain(*self.headers))) > MAX_HEAD:
            self._refuse(Problem("headers-too-large"))
            raise ValueError
        super().on_headers_complete()
        self._head = 0

    def on_body(self, body: bytes) -> None:
        self._head = 0
        super().on_body(body)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        cycle.transport = OnePacket(self.transport, self.loop)
        super()._start_asgi_task(cycle, app)

    def send_400_response(self, msg: str) -> None:
        if not self.transport.is_closing():
            self._refuse(Problem("validation-error", "The request is not HTTP/1.1 (RFC 9112)"))

    def shutdown(self) -> None:
        """Called when the server ends: from now on every answer asks the client to make another connection."""
        close = (b"connection", b"close")
        if close not in self.server_state.default_headers:
            # In place, so that it reaches the answers that are being made.
            self.server_state.default_headers.append(close)
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(LINGER, super().shutdown)
        else:
            super().shutdown()

    def _look(self) -> None:
        """End the connection where it has waited for the client, in the same state, since the last look."""
        cycle = self.cycle
        idle = cycle is None or cycle.response_complete
        # For an answer to be taken, of which there are several where a client sends requests without reading.
        unread = self.flow.write_paused or self.transport.is_closing()
        # Or for a request (a connection that is kept alive has a timer of its own), or for a body.
        waits = unread or (self.timeout_keep_alive_task is None if idle else cycle.more_body)
        seen = (self.scope, self._running, unread) if waits else None
        if seen and self._seen and all(now is before for now, before in zip(seen, self._seen, strict=True)):
            if unread or idle or cycle.response_started:
                self.transport.abort()
                return
            self._refuse(Problem("request-timeout"))
        self._seen = seen
        self._next_look = self.loop.call_later(self.client_timeout, self._look)

    def _refuse(self, problem: Problem) -> None:
        """Answer what is no request that the application could see, and close."""
        request_id = uuid4().hex
        response = respond(Request({"type": "http", "headers": [], "request_id": request_id}), problem)
        headers = [*response.raw_headers, (b"x-request-id", request_id.encode()), (b"connection", b"close")]
        status = b"HTTP/1.1 %d %s" % (response.status_code, PROBLEM_TYPES[problem.name].title.encode())
        lines = [status, *(b"%s: %s" % header for header in headers), b"", b""]
        self.transport.write(b"\r\n".join(lines) + bytes(response.body))
        self.transport.close()
