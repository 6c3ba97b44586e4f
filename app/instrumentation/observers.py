"""Logs, metrics and traces, as the settings switch them on. If one is off, its module is not imported."""

from typing import Self

from starlette.middleware import Middleware
from starlette.routing import Route

from app.auth.authenticator import Authenticator
from app.database.calls import CallObserver, Database
from app.instrumentation.middleware import Measure, Observer
from app.settings import Settings, SettingsError
from app.web.resource import Resource


class Instrumentation:
    """The middleware and the routes of all that is on. Calls are observed inside this context manager."""

    def __init__(self, settings: Settings, database: Database, authenticator: Authenticator) -> None:
        """Raises SettingsError if TRACING is set and OpenTelemetry is not installed."""
        self.routes: list[Route] = []
        self._tracing = settings.tracing
        self._database = database
        self._call_observers: list[CallObserver] = []
        observers: list[Observer] = []
        if settings.tracing:
            try:
                from app.instrumentation.tracing import observe_call, observe_exchange
            except ImportError:
                raise SettingsError(
                    "TRACING needs OpenTelemetry: install app/requirements-otel.txt"
                ) from None
            observers.append(observe_exchange)
            self._call_observers.append(observe_call)
        if settings.log_level in ("debug", "info"):
            from app.instrumentation.logs import RequestLog

            observers.append(RequestLog(settings).observe)
        if settings.metrics:
            from app.instrumentation.metrics import Metrics

            metrics = Metrics(database, authenticator)
            observers.append(metrics.observe_exchange)
            self._call_observers.append(metrics.observe_call)
            resource = Resource(("text/plain",), GET=metrics.show)
            self.routes.append(Route("/metrics", resource, include_in_schema=False))
        self.middleware = [Middleware(Measure, observers=observers)] if observers else []

    async def __aenter__(self) -> Self:
        if self._tracing:
            from app.instrumentation.tracing import start_tracing

            self._provider = start_tracing()
        self._database.observers.extend(self._call_observers)
        return self

    async def __aexit__(self, *exception: object) -> None:
        if self._tracing:
            self._provider.shutdown()
