"""Many operations on tasks in one transaction: all or none or, where the client prefers it, each by itself.

The database runs the operations, and asks its questions about rules for all of them at once, see
app.api.completion. The next call has the answers, by the place of the operation: ``{"known": computed from
the body alone, "replies": [{"question": …, "answer": …}], "faults": [errors of the rule]}``.
"""

import asyncio
import json
from typing import Any

import asyncpg
from starlette.requests import Request
from starlette.responses import Response

from app.api.answers import DatabaseResponse
from app.api.completion import check_body, compute_next
from app.auth.authenticator import Authenticator
from app.database.calls import Argument, Database
from app.database.refusals import FIELD_FAULTS, OPERATION_PROBLEMS, is_final
from app.identity import Identity
from app.settings import Settings
from app.web.problems import INVALID_JSON, MAX_ERRORS, Invalid, Problem, field_error, members_of
from app.web.requests import MAX_BODY, condition, idempotency_key, is_lenient, json_body, preferences

MAX_BATCH_BODY = 1_048_576
MAX_OPERATIONS = 100
MAX_KEPT = 50
"""The operations of a batch with an Idempotency-Key and an answer with bodies, at most."""

_MAX_ATTEMPTS = 5
_QUESTIONS = "DT100"
# An operation of a batch may fail with these; find_batch_faults then finds all errors.
_OPERATION_FAULTS = (*FIELD_FAULTS, *OPERATION_PROBLEMS)

Json = dict[str, Any]


class Batch:
    """The handler of ``/tasks/batch``."""

    def __init__(self, settings: Settings, database: Database, authenticator: Authenticator) -> None:
        self._settings = settings
        self._database = database
        self._authenticator = authenticator
        # More could never be taken from the bucket.
        self._max_operations = min(MAX_OPERATIONS, *(settings.rate_limit or (MAX_OPERATIONS,))[:1])

    async def change(self, request: Request) -> Response:
        """``POST /tasks/batch``: 200, the results in the order of the operations."""
        user = await self._authenticator.identify(request.scope)
        for name in ("If-Match", "If-None-Match"):
            if condition(request, name.lower()) is not None:
                message = "must be left out: each operation has an if_match of its own"
                raise Invalid([field_error(["header", name], message, "not_allowed")])
        key = idempotency_key(request)
        preferred = preferences(request)
        separately = preferred.get("handling") == "lenient"
        minimal = preferred.get("return") == "minimal"
        body = await json_body(request, "application/json", limit=MAX_BATCH_BODY)
        operations = _operations(body)
        if len(operations) > self._max_operations:
            message = f"must have 1 to {self._max_operations} operations"
            raise Invalid([field_error(["body", "operations"], message, "batch_size")])
        if key and not minimal and len(operations) > MAX_KEPT:
            message = f"needs Prefer: return=minimal with more than {MAX_KEPT} operations"
            raise Invalid([field_error(["header", "Idempotency-Key"], message, "answer_too_long")])
        if "take_tokens" in request.scope and len(operations) > 1:
            await request.scope["take_tokens"](len(operations) - 1)

        answers = await _check_bodies(body, operations)
        arguments: dict[str, Argument] = {
            "lenient": is_lenient(request, self._settings),
            "careful": self._settings.require_if_match,
            "problems": _problems(request),
        }
        for _ in range(_MAX_ATTEMPTS):
            if not separately and any("faults" in answer for answer in answers.values()):
                break
            try:
                done = await self._database.call(
                    "change_tasks",
                    user,
                    body=body,
                    answers=json.dumps(answers),
                    separately=separately,
                    minimal=minimal,
                    idempotency_key=key,
                    **arguments,
                )
            except asyncpg.PostgresError as error:
                if error.sqlstate == _QUESTIONS:
                    await _reply(json.loads(error.detail or "{}"), answers)
                    continue
                # Final too: an answer that is too long to be kept.
                if separately or is_final(error) or error.sqlstate not in _OPERATION_FAULTS:
                    raise
                break
            return DatabaseResponse(done)
        else:
            raise Problem("conflict")
        raise await self._find_problem(user, body, answers, arguments)

    async def _find_problem(
        self, user: Identity, body: str, answers: dict[str, Json], arguments: dict[str, Argument]
    ) -> Problem:
        """The problem of a refused batch: that of its first error, with all errors of all operations."""
        for _ in range(_MAX_ATTEMPTS):
            found = await self._database.find(
                "find_batch_faults", user, body=body, answers=json.dumps(answers), **arguments
            )
            if not found["questions"]:
                break
            await _reply(found["questions"], answers)
        if found["code"] is None:
            # Somebody changed a task in between.
            return Problem("conflict")
        if found["code"] in FIELD_FAULTS:
            return Invalid(found["faults"])
        return Problem(OPERATION_PROBLEMS[found["code"]].name, errors=found["faults"][:MAX_ERRORS])


def _operations(body: str) -> list[Any]:
    """The operations; none where the body has another form: the database then names its errors.

    Raises:
        Invalid: the body is no JSON, or the body of an operation has more than 64 KiB.
    """
    try:
        # No integer is used, and one of 5,000 digits would be refused.
        parsed = json.loads(body, parse_int=float)
    except (ValueError, RecursionError):
        raise Invalid([INVALID_JSON]) from None
    operations = parsed.get("operations") if isinstance(parsed, dict) else None
    if not isinstance(operations, list):
        return []
    if len(body) > MAX_BODY and len(operations) <= MAX_OPERATIONS:
        errors = [
            field_error(
                ["body", "operations", place], f"must have at most {MAX_BODY:,} bytes", "body_too_long"
            )
            for place, operation in enumerate(operations)
            if len(json.dumps(operation, ensure_ascii=False).encode(errors="surrogatepass")) > MAX_BODY
        ]
        if errors:
            raise Invalid(errors)
    return operations


async def _check_bodies(body: str, operations: list[Any]) -> dict[str, Json]:
    """The answers that can be computed from the bodies alone, by the place of the operation."""
    answers: dict[str, Json] = {}
    if "recurrence_rule" not in body and "timezone" not in body and "\\u" not in body:
        return answers
    for place, operation in enumerate(operations):
        if not isinstance(operation, dict) or operation.get("op") not in ("create", "update"):
            continue
        fields = operation.get("body")
        if not isinstance(fields, dict) or not fields.keys() & {"recurrence_rule", "timezone"}:
            continue
        # A rule may take milliseconds; other requests come in between.
        await asyncio.sleep(0)
        try:
            known = check_body(json.dumps(fields), creates=operation["op"] == "create")
        except Invalid as refusal:
            answers[str(place)] = {"faults": _below_body(refusal)}
        else:
            answers[str(place)] = {"known": known}
    return answers


async def _reply(questions: dict[str, Json], answers: dict[str, Json]) -> None:
    """Answer the questions of the operations. An answer holds for the same question at any version."""
    for place, question in questions.items():
        await asyncio.sleep(0)
        known = answers.setdefault(place, {})
        try:
            answer = dict(compute_next(question))
        except Invalid as refusal:
            known["faults"] = _below_body(refusal)
            continue
        del question["version"], answer["version"]
        known.setdefault("replies", []).append({"question": question, "answer": answer})


def _below_body(refusal: Invalid) -> list[Any]:
    """The errors with their place in the body of the operation."""
    errors: Any = refusal.extra["errors"]
    return [error | {"loc": error["loc"][1:]} for error in errors]


def _problems(request: Request) -> str:
    """The problem documents that an operation may fail with, by SQLSTATE."""
    documents = {}
    for code, problem in {"DT400": Problem("validation-error"), **OPERATION_PROBLEMS}.items():
        documents[code] = members_of(problem) | {"request_id": request.scope["request_id"]}
    return json.dumps(documents)
