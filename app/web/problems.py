"""Every error that a client can see, as problem details (RFC 9457), and what each is made from.

Problem                  any answer with a status of 400 or more
├── Invalid       400    the errors of a request, up to 20
├── Unauthorized  401    no token, or a bad one (RFC 6750)
└── Unavailable   503    the database can't be reached, or there is too much to do
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from app.web.problem_types import PROBLEM_TYPES, TYPE_PREFIX


class Problem(Exception):
    """An answer of one of ``PROBLEM_TYPES``, with ``extra`` members besides the standard ones."""

    def __init__(
        self, name: str, detail: str | None = None, headers: Mapping[str, str] | None = None, **extra: object
    ) -> None:
        self.name = name
        self.detail = detail or PROBLEM_TYPES[name].detail
        self.headers = headers or {}
        self.extra = extra
        super().__init__(self.detail)


MAX_ERRORS = 20
"""How many errors of one request are told."""


class Invalid(Problem):
    """400: ``errors`` are ``{"loc": [where, …, field], "msg": what must be, "type": stable name}``."""

    def __init__(self, errors: Sequence[Mapping[str, Any]]) -> None:
        names = list(dict.fromkeys(str(error["loc"][-1]) for error in errors))
        count = "1 field is" if len(names) == 1 else f"{len(names)} fields are"
        named = ", ".join(names[:MAX_ERRORS]) + (", …" if len(names) > MAX_ERRORS else "")
        super().__init__("validation-error", f"{count} not valid: {named}", errors=list(errors[:MAX_ERRORS]))


class Unauthorized(Problem):
    """401. No description: there were no credentials, and no error code is given (RFC 6750, section 3.1)."""

    def __init__(self, description: str | None = None) -> None:
        challenge = 'Bearer realm="duly"'
        if description:
            challenge += f', error="invalid_token", error_description="{description}"'
        super().__init__("unauthorized", description, {"www-authenticate": challenge})


class Unavailable(Problem):
    """503, to be tried again after a second."""

    def __init__(self, detail: str | None = None) -> None:
        super().__init__("unavailable", detail, {"retry-after": "1"})


def field_error(loc: Sequence[str | int], message: str, type: str) -> dict[str, Any]:
    """One entry of ``errors``."""
    return {"loc": list(loc), "msg": message, "type": type}


INVALID_JSON = field_error(
    ["body"], "must be JSON in UTF-8 (RFC 8259), without U+0000 and not deeply nested", "json_invalid"
)


def members_of(problem: Problem) -> dict[str, Any]:
    """The members that each problem document has (RFC 9457, section 3.1), and two of them by other names."""
    problem_type = PROBLEM_TYPES[problem.name]
    return {
        "type": TYPE_PREFIX + problem.name,
        "title": problem_type.title,
        "status": problem_type.status,
        "detail": problem.detail,
        "error": problem_type.title,
        "message": problem.detail,
    }


def respond(request: Request, problem: Problem) -> Response:
    """The answer for a problem, as ``application/problem+json``."""
    body = {
        **members_of(problem),
        **problem.extra,
        "request_id": request.scope.get("request_id"),
    }
    return Response(
        json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"),
        body["status"],
        {"cache-control": "no-store"} | dict(problem.headers),
        "application/problem+json",
    )


async def on_problem(request: Request, error: Exception) -> Response:
    """Exception handler for ``Problem``."""
    assert isinstance(error, Problem)
    return respond(request, error)


async def on_disconnect(request: Request, error: Exception) -> Response:
    """Exception handler for a client that left before its body was read; it does not read the answer."""
    assert isinstance(error, ClientDisconnect)
    return respond(request, Problem("validation-error", "The body ended early"))


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Exception handler for what Starlette itself refuses: no such route, or a request that it can't read."""
    assert isinstance(error, HTTPException)
    name = next(
        (name for name, type in PROBLEM_TYPES.items() if type.status == error.status_code), "validation-error"
    )
    return respond(request, Problem(name, headers=error.headers))
