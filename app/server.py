"""The server: uvicorn, with an end to clients that are too slow, and a shutdown that no request notices."""

import asyncio
import gc
import multiprocessing
import os
import resource
import signal
import tempfile
import threading
import time
from asyncio import TimerHandle
from itertools import chain
from typing import Any
from uuid import uuid4

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from uvicorn.config import STARTUP_FAILURE
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.supervisors import Multiprocess

from app.errors import Problem, respond
from app.kinds import KINDS
from app.logs import log_config
from app.main import create_app
from app.settings import Settings

MAX_HEAD = 65_536  # bytes of a request without its body, about
# How long after SIGTERM a connection without a request stays open: what is already on its way is still answered.
LINGER = 1.0  # seconds


def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; the exit code. With several workers, SIGHUP replaces them one by one."""
    config = uvicorn.Config(
        "app.server:start_worker",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        http=Protocol,
        ws="none",
        log_config=log_config(settings),
        log_level=None,
        access_log=False,
        server_header=False,
        # Neither the client's address nor its scheme is looked at.
        proxy_headers=False,
        timeout_graceful_shutdown=settings.shutdown_timeout,
        timeout_worker_healthcheck=10,
    )
    _raise_file_limit()
    return _serve_alone(config) if settings.workers == 1 else _serve_together(config, settings)


def _serve_alone(config: uvicorn.Config) -> int:
    server = uvicorn.Server(config)
    for number in (signal.SIGTERM, signal.SIGINT):
        # Until uvicorn takes over, and again when it has shut down and passes the signal on.
        signal.signal(number, lambda *_: setattr(server, "should_exit", True))
    server.run()
    return 0 if server.started else STARTUP_FAILURE


def _serve_together(config: uvicorn.Config, settings: Settings) -> int:
    with tempfile.TemporaryDirectory(prefix="duly-") as folder:
        if settings.metrics:
            # Where the workers put their numbers together; prometheus_client reads it when it is imported.
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        supervisor = Multiprocess(config, sockets=[config.bind_socket()])
        supervisor.run()
        failed = any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes)
        return STARTUP_FAILURE if failed else 0


def start_worker() -> Starlette:
    """The application, in the process that serves it."""
    settings = Settings.from_environment(os.environ)
    if settings.workers > 1 or settings.development:
        threading.Thread(target=_end_with_parent, args=[os.getppid()], daemon=True).start()
    Protocol.client_timeout = settings.client_timeout
    app = create_app(settings)
    # What is there now stays. A request leaves no cycles behind, but a thousand that wait are many objects to look through.
    gc.freeze()
    gc.set_threshold(50_000)
    return app


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
        status = b"HTTP/1.1 %d %s" % (response.status_code, KINDS[problem.kind].title.encode())
        lines = [status, *(b"%s: %s" % header for header in headers), b"", b""]
        self.transport.write(b"\r\n".join(lines) + bytes(response.body))
        self.transport.close()


def _end_with_parent(number: int) -> None:
    """A worker whose supervisor was killed would go on forever, and hold the port; so would the service of `make run`."""
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        supervisor.join()
    while os.getppid() == number and supervisor is None:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


def _raise_file_limit() -> None:
    """Each connection is a file; many systems allow 1,024 unless asked."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
