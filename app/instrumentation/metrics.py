"""What Prometheus reads at ``GET /metrics``, by prometheus_client; right with several workers too. Off unless METRICS is set."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.auth.authenticator import Authenticator
from app.database.calls import Database
from app.instrumentation.logs import route_of

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The numbers of this process, and where several workers serve, the way to those of all."""

    def __init__(self, database: Database, authenticator: Authenticator) -> None:
        self._database = database
        self._authenticator = authenticator
        self._cached = self._verified = 0
        registry = self._registry = CollectorRegistry()
        self.requests = Counter("http_requests", "Answers.", ("method", "route", "status"), registry=registry)
        self.seconds = Histogram(
            "http_request_duration_seconds", "From a request's head to the end of its answer.", ("method", "route"),
            registry=registry, buckets=_BUCKETS,
        )  # fmt: skip
        self.running = Gauge(
            "http_requests_in_progress",
            "Requests without an answer yet.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._in_use = Gauge(
            "duly_pool_in_use",
            "Database connections that work.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._waiting = Gauge(
            "duly_pool_waiting",
            "Requests that wait for a connection.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._size = Gauge(
            "duly_pool_size", "Connections there may be.", registry=registry, multiprocess_mode="livesum"
        )
        self._size.set(database.pool_size)
        errors = Counter(
            "duly_database_errors", "Errors by class of SQLSTATE.", ("sqlstate_class",), registry=registry
        )
        database.on_error = lambda sqlstate_class: errors.labels(sqlstate_class).inc()
        self._hits = Counter("duly_token_cache_hits", "Tokens that were known.", registry=registry)
        self._misses = Counter(
            "duly_token_cache_misses", "Tokens that had to be verified.", registry=registry
        )

    async def show(self, request: Request) -> Response:
        """``GET /metrics``: 200, in Prometheus' text format."""
        folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
        registry = self._registry
        if folder:
            registry = CollectorRegistry()
            forget_the_dead(Path(folder))
            MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
        return Response(
            generate_latest(registry), media_type=CONTENT_TYPE_LATEST, headers={"cache-control": "no-store"}
        )

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Around a request."""
        self.running.inc()
        self._note_pool()
        try:
            yield
        finally:
            self.running.dec()
            self._note_pool()
            # The authenticator counts for itself, and costs nothing more where nobody looks.
            self._hits.inc(self._authenticator.cache_hits - self._cached)
            self._misses.inc(self._authenticator.cache_misses - self._verified)
            self._cached, self._verified = self._authenticator.cache_hits, self._authenticator.cache_misses

    def _note_pool(self) -> None:
        self._in_use.set(min(self._database.in_use, self._database.pool_size))
        self._waiting.set(max(0, self._database.in_use - self._database.pool_size))


class RequestMetrics:
    """Middleware: counts and times each request."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = perf_counter()
        status = 500

        async def send_noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._metrics.watch():
            try:
                await self._app(scope, receive, send_noting)
            finally:
                method, route = method_of(scope), route_of(scope)
                self._metrics.requests.labels(method, route, str(status)).inc()
                self._metrics.seconds.labels(method, route).observe(perf_counter() - start)


def method_of(scope: Scope) -> str:
    """The method, "other" where it is made up: a client must not be able to make new time series."""
    method: str = scope["method"]
    return method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else "other"


def forget_the_dead(folder: Path) -> None:
    """What is going on in a worker that was killed is nothing; its counts stay."""
    for path in folder.glob("gauge_live*_*.db"):
        pid = int(path.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_process_dead(pid)  # type: ignore[no-untyped-call]
