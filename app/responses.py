"""Answers: the JSON that PostgreSQL made, passed on as it is."""

from starlette.responses import Response

from app.database import Answer

_JSON = (b"content-type", b"application/json")
# The answer is one user's, and may be kept by that user's client alone, which asks each time whether it still holds.
_PRIVATE = (b"cache-control", b"private, no-cache")
_VARY = (b"vary", b"Authorization")


class PassedOn(Response):
    """An answer of the database. Made without the steps of ``Response.__init__``, which would look at every header."""

    def __init__(self, answer: Answer, *extra: tuple[bytes, bytes]) -> None:
        self.status_code = answer.status or 200
        self.background = None
        self.body = (answer.body or "").encode()
        headers = answer.headers or []
        self.raw_headers = [
            *((name.encode("latin-1"), value.encode("latin-1")) for name, value in zip(headers[::2], headers[1::2], strict=True)),
            _PRIVATE,
            _VARY,
            *extra,
        ]
        if answer.body is not None:
            self.raw_headers += [_JSON, (b"content-length", str(len(self.body)).encode())]
