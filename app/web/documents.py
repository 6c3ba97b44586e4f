"""Content codings, and documents that stay the same while the service runs."""

import gzip
from collections.abc import Callable, Mapping
from functools import cache
from hashlib import blake2b

import brotli
from starlette.requests import Request
from starlette.responses import Response

from app.web.negotiation import choose_coding

MIN_ENCODED = 1024  # bytes; below, coding costs more than it saves

# Brotli's lowest levels take no longer than gzip, and make less of it.
ENCODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "br": lambda body: brotli.compress(body, quality=1),
    "gzip": lambda body: gzip.compress(body, 4, mtime=0),
}
CODINGS = tuple(ENCODERS)


class Document:
    """A body that stays the same while the service runs, with an ETag; each coding of it is made once."""

    def __init__(self, body: str | bytes, media_type: str, **headers: str) -> None:
        """``headers`` with _ for -, for example ``cache_control``."""
        self._body = body if isinstance(body, bytes) else body.encode()
        self._media_type = media_type
        etag = f'W/"{blake2b(self._body, digest_size=12).hexdigest()}"'
        self._headers = {"etag": etag, "vary": "Accept-Encoding"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        self._encode = cache(lambda coding: ENCODERS[coding](self._body))

    def respond(self, request: Request) -> Response:
        """200, or 304 where the client has it."""
        if self._headers["etag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=self._headers)
        coding = choose_coding(request.headers.get("accept-encoding", ""), CODINGS)
        if coding is None or len(self._body) < MIN_ENCODED:
            return Response(self._body, headers=self._headers, media_type=self._media_type)
        return Response(
            self._encode(coding),
            headers=self._headers | {"content-encoding": coding},
            media_type=self._media_type,
        )
