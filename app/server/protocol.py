"""HTTP/1.1 on a connection: uvicorn's protocol, stricter, and with bounds for clients that are too slow.

It ignores offers to upgrade, drops trailers, and refuses unsound framing, versions, targets and Hosts.

All that leans on uvicorn's insides is here:
- ``HttpToolsProtocol``: connection_made, connection_lost, on_header, on_headers_complete, on_body,
  on_message_complete, on_response_complete, _start_asgi_task, _unset_keepalive_if_required, shutdown; its
  parser, cycle, pipeline, flow, scope, headers, url, expect_100_continue, server_state, tasks,
  timeout_keep_alive_task, transport;
- ``RequestResponseCycle``: transport, disconnected, keep_alive, message_event, more_body, response_started,
  response_complete.
"""

import asyncio
import fcntl
import re
import sys
import termios
from asyncio import Task, TimerHandle
from collections.abc import Callable
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from itertools import chain
from typing import Any, ClassVar
from uuid import uuid4

import httptools
from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.web.problem_types import PROBLEM_TYPES
from app.web.problems import Problem, respond

MAX_HEAD = 65_536  # bytes of a request without its body, about
# The looks that a body, or the taking of an answer, may last in all, each of them with progress.
MAX_LOOKS = 10
# Seconds that an idle connection stays open after SIGTERM: a request on its way is still answered.
LINGER = 1.0

# RFC 3986, section 3.2.2, without user information (RFC 9110, section 7.2).
_HOST = re.compile(rb"(?:\[([^\]]+)\]|(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::[0-9]*)?", re.ASCII)
_IP_FUTURE = re.compile(rb"[vV][0-9A-Fa-f]+\.[\w.~!$&'()*+,;=:-]+", re.ASCII)
# RFC 9112, section 3.2.2.
_ABSOLUTE_FORM = re.compile(rb"https?://([^/?]*)(.*)", re.IGNORECASE)
NO_HOST = "The request must have one valid Host (RFC 9112, section 3.2)"
_METHODS = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"


class OnePacket(asyncio.Transport):
    """The transport of one answer.

    uvicorn writes head and body apart. Here the head waits for what comes next, so that most answers are one
    system call, and one packet. If nothing comes in this turn of the loop, it goes alone.
    """

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
            self._loop.call_soon(self.flush)

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def flush(self) -> None:
        """Write what is held."""
        if self._held is not None:
            self._transport.write(self._held)
            self._held = None


class Protocol(HttpToolsProtocol):
    """uvicorn's, bounded in what it waits for. A request costs no timer: connections are checked at times."""

    end_streams: ClassVar[Callable[[], None]] = lambda: None
    client_timeout = 10.0  # seconds
    _next_look: TimerHandle | None = None
    _seen: tuple[object, ...] | None = None
    _progress: object = None
    _looks = 0
    _head = 0
    _received = 0
    _running: RequestResponseCycle | None = None
    _task: Task[None] | None = None
    # Whether the running request was begun by the data that is being received: it has done nothing yet.
    _fresh = False
    # Whether the head of the request that is being received has been read.
    _in_body = False
    # Set once nothing that the client sends is looked at any more.
    _ended = False
    # The last answer, where others have to be given before it.
    _last: Problem | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._next_look = self.loop.call_later(self.client_timeout, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._next_look is not None:
            self._next_look.cancel()
        if self._running is not None:
            # Of several requests that came at once, uvicorn tells only the last; this one would fail.
            self._running.disconnected = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._ended:
            return
        self._unset_keepalive_if_required()
        self._head += len(data)
        self._received += len(data)
        self._fresh = False
        try:
            self._feed(data)
        except httptools.HttpParserError as error:
            problem = error.__context__
            if not isinstance(problem, Problem):
                problem = Problem("validation-error", "The request is not HTTP/1.1 (RFC 9112)")
            self._end(problem)
        else:
            if self._head > MAX_HEAD:
                self._end(Problem("headers-too-large"))

    def on_header(self, name: bytes, value: bytes) -> None:
        # The parser leaves the white space behind a value (RFC 9110, section 5.5).
        super().on_header(name, value.rstrip(b" \t"))

    def on_headers_complete(self) -> None:
        """Begin the request. Raises Problem, which is the answer."""
        # Of what came in one piece, some may be the body.
        if self._head > MAX_HEAD and len(self.url) + sum(map(len, chain(*self.headers))) > MAX_HEAD:
            raise Problem("headers-too-large")
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                raise Problem("method-not-allowed", headers={"allow": _METHODS})
            return  # It is read again, without the offer: see _feed.
        self._check_head()
        super().on_headers_complete()
        self._head = 0
        self._in_body = True
        # From here on it takes the fields of the trailer, which are dropped (RFC 9110, section 6.5.1).
        self.headers = []

    def on_body(self, body: bytes) -> None:
        self._head = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._in_body = False
        if self.headers and any(
            name == b"connection" and b"close" in value.lower() for name, value in self.headers
        ):
            # The parser has taken this for the end, wherever it stands.
            self.cycle.keep_alive = False
            if self.cycle.response_complete:
                self.cycle.transport.close()
        if not self.cycle.response_complete:
            self.cycle.more_body = False
            self.cycle.message_event.set()

    def on_response_complete(self) -> None:
        if self._last is None or self.pipeline:
            super().on_response_complete()
        elif not self.transport.is_closing():
            if isinstance(self._running, RequestResponseCycle) and isinstance(
                self._running.transport, OnePacket
            ):
                self._running.transport.flush()
            self._refuse(self._last)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        self._fresh = True
        cycle.transport = OnePacket(self.transport, self.loop)
        self._task = task = self.loop.create_task(cycle.run_asgi(app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def shutdown(self) -> None:
        """Called when the server ends: from now on each answer asks the client to make another connection."""
        type(self).end_streams()
        close = (b"connection", b"close")
        if close not in self.server_state.default_headers:
            # In place, so that it reaches the answers that are being made.
            self.server_state.default_headers.append(close)
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(LINGER, super().shutdown)
        else:
            super().shutdown()

    def _feed(self, data: bytes) -> None:
        """Give the parser what came. Raises httptools.HttpParserError.

        httptools stops behind the head of a request that offers an upgrade, and reads no body. The offer is
        ignored (RFC 9110, section 7.8): another parser reads the same head without it, and then the rest.
        """
        while True:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as offer:
                data = data[offer.args[0] :]
                start = b"%s %s HTTP/%s" % (
                    self.parser.get_method(),
                    self.url,
                    self.parser.get_http_version().encode(),
                )
                fields = [b"%s: %s" % field for field in self.headers if field[0] != b"upgrade"]
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
                self.parser.feed_data(b"\r\n".join([start, *fields, b"", b""]))

    def _check_head(self) -> None:
        """Raises Problem for unsound framing, version, target or Host that the parser lets through."""
        host: bytes | None = None
        version = self.parser.get_http_version()
        for name, value in self.headers:
            if name == b"host":
                if host is not None or not _is_host(value):
                    raise Problem("validation-error", NO_HOST)
                host = value
            elif name == b"transfer-encoding" and value.lower() != b"chunked":
                raise Problem("validation-error", "The only transfer coding that is taken is chunked")
        if version == "1.0":
            self.expect_100_continue = False
            if any(name == b"transfer-encoding" for name, _ in self.headers):
                raise Problem("validation-error", "HTTP/1.0 has no Transfer-Encoding (RFC 9112, section 6.1)")
        elif version != "1.1":
            raise Problem("validation-error", "The request is not HTTP/1.1 (RFC 9112)")
        elif host is None:  # HTTP/1.0 may do without.
            raise Problem("validation-error", NO_HOST)
        if self.url[:1] != b"/" or b"#" in self.url:
            self.url = _origin_form(self.url)

    def _end(self, problem: Problem) -> None:
        """Answer with the problem, behind the requests that came before, and read no more."""
        self._ended = True
        if self.transport.is_closing():
            return
        self.flow.pause_reading()
        if self._in_body:
            cycle = self.cycle
            if cycle.response_started:
                # Its answer can't be taken back. What is to come of it still comes.
                cycle.keep_alive = False
                if cycle.response_complete:
                    cycle.transport.close()
                return
            if cycle is not self._running:
                self.pipeline.popleft()
            else:
                cycle.disconnected = True
                cycle.message_event.set()
                if self._fresh and self._task is not None:
                    self._task.cancel()
        if self._running is None or self._running.disconnected or self._running.response_complete:
            self._refuse(problem)
        else:
            self._last = problem

    def _look(self) -> None:
        """End the connection if it has waited for the client since the last look, or for too long in all."""
        cycle = self.cycle
        idle = cycle is None or cycle.response_complete
        # For an answer to be taken, of which there are several where a client sends requests without reading.
        unread = self.flow.write_paused or self.transport.is_closing()
        # Or for a request (a connection that is kept alive has a timer of its own), or for a body.
        waits = unread or (
            self.timeout_keep_alive_task is None if idle else cycle.more_body and cycle is self._running
        )
        seen = (self.scope, self._running, unread) if waits else None
        # A head must come at once; a body may take a while, and so may the answer.
        progress = _unsent(self.transport) if unread else None if idle else self._received
        if seen and self._seen and all(now is before for now, before in zip(seen, self._seen, strict=True)):
            self._looks += 1
            if progress is None or progress == self._progress or self._looks >= MAX_LOOKS:
                if unread or idle or cycle.response_started:
                    self.transport.abort()
                    return
                self._end(Problem("request-timeout"))
        else:
            self._looks = 0
        self._seen = seen
        self._progress = progress
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


def _unsent(transport: asyncio.Transport) -> int:
    """The bytes that the client has not received yet, as far as the system tells."""
    try:
        queue = fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
    except OSError:
        queue = b""
    return transport.get_write_buffer_size() + int.from_bytes(queue, sys.byteorder)


@lru_cache(maxsize=1024)
def _is_host(value: bytes) -> bool:
    """Whether it is a host, with or without a port (RFC 9110, section 7.2)."""
    match = _HOST.fullmatch(value)
    if match is None or match[1] is None:
        return match is not None
    try:
        return b"%" not in match[1] and bool(IPv6Address(match[1].decode("ascii")))
    except (AddressValueError, UnicodeDecodeError):
        return _IP_FUTURE.fullmatch(match[1]) is not None


def _origin_form(target: bytes) -> bytes:
    """The path and the query of a target in absolute form. Raises Problem where it is of another form."""
    if target == b"*":
        return target
    match = _ABSOLUTE_FORM.fullmatch(target)
    if match is None or not _is_host(match[1]) or b"#" in target:
        raise Problem("validation-error", "The target of the request must be a path (RFC 9112, section 3.2)")
    path = match[2]
    return path if path[:1] == b"/" else b"/" + path
