"""Errors of PostgreSQL about a request, as problems: the one table from SQLSTATE to an answer.

Errors about the service are Unavailable; see app.database.outages.
"""

import json
from collections.abc import Mapping

import asyncpg
from starlette.requests import Request
from starlette.responses import Response

from app.web.problems import INVALID_JSON, Invalid, Problem, respond

# What jsonb does not take: bad syntax, U+0000 and lone surrogates, too much nesting, numbers out of range.
_JSON_CODES = ("22P02", "22P05", "22021", "54001", "22003", "22023")

# Our own codes are the status with DT before it; see db/functions/requests/refuse.sql. Each DT400 has its
# errors in the detail, as the answer has them.
_PROBLEMS_OF_SQLSTATE: Mapping[str, Problem] = {
    "DT404": Problem("not-found"),
    "DT409": Problem("request-in-progress", headers={"retry-after": "1"}),
    "DT4TM": Problem("too-many"),
    "DT410": Problem("resync-required"),
    "DT412": Problem("precondition-failed"),
    "DT428": Problem("precondition-required"),
    "DT422": Problem("idempotency-key-reused"),
    # unique_violation: every unique constraint begins with user_id, so the task belongs to this user.
    "23505": Problem("precondition-failed", "You already have a task with this id"),
    # read_only_sql_transaction: the token's scope made the transaction so; else see app.database.outages.
    "25006": Problem(
        "insufficient-scope",
        headers={"www-authenticate": 'Bearer realm="duly", error="insufficient_scope", scope="tasks:write"'},
    ),
    **dict.fromkeys(_JSON_CODES, Invalid([INVALID_JSON])),
}

# A write is refused with these if a field is wrong: api.find_task_faults then finds all that are.
FIELD_FAULTS = ("DT400", "23502", "23514")

OPERATION_PROBLEMS: Mapping[str, Problem] = {
    code: _PROBLEMS_OF_SQLSTATE[code] for code in ("DT404", "DT412", "DT428", "23505")
}
"""The other problems that an operation of a batch may meet, by SQLSTATE."""


def is_final(error: asyncpg.PostgresError) -> bool:
    """Whether a refusal has told all errors: not one of a field, because then others may have errors too.

    A body that is no object or no batch has no fields.
    """
    if error.sqlstate != "DT400":
        return False
    refused = json.loads(error.detail)
    # "operation": one of the operations is wrong, and find_batch_faults names all errors.
    return any(
        fault["type"] != "operation"
        and (fault["loc"][0] != "body" or fault["loc"][1:] in ([], ["operations"]))
        for fault in refused
    )


def problem_of(error: asyncpg.PostgresError) -> Problem | None:
    """The problem that an error of the database means to a client; None where the error is unexpected."""
    code = error.sqlstate or ""
    if code == "DT400":
        return Invalid(json.loads(error.detail))
    if code in _JSON_CODES and "PL/pgSQL function" in (error.context or ""):
        # Not reading the body, but a function of ours failed.
        return None
    return _PROBLEMS_OF_SQLSTATE.get(code)


async def on_database_error(request: Request, error: Exception) -> Response:
    """Exception handler for ``asyncpg.PostgresError``."""
    assert isinstance(error, asyncpg.PostgresError)
    problem = problem_of(error)
    if problem is None:
        raise error
    return respond(request, problem)
