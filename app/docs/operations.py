"""Each operation of the service as OpenAPI 3.1 describes it: parameters, bodies, answers, problems. Data."""

from collections.abc import Mapping
from typing import Any

from app.docs.components import (
    COMING,
    FAULT,
    HEADERS_OF_PROBLEMS,
    KIND,
    NEW_TASK,
    PARAMETERS,
    REQUEST_ID,
    SUCCESSOR,
    TASK,
    TRIAL,
    ref,
)
from app.settings import Settings
from app.web.problem_types import PROBLEM_TYPES, TYPE_PREFIX

Json = dict[str, Any]

# The problems that any request can meet, and what any request with a token can.
_ALWAYS = ("validation-error", "not-acceptable", "request-timeout", "headers-too-large", "internal-error")
_WITH_TOKEN = (*_ALWAYS, "unauthorized", "insufficient-scope", "too-many-requests", "unavailable")
_WITH_BODY = ("content-too-large", "unsupported-media-type")
_CHANGE = ("not-found", "precondition-failed", "precondition-required", "conflict")
_KEYED = ("request-in-progress", "idempotency-key-reused")

_PRIVATE = ("Cache-Control", "Vary")
_TAGGED = ("ETag", *_PRIVATE)
_MERGE_PATCH = "application/merge-patch+json"


def paths(settings: Settings) -> Json:
    """What can be done at each path."""
    if_match = PARAMETERS["If-Match"] | {"required": True} if settings.require_if_match else "If-Match"
    some_fields = _body("TaskChange", {"two fields": {"priority": "Low", "due_date": None}}, _MERGE_PATCH)
    unchanged = _answer("It has not changed.", *_TAGGED)
    described: Json = {
        "/tasks": {
            "get": _operation(
                "List, search and filter tasks",
                {
                    200: _json("A page of tasks.", "TaskPage", _PAGE, *_TAGGED, "Link", "Search-Suggestion", "Content-Encoding"),
                    304: unchanged,
                },
                parameters=(*_LISTING, "If-None-Match"),
            ),
            "post": _operation(
                "Make a task",
                {201: _json("The new task.", "Task", TASK, *_TAGGED, "Location", "Idempotency-Replayed")},
                problems=(*_WITH_BODY, *_KEYED),
                parameters=("Idempotency-Key", "Prefer"),
                body=_body("NewTask", {"title only": {"title": "Buy milk"}, "recurring": NEW_TASK}) | {"required": True},
            ),
        },
        "/tasks/{id}": {
            "get": _operation(
                "Read a task",
                {200: _json("The task.", "Task", TASK, *_TAGGED), 304: unchanged},
                problems=("not-found",),
                parameters=("id", "If-None-Match"),
            ),
            "put": _operation(
                "Change a task, or make it under an id of one's own",
                {
                    200: _json("The task as it is now.", "Task", TASK, *_TAGGED, "Accept-Patch"),
                    201: _json("The task that was made, for `If-None-Match: *`.", "Task", TASK, *_TAGGED, "Location"),
                },
                description="As PATCH. With `If-None-Match: *` a task is made under the id in the path; it needs a `title`.",
                problems=(*_CHANGE, *_WITH_BODY),
                parameters=("id", "If-Match", "If-None-Match-any", "Prefer"),
                body=some_fields,
            ),
            "patch": _operation(
                "Change a task",
                {200: _json("The task as it is now.", "Task", TASK, *_TAGGED, "Accept-Patch")},
                description="Writing `completed` does what toggle does. A change that changes nothing leaves the ETag as it is.",
                problems=(*_CHANGE, *_WITH_BODY),
                parameters=("id", if_match, "Prefer"),
                body=some_fields,
            ),
            "delete": _operation(
                "Delete a task, for good",
                {204: _answer("It is gone.", *_PRIVATE)},
                problems=_CHANGE,
                parameters=("id", if_match),
            ),
        },
        "/tasks/{id}/toggle": {
            "post": _operation(
                "Complete or reopen a task",
                {200: _json("The task, and the one that follows it.", "Toggled", _DONE, *_TAGGED, "Idempotency-Replayed")},
                description="Flips `completed`, or sets it, so that a retry is safe. Completing a recurring task makes its one "
                "successor, whatever runs at the same time; reopening takes that back if nobody has touched it.",
                problems=(*_CHANGE, *_WITH_BODY, *_KEYED),
                parameters=("id", if_match, "Idempotency-Key", "Prefer"),
                body=_body("Toggle", {"set": {"completed": True}, "flip": {}, "late": {"completed": True, "catch_up": True}}),
            )
        },
        "/tasks/{id}/occurrences": {
            "get": _operation(
                "When a task is due again",
                {200: _json("The due dates after its own; none where it isn't recurring.", "Occurrences", COMING, *_PRIVATE)},
                problems=("not-found",),
                parameters=("id", _in_query("limit", "How many, at most.", _integer(1, 100, 10))),
                tag="recurrence",
            )
        },
        "/occurrences": {
            "post": _operation(
                "Try a rule",
                {200: _json("The due dates after the one given, or after now.", "Occurrences", COMING, *_PRIVATE)},
                problems=_WITH_BODY,
                parameters=("Prefer",),
                body=_body("Trial", {"monthly": TRIAL}) | {"required": True},
                tag="recurrence",
            )
        },
        "/health": {
            "get": _operation(
                "Whether the service lives", {200: _json("It does.", "Health", _HEALTH, "Cache-Control")}, tag="service"
            )
        },
        "/health/ready": {
            "get": _operation(
                "Whether the service is ready for requests",
                {200: _json("It is.", "Ready", {"status": "ready", "version": "1.0.0"}, "Cache-Control")},
                problems=("unavailable",),
                tag="service",
            )
        },
        "/problems/{name}": {
            "get": _operation(
                "What a kind of problem means",
                {200: _with_page(_json("What it means, and what to do about it.", "Kind", KIND, *_PRIVATE))},
                problems=("not-found",),
                parameters=("name",),
                tag="service",
            )
        },
        "/openapi.json": {
            "get": _operation(
                "This description",
                {200: _typed("OpenAPI 3.1.", "application/json", {"type": "object"}, *_TAGGED), 304: unchanged},
                problems=("unavailable",),
                parameters=("If-None-Match",),
                tag="service",
            )
        },
        "/docs": {
            "get": _operation(
                "This description as a page, to read and to try",
                {200: _typed("A page.", "text/html", {"type": "string"}, *_TAGGED), 304: unchanged},
                parameters=("If-None-Match",),
                tag="service",
            )
        },
    }  # fmt: skip
    if settings.metrics:
        numbers = _typed("The numbers.", "text/plain", {"type": "string"})
        described["/metrics"] = {"get": _operation("Numbers for Prometheus", {200: numbers}, tag="service")}
    return described


def _in_query(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _integer(low: int, high: int, default: int) -> Json:
    return {"type": "integer", "minimum": low, "maximum": high, "default": default}


_PAGE = {"items": [TASK], "total": 1, "limit": 50, "offset": 0, "next_cursor": None}
_DONE = {"task": TASK | {"completed": True}, "new_task": SUCCESSOR}
_HEALTH = {"status": "healthy", "timestamp": "2026-01-10T17:00:00.123456Z", "version": "1.0.0"}

_DATE = {"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}, {"maxLength": 0}]}
_PRIORITY = "([Hh][Ii][Gg][Hh]|[Mm][Ee][Dd][Ii][Uu][Mm]|[Ll][Oo][Ww])"
_ORDERS = ["due_date", "title", "priority", "created_at", "updated_at", "relevance"]
# What a list can be asked for, see db/functions/lists/read_task_query.sql. An empty parameter is one that was left out.
_LISTING: tuple[Json, ...] = (
    _in_query(
        "q",
        "Words to find in title and description: any letter case, accents folded, English word forms, the last word also as a "
        'prefix, `"quoted phrases"`, `-without`, `or`.',
        {"type": "string", "maxLength": 2000, "examples": ["rent -garage"]},
    ),
    _in_query(
        "status",
        "Completed tasks, or the others.",
        {"type": "string", "enum": ["complete", "completed", "true", "incomplete", "false"]},
    ),
    _in_query(
        "priority",
        "One of High, Medium, Low, in any letter case, or several with commas: any of them.",
        {"type": "string", "pattern": f"^({_PRIORITY}(,{_PRIORITY})*)?$", "examples": ["High,Medium"]},
    ),
    _in_query(
        "tags",
        "Any of these tags; repeated, or with commas.",
        {"type": "array", "items": {"type": "string", "maxLength": 50, "pattern": "^[^,]*$"}, "maxItems": 50},
    ),
    _in_query(
        "tags_match",
        "Whether all of the tags must be there.",
        {"type": "string", "enum": ["any", "all"], "default": "any"},
    ),
    _in_query("due_date_from", "Due then or later.", _DATE),
    _in_query("due_date_to", "Due then or earlier; a date includes the whole of that day.", _DATE),
    _in_query(
        "sort_by",
        "High first, titles in any letter case, `relevance` only with `q`. Tasks without a due date come last both ways. Without "
        "it: `relevance` with `q`, else newest first.",
        {"type": "string", "enum": _ORDERS},
    ),
    _in_query("sort_order", "Ascending or descending.", {"type": "string", "enum": ["asc", "desc"]}),
    _in_query("limit", "How many, at most.", _integer(1, 100, 50)),
    _in_query("offset", "How many to leave out.", _integer(0, 999_999_999, 0)),
    _in_query(
        "cursor",
        "`next_cursor` of the page before. It carries its own filters and order: send it alone, or with `limit`.",
        {"type": "string"},
    ),
)


def _operation(
    summary: str,
    answers: Mapping[int, Json],
    *,
    description: str | None = None,
    problems: tuple[str, ...] = (),
    parameters: tuple[str | Json, ...] = (),
    body: Json | None = None,
    tag: str = "tasks",
) -> Json:
    """An operation; what is tagged "service" needs no token. Parameters are names of components, or whole."""
    always = _ALWAYS if tag == "service" else _WITH_TOKEN
    described: Json = {
        "tags": [tag],
        "summary": summary,
        "description": description,
        "operationId": "".join(
            letter for letter in summary.lower().replace(" ", "_") if letter.isalpha() or letter == "_"
        ),
        "parameters": [
            {"$ref": f"#/components/parameters/{parameter}"} if isinstance(parameter, str) else parameter
            for parameter in (*parameters, "X-Request-ID")
        ],
        "requestBody": body,
        "responses": {str(status): answer for status, answer in answers.items()}
        | _problems((*problems, *always)),
        "security": [] if tag == "service" else [{"token": []}],
    }
    return {name: value for name, value in described.items() if value is not None}


def _problems(names: tuple[str, ...]) -> Json:
    """The answers for these kinds of problems, by status."""
    responses: Json = {}
    for name in sorted(names, key=lambda name: PROBLEM_TYPES[name].status):
        problem_type = PROBLEM_TYPES[name]
        headers = ("Cache-Control", *HEADERS_OF_PROBLEMS.get(name, ()))
        response = responses.setdefault(
            str(problem_type.status),
            _typed(problem_type.detail, "application/problem+json", ref("Problem"), *headers),
        )
        example = {
            "type": TYPE_PREFIX + name,
            "title": problem_type.title,
            "status": problem_type.status,
            "detail": problem_type.detail,
        }
        example |= {"error": problem_type.title, "message": problem_type.detail, "request_id": REQUEST_ID}
        if name == "validation-error":
            example["errors"] = [FAULT]
        examples = response["content"]["application/problem+json"].setdefault("examples", {})
        examples[name] = {"summary": problem_type.title, "value": example}
        # Of two kinds with one status, one may come without the other's headers.
        if len(examples) > 1:
            response["headers"] = {
                header: response["headers"][header] for header in ("X-Request-ID", "Cache-Control")
            }
    return responses


def _answer(description: str, *headers: str) -> Json:
    names = ("X-Request-ID", *headers)
    return {
        "description": description,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
    }


def _typed(description: str, media_type: str, schema: Json, *headers: str) -> Json:
    return _answer(description, *headers) | {"content": {media_type: {"schema": schema}}}


def _json(description: str, schema: str, example: object, *headers: str) -> Json:
    content = {"application/json": {"schema": ref(schema), "example": example}}
    return _answer(description, *headers) | {"content": content}


def _with_page(answer: Json) -> Json:
    """The same answer, as a page too."""
    return answer | {"content": answer["content"] | {"text/html": {"schema": {"type": "string"}}}}


def _body(schema: str, examples: Mapping[str, object], *also: str) -> Json:
    content = {
        "schema": ref(schema),
        "examples": {name: {"value": value} for name, value in examples.items()},
    }
    return {"required": False, "content": dict.fromkeys(("application/json", *also), content)}
