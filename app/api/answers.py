"""The JSON that PostgreSQL made, passed on as it is."""

from starlette.responses import Response

from app.database.calls import Answer
from app.web.documents import CODINGS, ENCODERS, MIN_ENCODED
from app.web.negotiation import choose_coding

_JSON = (b"content-type", b"application/json")
# The answer is one user's: that user's client may keep it, and must ask each time whether it still holds.
_PRIVATE = (b"cache-control", b"private, no-cache")
_VARY = (b"vary", b"Authorization")
_VARY_ENCODED = (b"vary", b"Authorization, Accept-Encoding")


class DatabaseResponse(Response):
    """An answer of the database, made without ``Response.__init__``, which would look at every header.

    With ``accept_encoding`` it may be encoded; its ETag must then be weak, and stands for every coding.
    """

    def __init__(
        self, answer: Answer, *extra: tuple[bytes, bytes], accept_encoding: str | None = None
    ) -> None:
        self.status_code = answer.status or 200
        self.background = None
        self.body = (answer.body or "").encode()
        headers = answer.headers or []
        self.raw_headers = [
            *(
                (name.encode("latin-1"), value.encode("latin-1"))
                for name, value in zip(headers[::2], headers[1::2], strict=True)
            ),
            _PRIVATE,
            _VARY if accept_encoding is None else _VARY_ENCODED,
            *extra,
        ]
        if answer.body is None:
            return
        if (
            accept_encoding
            and len(self.body) >= MIN_ENCODED
            and (coding := choose_coding(accept_encoding, CODINGS))
        ):
            self.body = ENCODERS[coding](self.body)
            self.raw_headers.append((b"content-encoding", coding.encode()))
        self.raw_headers += [_JSON, (b"content-length", str(len(self.body)).encode())]
