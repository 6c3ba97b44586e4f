"""What may be switched on around the application: logs, metrics, traces. What is off is not even imported."""

from typing import Self

from starlette.middleware import Middleware
from starlette.routing import Route

from app.auth.authenticator import Authenticator
from app.database.calls import Database
from app.instrumentation.logs import RequestLog
from app.settings import Settings, SettingsError


class Instrumentation:
    """The middleware and the routes of what is on. A context manager: it ends what runs in the background."""

    def __init__(self, settings: Settings) -> None:
        self.middleware: list[Middleware] = []
        self.routes: list[Route] = []
        self.authenticator = Authenticator(settings)
        self._tracing = settings.tracing
        self.database = self._trace(settings) if settings.tracing else Database(settings)
        if settings.log_level in ("debug", "info"):
            self.middleware.append(Middleware(RequestLog, settings=settings))
        if settings.metrics:
            self._measure()

    async def __aenter__(self) -> Self:
        if self._tracing:
            from app.instrumentation.tracing import start_tracing

            self._provider = start_tracing()
        return self

    async def __aexit__(self, *exception: object) -> None:
        if self._tracing:
            self._provider.shutdown()

    def _trace(self, settings: Settings) -> Database:
        try:
            from app.instrumentation.tracing import RequestSpans, TracedDatabase
        except ImportError:
            raise SettingsError("TRACING needs OpenTelemetry: install app/requirements-otel.txt") from None
        self.middleware.append(Middleware(RequestSpans))
        return TracedDatabase(settings)

    def _measure(self) -> None:
        from app.instrumentation.metrics import Metrics, RequestMetrics
        from app.web.resource import Resource

        metrics = Metrics(self.database, self.authenticator)
        self.middleware.append(Middleware(RequestMetrics, metrics=metrics))
        self.routes.append(
            Route("/metrics", Resource(("text/plain",), GET=metrics.show), include_in_schema=False)
        )
