"""One resource: its handlers by method, and the media types of its answers."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.web.negotiation import choose_media_type
from app.web.problems import Problem

Handler = Callable[[Request], Awaitable[Response]]


class Resource:
    """One path: its handlers by method, and the media types of their answers, the default first.

    HEAD is GET; the server leaves out the body (RFC 9110, section 9.3.2). ``scope["media_type"]`` is the
    media type that the client prefers.
    """

    def __init__(self, media_types: tuple[str, ...] = ("application/json",), **handlers: Handler) -> None:
        self.handlers = handlers
        if "GET" in handlers:
            self.handlers["HEAD"] = handlers["GET"]
        self._allow = ", ".join(sorted([*self.handlers, "OPTIONS"]))
        self._media_types = media_types
        self._default = (b"", b"*/*", media_types[0].encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handler = self.handlers.get(scope["method"])
        if handler is not None:
            scope["media_type"] = self._media_types[0]
            if scope["accept"] not in self._default:
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
