"""The server: uvicorn, with an end to clients that are too slow, and a shutdown that no request notices."""

import gc
import multiprocessing
import os
import resource
import signal
import tempfile
import threading
import time

import uvicorn
from starlette.applications import Starlette
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from app.instrumentation.logs import log_config
from app.main import create_app
from app.server.protocol import Protocol
from app.settings import Settings


def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; the exit code. With several workers, SIGHUP replaces them one by one."""
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
    # What is there now stays. A request leaves no cycles behind, but a thousand that wait are many objects.
    gc.freeze()
    gc.set_threshold(50_000)
    return app


def _end_with_parent(number: int) -> None:
    """End with the parent: an orphaned worker, or service of `make run`, would go on and hold the port."""
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
