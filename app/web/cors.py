"""Cross-origin requests (https://fetch.spec.whatwg.org/#http-cors-protocol), by Starlette's middleware."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.settings import Settings
from app.web.problems import Problem, respond

EXPOSED = (
    "ETag",
    "Link",
    "Location",
    "X-Request-ID",
    "Allow",
    "Accept-Patch",
    "Accept-Post",
    "Content-Encoding",
    "WWW-Authenticate",
    "Preference-Applied",
    "Idempotency-Replayed",
    "Retry-After",
    "RateLimit",
    "RateLimit-Policy",
    "Search-Suggestion",
)


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
# What the API reads, and what browsers, fetch wrappers and instrumentation of web pages add by themselves.
HEADERS = (
    "Authorization",
    "Baggage",
    "Cache-Control",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "Pragma",
    "Prefer",
    "Sentry-Trace",
    "Traceparent",
    "Tracestate",
    "X-Request-ID",
    "X-Requested-With",
)
MAX_ORIGIN = 300  # bytes; a longer one is none
MAX_TOLD = 100  # characters of an origin or a list of names that a refusal repeats


class CORS(CORSMiddleware):
    """Starlette's, with the settings of this service."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        super().__init__(
            app,
            allow_origins=settings.cors_origins,
            allow_methods=METHODS,
            allow_headers=(*HEADERS, *settings.cors_headers),
            allow_credentials=True,
            # https://wicg.github.io/private-network-access: the origin decides.
            allow_private_network=True,
            expose_headers=EXPOSED,
            max_age=7200,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Requests that no web page of another origin makes, nearly all, pass by."""
        origin = next((value for name, value in scope.get("headers", ()) if name == b"origin"), b"")
        # It is repeated in the head of the answer, which stays below 4 KiB.
        if scope["type"] != "http" or not 0 < len(origin) <= MAX_ORIGIN:
            await self.app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            headers = Headers(scope=scope)
            if "access-control-request-method" in headers:
                await self._answer_preflight(Request(scope), headers)(scope, receive, send)
                return
        await super().__call__(scope, receive, send)

    def _answer_preflight(self, request: Request, headers: Headers) -> Response:
        """As Starlette's; a refusal is a problem that says what would have to be allowed, and where."""
        origin, method = headers["origin"], headers["access-control-request-method"]
        # A list may be empty, and have empty elements (RFC 9110, section 5.6.1).
        elements = ",".join(headers.getlist("access-control-request-headers")).lower().split(",")
        names = [name for element in elements if (name := element.strip())]
        kept = [(name, value) for name, value in headers.raw if name != b"access-control-request-headers"]
        if names:
            kept.append((b"access-control-request-headers", ",".join(names).encode("latin-1")))
        response = self.preflight_response(Headers(raw=kept))
        if response.status_code < 400:
            return response
        reasons = []
        if not self.is_allowed_origin(origin):
            reasons.append(f"the origin {origin[:MAX_TOLD]} is not one of CORS_ORIGINS")
        if method not in self.allow_methods:
            reasons.append(f"the method {method[:MAX_TOLD]} is not one of {', '.join(METHODS)}")
        refused = ", ".join(dict.fromkeys(name for name in names if name not in self.allow_headers))
        if refused:
            reasons.append(f"the header {refused[:MAX_TOLD]} is not allowed; CORS_HEADERS may add it")
        refusal = respond(request, Problem("validation-error", f"Refused by CORS: {'; '.join(reasons)}"))
        refusal.headers["vary"] = self.preflight_headers["Vary"]
        return refusal
