"""HTTP/1.1 on a connection: uvicorn's protocol, stricter, and with bounds for clients that are too slow.

It ignores offers to upgrade, drops trailers, and refuses unsound framing, versions, targets and Hosts.

All that leans on uvicorn's insides is here:
- ``HttpToolsProtocol``: connection_made, connection_lost, on_header, on_headers_complete, on_body,
  on_message_complete, on_response_complete, _start_asgi_task, _unset_keepalive_if_required, shutdown; its
  parser, cycle, pipeline, flow, scope, headers, url, expect_100_continue, server_state, tasks,
  timeout_keep_alive_task, transport;
- ``RequestResponseCycle``: transport, disconnected, keep_alive, message_event, more_body, response_started,
  response_complete, chunked_encoding, expected_content_length.
"""

from asyncio import Task, TimerHandle
from collections.abc import Callable
from itertools import chain
from typing import Any, ClassVar
from uuid import uuid4

import httptools
from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.server.target import is_host, origin_form
from app.server.transport import OnePacket, unsent
from app.web.problem_types import PROBLEM_TYPES
from app.web.problems import Problem, respond

MAX_HEAD = 65_536  # bytes of a request without its body, about
# The looks that a body, or the taking of an answer, may last in all, each of them with progress.
MAX_LOOKS = 10
# Seconds that an idle connection stays open after SIGTERM: a request on its way is still answered.
LINGER = 1.0

NO_HOST = "The request must have one valid Host (RFC 9112, section 3.2)"
_METHODS = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"


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
    # Whether the parser does not know the transfer coding of the present request, for a tab behind its name.
    _has_padded_coding = False
    # What came behind the head of that request.
    _behind_head: bytes | None = None
    # Whether the rest of what the client sends is dropped.
    _ended = False
    # The last answer, where others have to be given before it.
    _last: Problem | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        _prepare(self.parser)
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
        """Take a field of the head, or of the trailer. Raises Problem."""
        # The parser leaves the white space behind a value (RFC 9110, section 5.5).
        bare = value.rstrip(b" \t")
        if name.lower() == b"transfer-encoding":
            if self._in_body:
                raise Problem("validation-error", "A trailer can't have Transfer-Encoding (RFC 9110, 6.5.1)")
            self._has_padded_coding = b"\t" in value[len(bare) :]
        super().on_header(name, bare)

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
        if self._has_padded_coding:
            self._behind_head = b""
            return  # It is read again, without the tab.
        super().on_headers_complete()
        self._head = 0
        self._in_body = True
        # From here on it takes the fields of the trailer, which are dropped (RFC 9110, section 6.5.1).
        self.headers = []

    def on_body(self, body: bytes) -> None:
        if self._behind_head is not None:
            self._behind_head += body
            return
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
        if cycle.scope["http_version"] == "1.0":
            # uvicorn would send chunks, which HTTP/1.0 does not know.
            cycle.chunked_encoding = False
            cycle.expected_content_length = _UntilClose()
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
        ignored (RFC 9110, section 7.8): another parser reads the same head without it, and then the rest. The
        same is done about a tab behind the transfer coding: with it httptools does not know the coding, and
        takes all that follows for the body.
        """
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                data = data[offer.args[0] :]
            else:
                if self._behind_head is None:
                    return
                data = self._behind_head
            self._behind_head = None
            self._has_padded_coding = False
            method, version = self.parser.get_method(), self.parser.get_http_version().encode()
            fields = [b"%s: %s" % field for field in self.headers if field[0] != b"upgrade"]
            self.parser = httptools.HttpRequestParser(self)
            _prepare(self.parser)
            start = b"%s %s HTTP/%s" % (method, self.url, version)
            self.parser.feed_data(b"\r\n".join([start, *fields, b"", b""]))

    def _check_head(self) -> None:
        """Raises Problem for unsound framing, version, target or Host that the parser lets through."""
        host: bytes | None = None
        codings = [value.lower() for name, value in self.headers if name == b"transfer-encoding"]
        version = self.parser.get_http_version()
        for name, value in self.headers:
            if name == b"host":
                if host is not None or not is_host(value):
                    raise Problem("validation-error", NO_HOST)
                host = value
        if codings not in ([], [b"chunked"]):
            raise Problem("validation-error", "The only transfer coding that is taken is chunked, once")
        if version == "1.0":
            self.expect_100_continue = False
            if codings:
                raise Problem("validation-error", "HTTP/1.0 has no Transfer-Encoding (RFC 9112, section 6.1)")
        elif version != "1.1":
            raise Problem("validation-error", "The request is not HTTP/1.1 (RFC 9112)")
        elif host is None:  # HTTP/1.0 may do without.
            raise Problem("validation-error", NO_HOST)
        if self.url[:1] != b"/" or b"#" in self.url:
            self.url = origin_form(self.url)

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
        # Or for a request (a connection that is kept alive has a timer of its own), or for a body, also for
        # the rest of one that was answered before it came.
        waits = unread or (
            self._in_body or self.timeout_keep_alive_task is None
            if idle
            else cycle.more_body and cycle is self._running
        )
        seen = (self.scope, self._running, unread) if waits else None
        # A head must come at once; a body may take a while, and so may the answer.
        progress = unsent(self.transport) if unread else None if idle else self._received
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


class _UntilClose(int):
    """The unknown length of a body that ends with its connection (RFC 9112, section 6.3)."""

    def __lt__(self, other: object) -> bool:
        return False

    def __sub__(self, other: object) -> "_UntilClose":
        return self


def _prepare(parser: httptools.HttpRequestParser) -> None:
    """Let the parser go on after an answer that closes, and pass any transfer coding on to Protocol."""
    parser.set_dangerous_leniencies(lenient_data_after_close=True, lenient_transfer_encoding=True)
