"""Every error that a client can see, as problem details (RFC 9457), and what each is made from.

Problem                  any answer with a status of 400 or more
├── Invalid       400    the faults of a request, all of them
├── Unauthorized  401    no token, or a bad one (RFC 6750)
└── Unavailable   503    the database can't be reached, or there is too much to do
"""

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from app.kinds import KINDS, TYPE_PREFIX

log = logging.getLogger("duly.errors")


class Problem(Exception):
    """An answer that is a problem of one of ``KINDS``, with ``extra`` members besides the standard ones."""

    def __init__(self, kind: str, detail: str | None = None, headers: Mapping[str, str] | None = None, **extra: object) -> None:
        self.kind = kind
        self.detail = detail or KINDS[kind].detail
        self.headers = headers or {}
        self.extra = extra
        super().__init__(self.detail)


class Invalid(Problem):
    """400: ``faults`` are ``{"loc": [where, field], "msg": what must be, "type": stable name}``."""

    def __init__(self, faults: Sequence[Mapping[str, Any]]) -> None:
        names = list(dict.fromkeys(str(fault["loc"][-1]) for fault in faults))
        count = "1 field is" if len(names) == 1 else f"{len(names)} fields are"
        super().__init__("validation-error", f"{count} not valid: {', '.join(names)}", errors=list(faults))


class Unauthorized(Problem):
    """401. Without a description there were no credentials at all (RFC 6750, section 3.1: then no error code is given)."""

    def __init__(self, description: str | None = None) -> None:
        challenge = 'Bearer realm="duly"'
        if description:
            challenge += f', error="invalid_token", error_description="{description}"'
        super().__init__("unauthorized", description, {"www-authenticate": challenge})


class Unavailable(Problem):
    """503, to be tried again after a second."""

    def __init__(self, detail: str | None = None) -> None:
        super().__init__("unavailable", detail, {"retry-after": "1"})


def fault(loc: Sequence[str], message: str, kind: str) -> dict[str, Any]:
    """One entry of ``errors``."""
    return {"loc": list(loc), "msg": message, "type": kind}


INVALID_JSON = fault(["body"], "must be JSON in UTF-8 (RFC 8259), without U+0000 and not deeply nested", "json_invalid")

# What jsonb does not take: bad syntax, U+0000 and lone surrogates, too much nesting, numbers out of range.
_JSON_CODES = ("22P02", "22P05", "22021", "54001", "22003", "22023")

# Our own codes are the status with DT before it; see db/migrations/*_refuse.sql.
_PROBLEMS_OF_SQLSTATE: Mapping[str, Problem] = {
    "DT404": Problem("not-found"),
    "DT409": Problem("request-in-progress", headers={"retry-after": "1"}),
    "DT412": Problem("precondition-failed"),
    "DT422": Problem("idempotency-key-reused"),
    # unique_violation: every unique constraint begins with user_id, so it is the user's own task that is there.
    "23505": Problem("precondition-failed", "You already have a task with this id"),
    # read_only_sql_transaction: the token's scope made the transaction so.
    "25006": Problem(
        "insufficient-scope", headers={"www-authenticate": 'Bearer realm="duly", error="insufficient_scope", scope="tasks:write"'}
    ),
    **dict.fromkeys(_JSON_CODES, Invalid([INVALID_JSON])),
}

# Connection lost, out of resources, shut down, deadlock, lock not available, statement timeout, disk full, I/O error.
_PASSING_CLASSES = ("08", "40", "53", "57", "58", "XX")
_PASSING_CODES = ("55P03", "25P03", "0A000")

# What a write is refused with where a field is at fault: the database can then say all faults, see api.find_task_faults.
FIELD_FAULTS = ("DT400", "23502", "23514")


def problem_of(error: asyncpg.PostgresError) -> Problem | None:
    """The problem that an error of the database means to a client; None where nobody foresaw it."""
    code = error.sqlstate or ""
    if code == "DT400":
        if error.detail:
            return Invalid(json.loads(error.detail))
        return Invalid([fault(["body", *filter(None, [error.column_name])], str(error), error.constraint_name or "")])
    if code[:2] in _PASSING_CLASSES or code in _PASSING_CODES:
        log.warning("database: %s %s", code, type(error).__name__)
        return Unavailable()
    if code in _JSON_CODES and "PL/pgSQL function" in (error.context or ""):
        # Not reading the body, but a function of ours failed.
        return None
    return _PROBLEMS_OF_SQLSTATE.get(code)


def respond(request: Request, problem: Problem) -> Response:
    """The answer for a problem, as ``application/problem+json``."""
    kind = KINDS[problem.kind]
    body = {
        "type": TYPE_PREFIX + problem.kind,
        "title": kind.title,
        "status": kind.status,
        "detail": problem.detail,
        "error": kind.title,
        "message": problem.detail,
        **problem.extra,
        "request_id": request.scope.get("request_id"),
    }
    return Response(
        json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"),
        kind.status,
        {"cache-control": "no-store"} | dict(problem.headers),
        "application/problem+json",
    )


async def on_problem(request: Request, error: Exception) -> Response:
    """Exception handler for ``Problem``."""
    assert isinstance(error, Problem)
    return respond(request, error)


async def on_database_error(request: Request, error: Exception) -> Response:
    """Exception handler for ``asyncpg.PostgresError``."""
    assert isinstance(error, asyncpg.PostgresError)
    problem = problem_of(error)
    if problem is None:
        raise error
    return respond(request, problem)


async def on_disconnect(request: Request, error: Exception) -> Response:
    """Exception handler for a client that left before its body was read. Nobody reads the answer; it is no fault of ours."""
    assert isinstance(error, ClientDisconnect)
    return respond(request, Problem("validation-error", "The body ended early"))


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Exception handler for what Starlette itself refuses: no such route, or a request that it can't read."""
    assert isinstance(error, HTTPException)
    kind = next((name for name, kind in KINDS.items() if kind.status == error.status_code), "validation-error")
    return respond(request, Problem(kind, headers=error.headers))
