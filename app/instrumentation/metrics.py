"""Prometheus metrics, at ``GET /metrics``, of all workers together. Off unless METRICS is set."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
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
from starlette.types import Scope

from app.auth.authenticator import Authenticator
from app.database.calls import Database
from app.instrumentation.logs import route_of
from app.instrumentation.middleware import Exchange
from app.process import Processes
from app.web.problems import Unavailable

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The metrics of this process; where several workers serve, those of all workers are shown."""

    def __init__(self, database: Database, authenticator: Authenticator) -> None:
        self._database = database
        self._authenticator = authenticator
        self._cached = self._verified = 0
        registry = self._registry = CollectorRegistry()
        registry.register(Processes())
        self._requests = Counter(
            "http_requests", "Answers.", ("method", "route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "http_request_duration_seconds",
            "From a request's head to the end of its answer.",
            ("method", "route"),
            registry=registry,
            buckets=_BUCKETS,
        )
        self._running = Gauge(
            "http_requests_in_progress",
            "Requests without an answer yet.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._streams = Gauge(
            "duly_event_streams",
            "Streams of GET /events.",
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
        self._errors = Counter(
            "duly_database_errors", "Errors by class of SQLSTATE.", ("sqlstate_class",), registry=registry
        )
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
            registry.register(Processes(lambda: live_processes(Path(folder))))
        return Response(
            generate_latest(registry), media_type=CONTENT_TYPE_LATEST, headers={"cache-control": "no-store"}
        )

    @contextmanager
    def observe_exchange(self, exchange: Exchange) -> Iterator[None]:
        """An observer of the middleware: counts and times each request; only counts open event streams."""
        if exchange.scope["path"] == "/events":
            with self._streams.track_inprogress():
                yield
            return
        self._running.inc()
        self._note_pool()
        try:
            yield
        finally:
            method, route = method_of(exchange.scope), route_of(exchange.scope)
            self._requests.labels(method, route, str(exchange.status)).inc()
            self._seconds.labels(method, route).observe(exchange.seconds)
            self._running.dec()
            self._note_pool()
            # The authenticator counts anyway; here the difference is added.
            self._hits.inc(self._authenticator.cache_hits - self._cached)
            self._misses.inc(self._authenticator.cache_misses - self._verified)
            self._cached, self._verified = self._authenticator.cache_hits, self._authenticator.cache_misses

    @contextmanager
    def observe_call(self, function: str) -> Iterator[None]:
        """An observer of the database: counts errors, as class 08 where the database was not reached."""
        try:
            yield
        except asyncpg.PostgresError as error:
            self._errors.labels((error.sqlstate or "")[:2]).inc()
            raise
        except Unavailable as refusal:
            if refusal.__cause__ is not None:
                self._errors.labels((getattr(refusal.__cause__, "sqlstate", None) or "08")[:2]).inc()
            raise

    def _note_pool(self) -> None:
        self._in_use.set(min(self._database.in_use, self._database.pool_size))
        self._waiting.set(max(0, self._database.in_use - self._database.pool_size))


def method_of(scope: Scope) -> str:
    """The method; "other" if HTTP has no such method: a client can make no new time series."""
    method: str = scope["method"]
    return method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else "other"


def live_processes(folder: Path) -> set[int]:
    """The processes that keep gauges in a folder."""
    return {int(path.stem.rpartition("_")[2]) for path in folder.glob("gauge_live*_*.db")}


def forget_the_dead(folder: Path) -> None:
    """Remove the gauges of workers that were killed; their counters stay."""
    for pid in live_processes(folder):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_process_dead(pid)  # type: ignore[no-untyped-call]
