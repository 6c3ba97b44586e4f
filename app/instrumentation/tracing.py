"""OpenTelemetry traces: a span for each request, and in it one for each call of the database.

Off unless TRACING is set. Needs the extra ``otel``. OpenTelemetry's own variables, such as
OTEL_EXPORTER_OTLP_ENDPOINT, say where spans go. No span has a token, a title, a body or a path with an id.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from app import __version__
from app.instrumentation.logs import route_of, traceparent_of
from app.instrumentation.middleware import Exchange

_tracer = trace.get_tracer("duly")


def start_tracing() -> TracerProvider:
    """Send spans, in the background; shut it down at the end, so that the last ones arrive."""
    provider = TracerProvider(resource=describe_service())
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider


def describe_service() -> Resource:
    """The origin of spans: service.name is duly, unless OTEL_SERVICE_NAME or the like says another."""
    given = Resource.create()
    own = {SERVICE_NAME: "duly", SERVICE_VERSION: __version__}
    # Where nothing is said, OpenTelemetry says unknown_service.
    if not str(given.attributes[SERVICE_NAME]).startswith("unknown_service"):
        del own[SERVICE_NAME]
    return given.merge(Resource(own))


@contextmanager
def observe_exchange(exchange: Exchange) -> Iterator[None]:
    """An observer of the middleware: the span of a request, a child of the client's traceparent if sent."""
    scope = exchange.scope
    if scope["path"] == "/events":
        # A span that lasts for hours says nothing.
        yield
        return
    parent = TraceContextTextMapPropagator().extract({"traceparent": traceparent_of(scope) or ""})
    with _tracer.start_as_current_span(
        scope["method"], parent, trace.SpanKind.SERVER, record_exception=False
    ) as span:
        span.set_attribute("http.request.method", scope["method"])
        # For the log.
        scope["trace_id"] = trace.format_trace_id(span.get_span_context().trace_id)
        try:
            yield
        finally:
            route = route_of(scope)
            span.update_name(f"{scope['method']} {route}")
            span.set_attribute("http.route", route)
            span.set_attribute("http.response.status_code", exchange.status)
            if exchange.status >= 500:
                span.set_status(trace.StatusCode.ERROR)


@contextmanager
def observe_call(function: str) -> Iterator[None]:
    """An observer of the database: the span of a call."""
    with _tracer.start_as_current_span(
        f"api.{function}", kind=trace.SpanKind.CLIENT, record_exception=False
    ) as span:
        span.set_attribute("db.system.name", "postgresql")
        yield
