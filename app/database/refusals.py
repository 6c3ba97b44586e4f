"""What PostgreSQL refuses, as problems: the one table from SQLSTATE to an answer."""

import json
import logging
from collections.abc import Mapping

import asyncpg
from starlette.requests import Request
from starlette.responses import Response

from app.web.problems import INVALID_JSON, Invalid, Problem, Unavailable, field_error, respond

log = logging.getLogger("duly.errors")

# What jsonb does not take: bad syntax, U+0000 and lone surrogates, too much nesting, numbers out of range.
_JSON_CODES = ("22P02", "22P05", "22021", "54001", "22003", "22023")

# Our own codes are the status with DT before it; see db/functions/requests/refuse.sql.
_PROBLEMS_OF_SQLSTATE: Mapping[str, Problem] = {
    "DT404": Problem("not-found"),
    "DT409": Problem("request-in-progress", headers={"retry-after": "1"}),
    "DT412": Problem("precondition-failed"),
    "DT422": Problem("idempotency-key-reused"),
    # unique_violation: every unique constraint begins with user_id, so it is the user's own task that is there.
    "23505": Problem("precondition-failed", "You already have a task with this id"),
    # read_only_sql_transaction: the token's scope made the transaction so.
    "25006": Problem(
        "insufficient-scope",
        headers={"www-authenticate": 'Bearer realm="duly", error="insufficient_scope", scope="tasks:write"'},
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
        return Invalid(
            [
                field_error(
                    ["body", *filter(None, [error.column_name])], str(error), error.constraint_name or ""
                )
            ]
        )
    if code[:2] in _PASSING_CLASSES or code in _PASSING_CODES:
        log.warning("database: %s %s", code, type(error).__name__)
        return Unavailable()
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
