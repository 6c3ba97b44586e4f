"""One address with its methods, and what surrounds every request: its id, its path, its security headers."""

import logging
import re
from collections.abc import Awaitable, Callable
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import Problem, respond

log = logging.getLogger("duly")

Handler = Callable[[Request], Awaitable[Response]]

_SOUND_ID = re.compile(rb"[A-Za-z0-9._~:/+=@-]{1,128}")

# https://owasp.org/www-project-secure-headers: nothing here is a page, except /docs, which says so itself.
_SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=63072000; includeSubDomains"),
]
_NO_PAGE = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")


class Resource:
    """One address: its handlers by method. HEAD is GET, of which the server leaves out the body (RFC 9110, 9.3.2)."""

    def __init__(self, **handlers: Handler) -> None:
        self._handlers = handlers
        if "GET" in handlers:
            self._handlers["HEAD"] = handlers["GET"]
        self._allow = ", ".join(sorted([*self._handlers, "OPTIONS"]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handler = self._handlers.get(scope["method"])
        if handler is not None:
            response = await handler(Request(scope, receive, send))
        elif scope["method"] == "OPTIONS":
            response = Response(status_code=204, headers={"allow": self._allow})
        else:
            raise Problem("method-not-allowed", headers={"allow": self._allow})
        await response(scope, receive, send)


class Envelope:
    """The outermost middleware: names the request, drops a trailing slash, and answers 500 where nobody foresaw the fault."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = b""
        for name, value in scope["headers"]:
            if name == b"x-request-id" and _SOUND_ID.fullmatch(value):
                request_id = value
        request_id = request_id or uuid4().hex.encode()
        scope["request_id"] = request_id.decode()
        path = scope["path"]
        if path[-1:] == "/" and path != "/":
            scope["path"] = path[:-1]
        started = False

        async def send_enveloped(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = message["headers"] = [*message["headers"], (b"x-request-id", request_id), *_SECURITY]
                if "content-security-policy" not in MutableHeaders(raw=headers):
                    headers.append(_NO_PAGE)
            await send(message)

        try:
            await self._app(scope, receive, send_enveloped)
        except Exception:
            log.exception("request %s", scope["request_id"])
            if started:
                raise
            await respond(Request(scope), Problem("internal-error"))(scope, receive, send_enveloped)
