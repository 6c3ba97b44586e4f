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
    "Idempotency-Replayed",
    "Retry-After",
    "RateLimit",
    "RateLimit-Policy",
    "Search-Suggestion",
)


class CORS(CORSMiddleware):
    """Starlette's, with the settings of this service."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        super().__init__(
            app,
            allow_origins=settings.cors_origins,
            allow_methods=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=(
                "Authorization",
                "Content-Type",
                "If-Match",
                "If-None-Match",
                "Idempotency-Key",
                "Prefer",
                "X-Request-ID",
            ),
            allow_credentials=True,
            expose_headers=EXPOSED,
            max_age=7200,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Requests that no web page of another origin makes, nearly all, pass by."""
        if scope["type"] == "http" and any(name == b"origin" for name, _ in scope["headers"]):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def preflight_response(self, request_headers: Headers) -> Response:
        """As Starlette's, with a refusal as a problem."""
        response = super().preflight_response(request_headers)
        if response.status_code < 400:
            return response
        request = Request({"type": "http", "headers": []})
        refusal = respond(request, Problem("validation-error", bytes(response.body).decode()))
        refusal.headers["vary"] = "Origin"
        return refusal
