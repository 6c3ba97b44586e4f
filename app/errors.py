"""Every error that a client can see, as problem details (RFC 9457), and what each is made from.

Problem                  any answer with a status of 400 or more
├── Invalid       400    the faults of a request, all of them
├── Unauthorized  401    no token, or a bad one (RFC 6750)
└── Unavailable   503    the database can't be reached, or there is too much to do
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

log = logging.getLogger("duly.errors")

type_prefix = "/problems/"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem. ``detail`` is what an answer says where nothing more is known, ``about`` what its page adds."""

    status: int
    title: str
    detail: str
    about: str


KINDS: Mapping[str, Kind] = {
    "validation-error": Kind(
        400,
        "Validation Error",
        "The request is not valid",
        "`errors` names every fault at once: `loc` is where it is, `msg` says what must be, `type` is a stable name.",
    ),
    "unauthorized": Kind(
        401,
        "Unauthorized",
        "Send a token: Authorization: Bearer …",
        "The request has no token, or one that is malformed, expired or not signed by a key of this service. Get a new one.",
    ),
    "insufficient-scope": Kind(
        403,
        "Insufficient Scope",
        "The token allows reading only",
        "The token has the scope `tasks:read`. To change something, get one with `tasks:write` (RFC 6750, section 3.1).",
    ),
    "not-found": Kind(
        404,
        "Not Found",
        "There is nothing here, or nothing of yours",
        "The address is wrong, or the task does not exist or is not yours: these are the same thing.",
    ),
    "method-not-allowed": Kind(
        405, "Method Not Allowed", "This address does not know that method", "The `Allow` header names the methods that it knows."
    ),
    "not-acceptable": Kind(
        406,
        "Not Acceptable",
        "The answer is application/json; ask for that",
        "The `Accept` header excludes every media type that this address answers with.",
    ),
    "request-in-progress": Kind(
        409,
        "Request In Progress",
        "The first request with this Idempotency-Key is still running; try again soon",
        "Wait for the seconds in `Retry-After`, then send the same request again: it is answered as the first one was.",
    ),
    "conflict": Kind(
        409,
        "Conflict",
        "The task kept changing while this request was at work; try again",
        "Others changed the task at the same moment, several times. Nothing was done. Send the request again.",
    ),
    "precondition-failed": Kind(
        412,
        "Precondition Failed",
        "The task is not in the state that the request expects",
        "`If-Match`: the task has changed since you read it: read it again. `If-None-Match: *`: you have a task with this id.",
    ),
    "content-too-large": Kind(
        413, "Content Too Large", "The body may have at most 65,536 bytes", "Send a smaller body; nothing of it was read."
    ),
    "unsupported-media-type": Kind(
        415,
        "Unsupported Media Type",
        "Send the body as application/json",
        "`Accept-Post` and `Accept-Patch` name the media types that this address reads.",
    ),
    "idempotency-key-reused": Kind(
        422,
        "Idempotency Key Reused",
        "This Idempotency-Key was used for another request; make a new one",
        "A key belongs to one request: the same operation, the same task, the same body. It is kept for 24 hours.",
    ),
    "precondition-required": Kind(
        428,
        "Precondition Required",
        "Send If-Match with the ETag of the task that you read",
        "This server wants every change to name the state that it is a change of (RFC 6585), so that nothing is lost.",
    ),
    "too-many-requests": Kind(
        429, "Too Many Requests", "You have sent too many requests", "Wait for the seconds in `Retry-After`."
    ),
    "headers-too-large": Kind(
        431,
        "Request Header Fields Too Large",
        "The header fields of the request are too large",
        "Send fewer or shorter ones (RFC 6585).",
    ),
    "internal-error": Kind(
        500,
        "Internal Server Error",
        "Something went wrong here; the request_id tells us what",
        "A fault of ours that nobody foresaw. It was recorded under the `request_id`.",
    ),
    "unavailable": Kind(
        503,
        "Service Unavailable",
        "The service can't answer just now; try again",
        "The database can't be reached or has too much to do. Wait for the seconds in `Retry-After`. A change may or may not "
        "have been made: send it with an `Idempotency-Key` or `If-Match`, and it is safe to send it again.",
    ),
}


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
    # What jsonb does not take: bad syntax, U+0000 and lone surrogates, too much nesting, numbers out of range.
    **dict.fromkeys(("22P02", "22P05", "54001", "22003", "22023"), Invalid([INVALID_JSON])),
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
    return _PROBLEMS_OF_SQLSTATE.get(code)


def respond(request: Request, problem: Problem) -> Response:
    """The answer for a problem, as ``application/problem+json``."""
    kind = KINDS[problem.kind]
    body = {
        "type": type_prefix + problem.kind,
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
        problem.headers,
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


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Exception handler for what Starlette itself refuses: no such route, or a request that it can't read."""
    assert isinstance(error, HTTPException)
    kind = next((name for name, kind in KINDS.items() if kind.status == error.status_code), "validation-error")
    return respond(request, Problem(kind, headers=error.headers))
