"""The server: uvicorn, with an end to clients that are too slow, and a shutdown that no request notices."""

import asyncio
import gc
import logging
import multiprocessing
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence

import uvicorn
from starlette.applications import Starlette
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from app import __version__
from app.database.description import Unreachable, describe
from app.instrumentation.logs import log_config
from app.main import create_app
from app.server.protocol import Protocol
from app.settings import Settings

log = logging.getLogger("duly.start")

_SOCKETS = "DULY_SOCKETS"
"""The variable that hands the sockets of a program to its successor: file descriptors, parted by blanks."""

_PROGRAM = [sys.executable, *sys.orig_argv[1:]]


def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code. SIGHUP reloads the code without refusals."""
    config = uvicorn.Config(
        "app.server.serve:start_worker",
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
        timeout_keep_alive=settings.keep_alive,
        timeout_graceful_shutdown=settings.shutdown_timeout,
        timeout_worker_healthcheck=10,
    )
    _raise_file_limit()
    if parent := os.environ.get("DULY_PARENT"):
        threading.Thread(target=_end_after, args=[lambda: _wait_for(int(parent))], daemon=True).start()
    # Apart from the service, which starts and answers whatever the database does.
    threading.Thread(target=_tell_database, args=[settings], daemon=True).start()
    return _serve_alone(config) if settings.workers == 1 else _serve_together(config, settings)


class Server(uvicorn.Server):
    """One process that serves. It tells its address, and can hand its sockets to its successor."""

    sockets: Sequence[int] = ()
    """The file descriptors that the next program listens on; none where there is no next."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            _tell_address(self.config, self.servers[0].sockets[0].getsockname()[1])

    def reload(self) -> None:
        """End, so that the program can begin anew with the same sockets; unless it would not start."""
        if subprocess.run([*_PROGRAM, "--check"]).returncode:
            log.error("SIGHUP: the program would not start again, so nothing is reloaded")
        elif self.started and not self.should_exit:
            log.info("SIGHUP: reloading")
            listeners = [listener for server in self.servers for listener in server.sockets]
            self.sockets = [os.dup(listener.fileno()) for listener in listeners]
            self.should_exit = True

    def stop(self) -> None:
        """End, and do not begin anew."""
        self.sockets = []
        self.should_exit = True


def _serve_alone(config: uvicorn.Config) -> int:
    server = Server(config)
    for number in (signal.SIGTERM, signal.SIGINT):
        # Until uvicorn takes over, and again when it has shut down and passes the signal on.
        signal.signal(number, lambda *_: server.stop())
    signal.signal(signal.SIGHUP, lambda *_: threading.Thread(target=server.reload, daemon=True).start())
    inherited = [socket.socket(fileno=int(number)) for number in os.environ.pop(_SOCKETS, "").split()]
    server.run(inherited or None)
    if server.sockets:
        # The same process goes on. Clients that connect meanwhile wait in the queue of the sockets.
        for descriptor in server.sockets:
            os.set_inheritable(descriptor, True)
        os.environ[_SOCKETS] = " ".join(map(str, server.sockets))
        # A program that begins has no handler yet; what is ignored stays so.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.execv(_PROGRAM[0], _PROGRAM)  # noqa: S606
    return 0 if server.started else STARTUP_FAILURE


def _serve_together(config: uvicorn.Config, settings: Settings) -> int:
    with tempfile.TemporaryDirectory(prefix="duly-") as folder:
        if settings.metrics:
            # The workers keep their numbers there together; prometheus_client reads it when it is imported.
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        listener = config.bind_socket()
        _tell_address(config, listener.getsockname()[1])
        supervisor = Multiprocess(config, sockets=[listener])
        supervisor.run()
        failed = any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes)
        return STARTUP_FAILURE if failed else 0


def _tell_address(config: uvicorn.Config, port: int) -> None:
    host = f"[{config.host}]" if ":" in config.host else config.host
    log.info("Duly %s serves at http://%s:%d", __version__, host, port)


def _tell_database(settings: Settings) -> None:
    try:
        log.info("%s", asyncio.run(describe(settings)))
    except Unreachable as error:
        log.warning("%s", error)


def start_worker() -> Starlette:
    """The application, in the process that serves it."""
    settings = Settings.from_environment(os.environ)
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        threading.Thread(target=_end_after, args=[supervisor.join], daemon=True).start()
    Protocol.client_timeout = settings.client_timeout
    app = create_app(settings)
    Protocol.end_streams = app.state.hub.close
    # What is there now stays. A request leaves no cycles behind, but a thousand that wait are many objects.
    gc.freeze()
    gc.set_threshold(50_000)
    return app


def _end_after(wait: Callable[[], object]) -> None:
    """End with the parent: an orphaned worker, or service of `make run`, would go on and hold the port."""
    wait()
    os.kill(os.getpid(), signal.SIGTERM)


def _wait_for(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)


def _raise_file_limit() -> None:
    """Each connection is a file; many systems allow 1,024 unless asked."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
