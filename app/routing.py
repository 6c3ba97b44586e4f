"""One address with its methods, and what surrounds every request: its id, its path, its security headers, its last resort."""

import logging
import os
import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import Problem, respond
from app.negotiation import choose_media_type

log = logging.getLogger("duly")

Handler = Callable[[Request], Awaitable[Response]]

_SOUND_ID = re.compile(rb"[A-Za-z0-9._~:/+=@-]{1,128}")

# https://owasp.org/www-project-secure-headers: nothing here is a page, except /docs, which says so itself.
_EVERYWHERE = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=63072000; includeSubDomains"),
    # A cache must know it of answers to requests without an Origin as well, for which app.cors is not asked.
    (b"vary", b"Origin"),
]
_NO_PAGE = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")


class Resource:
    """One address: its handlers by method, and the media types that they answer with, the usual one first.

    HEAD is GET, of which the server leaves out the body (RFC 9110, section 9.3.2). Where there are several media types,
    the handler finds the one that the client prefers in ``scope["media_type"]``.
    """

    def __init__(self, media_types: tuple[str, ...] = ("application/json",), **handlers: Handler) -> None:
        self.handlers = handlers
        if "GET" in handlers:
            self.handlers["HEAD"] = handlers["GET"]
        self._allow = ", ".join(sorted([*self.handlers, "OPTIONS"]))
        self._media_types = media_types
        self._usual = (b"", b"*/*", media_types[0].encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handler = self.handlers.get(scope["method"])
        if handler is not None:
            scope["media_type"] = self._media_types[0]
            if scope["accept"] not in self._usual:
                scope["media_type"] = self._negotiate(scope["accept"].decode("latin-1"))
            response = await handler(Request(scope, receive, send))
        elif scope["method"] == "OPTIONS":
            response = Response(status_code=204, headers={"allow": self._allow})
        else:
            raise Problem("method-not-allowed", headers={"allow": self._allow})
        await response(scope, receive, send)

    def _negotiate(self, accept: str) -> str:
        media_type = choose_media_type(accept, self._media_types)
        if media_type is None:
            raise Problem("not-acceptable", f"The answer is {' or '.join(self._media_types)}; ask for that")
        return media_type


class Envelope:
    """The outermost middleware: names the request, drops a trailing slash, and adds the security headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = accept = b""
        for name, value in scope["headers"]:
            if name == b"accept":
                accept = b"%s, %s" % (accept, value) if accept else value
            elif name == b"x-request-id" and _SOUND_ID.fullmatch(value):
                request_id = value
        request_id = request_id or os.urandom(16).hex().encode()
        scope["accept"] = accept
        scope["request_id"] = request_id.decode()
        path = scope["path"]
        if path[-1:] == "/" and path != "/":
            scope["path"] = path[:-1]

        async def send_enveloped(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"] = [*message["headers"], (b"x-request-id", request_id), *_EVERYWHERE]
                if not any(name == b"content-security-policy" for name, _ in headers):
                    headers.append(_NO_PAGE)
            await send(message)

        await self._app(scope, receive, send_enveloped)


class LastResort:
    """Middleware: answers 500 where nobody foresaw the fault. Inside of CORS, so that web pages can read that too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def send_noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        except Exception:
            log.exception("request %s", scope.get("request_id"))
            if started or scope["type"] != "http":
                raise
            await respond(Request(scope), Problem("internal-error"))(scope, receive, send)
