"""Answers: the JSON that PostgreSQL made, passed on as it is, and documents that stay the same while the service runs."""

import gzip
from collections.abc import Callable, Mapping
from functools import cache
from hashlib import blake2b

import brotli
from starlette.requests import Request
from starlette.responses import Response

from app.database import Answer
from app.negotiation import choose_coding

_JSON = (b"content-type", b"application/json")
# The answer is one user's, and may be kept by that user's client alone, which asks each time whether it still holds.
_PRIVATE = (b"cache-control", b"private, no-cache")
_VARY = (b"vary", b"Authorization")
_VARY_ENCODED = (b"vary", b"Authorization, Accept-Encoding")

MIN_ENCODED = 1024  # bytes; below, coding costs more than it saves

# Brotli's lowest levels take no longer than gzip, and make less of it.
_ENCODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "br": lambda body: brotli.compress(body, quality=1),
    "gzip": lambda body: gzip.compress(body, 4, mtime=0),
}
_CODINGS = tuple(_ENCODERS)


class PassedOn(Response):
    """An answer of the database. Made without the steps of ``Response.__init__``, which would look at every header.

    With ``accept_encoding`` it may be encoded. Its ETag must then be a weak one, which stands for every coding.
    """

    def __init__(self, answer: Answer, *extra: tuple[bytes, bytes], accept_encoding: str | None = None) -> None:
        self.status_code = answer.status or 200
        self.background = None
        self.body = (answer.body or "").encode()
        headers = answer.headers or []
        self.raw_headers = [
            *((name.encode("latin-1"), value.encode("latin-1")) for name, value in zip(headers[::2], headers[1::2], strict=True)),
            _PRIVATE,
            _VARY if accept_encoding is None else _VARY_ENCODED,
            *extra,
        ]
        if answer.body is None:
            return
        if accept_encoding and len(self.body) >= MIN_ENCODED and (coding := choose_coding(accept_encoding, _CODINGS)):
            self.body = _ENCODERS[coding](self.body)
            self.raw_headers.append((b"content-encoding", coding.encode()))
        self.raw_headers += [_JSON, (b"content-length", str(len(self.body)).encode())]


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
        self._encode = cache(lambda coding: _ENCODERS[coding](self._body))

    def respond(self, request: Request) -> Response:
        """200, or 304 where the client has it."""
        if self._headers["etag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=self._headers)
        coding = choose_coding(request.headers.get("accept-encoding", ""), _CODINGS)
        if coding is None or len(self._body) < MIN_ENCODED:
            return Response(self._body, headers=self._headers, media_type=self._media_type)
        return Response(self._encode(coding), headers=self._headers | {"content-encoding": coding}, media_type=self._media_type)
