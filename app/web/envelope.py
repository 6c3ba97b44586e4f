"""The outer middleware: request id, path, security headers, and 500 as the last resort.

Middleware and handlers add these keys to ``scope``:

- ``request_id``, ``accept``: by ``Envelope``; ``accept`` is the whole Accept field, as bytes;
- ``media_type``: by ``app.web.resource``; the one of the answer;
- ``user``: by the handler or by the rate limit; an ``Identity``;
- ``take_tokens``: by the rate limit, if it is on; a coroutine function that takes so many more tokens.
"""

import logging
import os
import re

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.problems import Problem, respond

log = logging.getLogger("duly")

# Empty and dot segments, parameters of a segment, escapes of characters that need none or divide segments
# (RFC 3986, section 6.2.2).
_OTHER_SPELLING = re.compile(
    rb"//|/\.{1,2}(?:/|$)|[;\\]|%(?:2[DEF]|3[0-9B]|4[1-9A-F]|5[0-9ACF]|6[1-9A-F]|7[0-9AE])", re.IGNORECASE
)
_SOUND_ID = re.compile(rb"[A-Za-z0-9._~:/+=@-]{1,128}")

# https://owasp.org/www-project-secure-headers: nothing here is a page, except /docs, which says so itself.
_EVERYWHERE = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=63072000; includeSubDomains"),
    # Of answers to requests without an Origin as well, which pass by app.web.cors.
    (b"vary", b"Origin"),
]
_NO_PAGE = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")


class Envelope:
    """The outermost middleware: names the request, drops a trailing slash, and adds the security headers.

    ``root_path`` is where a proxy shows the service. The proxy may take it away from a request's path or not.
    """

    def __init__(self, app: ASGIApp, root_path: str = "") -> None:
        self._app = app
        self._root_path = root_path

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
        raw_path = scope.get("raw_path") or path.encode()
        if (
            b"//" in raw_path
            or b"/." in raw_path
            or b"%" in raw_path
            or b";" in raw_path
            or b"\\" in raw_path
        ) and _OTHER_SPELLING.search(raw_path):
            # Each path has one spelling. No route has this one: 404.
            scope["path"] = ""
        else:
            if self._root_path and f"{path}/".startswith(f"{self._root_path}/"):
                scope["path"] = path = path.removeprefix(self._root_path) or "/"
            if path[-1:] == "/" and path != "/":
                scope["path"] = path[:-1]

        async def send_enveloped(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = message["headers"]
                if self._root_path:
                    told = [(name, self._rooted(name, value)) for name, value in told]
                headers = message["headers"] = [
                    *told,
                    (b"x-request-id", request_id),
                    *_EVERYWHERE,
                ]
                if not any(name == b"content-security-policy" for name, _ in headers):
                    headers.append(_NO_PAGE)
            await send(message)

        await self._app(scope, receive, send_enveloped)

    def _rooted(self, name: bytes, value: bytes) -> bytes:
        """The value of a header; Location and Link lead to paths below the root."""
        if name == b"location" and value.startswith(b"/"):
            return self._root_path.encode() + value
        if name == b"link":
            return value.replace(b"</", b"<%s/" % self._root_path.encode())
        return value


class LastResort:
    """Middleware: answers 500 to an unexpected error. Inside of CORS, so that web pages can read it."""

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
