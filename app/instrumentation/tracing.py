"""OpenTelemetry traces: a span for each request, and within it one for each call of the database. Off unless TRACING is set.

Needs the extra ``otel``. Where the spans go is said by OpenTelemetry's own variables, OTEL_EXPORTER_OTLP_ENDPOINT and others.
No span has a token, a title, a body or a path with an id in it.
"""

from collections.abc import Mapping
from typing import Any

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.database.calls import Argument, Database
from app.identity import Identity
from app.instrumentation.logs import route_of, traceparent_of

_tracer = trace.get_tracer("duly")


def start_tracing() -> TracerProvider:
    """Send spans, in the background; shut it down at the end, so that the last ones arrive."""
    provider = TracerProvider(resource=Resource({SERVICE_NAME: "duly"}).merge(Resource.create()))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider


class RequestSpans:
    """Middleware: the span of a request, a child of the client's where there is a traceparent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        parent = TraceContextTextMapPropagator().extract({"traceparent": traceparent_of(scope) or ""})
        with _tracer.start_as_current_span(
            scope["method"], parent, trace.SpanKind.SERVER, record_exception=False
        ) as span:

            async def send_noting(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        span.set_status(trace.StatusCode.ERROR)
                await send(message)

            span.set_attribute("http.request.method", scope["method"])
            try:
                await self._app(scope, receive, send_noting)
            finally:
                route = route_of(scope)
                span.update_name(f"{scope['method']} {route}")
                span.set_attribute("http.route", route)


class TracedDatabase(Database):
    """A database whose calls are spans."""

    async def _call(self, function: str, user: Identity, arguments: Mapping[str, Argument]) -> Any:
        with _tracer.start_as_current_span(
            f"api.{function}", kind=trace.SpanKind.CLIENT, record_exception=False
        ) as span:
            span.set_attribute("db.system.name", "postgresql")
            return await super()._call(function, user, arguments)
