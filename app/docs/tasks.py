"""The operations on tasks, in OpenAPI. Data."""

from typing import Any

from app.docs.components import PARAMETERS
from app.docs.examples import NEW_TASK, PAGE, TASK, TOGGLED
from app.docs.operation import (
    PRIVATE,
    TAGGED,
    WITH_BODY,
    WITH_KEY,
    answer,
    describe_operation,
    json_answer,
    json_body,
    limit_parameter,
    query_parameter,
)
from app.docs.schemas import ref
from app.settings import Settings

Json = dict[str, Any]

_CHANGE = ("not-found", "precondition-failed", "precondition-required", "conflict")
_MERGE_PATCH = "`application/merge-patch+json` is accepted as well."
_DATE = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}
_ORDERS = ["due_date", "title", "priority", "created_at", "updated_at", "relevance"]

# The parameters of a list; app.read_task_query reads them.
_LISTING: tuple[Json, ...] = (
    query_parameter(
        "q",
        "Words to find in title and description. Letter case and accents do not matter; English word forms "
        "are found; the "
        'last word may be the beginning of one; `"quoted phrases"`, `-without`, `or`. See '
        "[Search](#description/search).",
        {"type": "string", "maxLength": 2000},
    ),
    query_parameter(
        "status",
        "Only completed tasks, or only the others. `completed` and `true`, or `false`, mean the same.",
        {"type": "string", "enum": ["complete", "incomplete"]},
    ),
    query_parameter(
        "priority",
        "Tasks with any of these priorities, in any letter case. Repeat the parameter, or separate with "
        "commas.",
        {"type": "array", "items": ref("Priority")},
    ),
    query_parameter(
        "tags",
        "Tasks with any of these tags. Repeat the parameter, or separate with commas.",
        {"type": "array", "items": {"type": "string", "maxLength": 50, "pattern": "^[^,]*$"}, "maxItems": 50},
    ),
    query_parameter(
        "tags_match",
        "`any`: at least one of the tags; `all`: every one of them.",
        {"type": "string", "enum": ["any", "all"], "default": "any"},
    ),
    query_parameter("due_date_from", "Tasks due at this time or later. UTC, unless it has an offset.", _DATE),
    query_parameter(
        "due_date_to",
        "Tasks due at this time or earlier. A date without a time includes the whole day. UTC, unless it "
        "has an offset.",
        _DATE,
    ),
    query_parameter(
        "sort_by",
        "The order. If it is left out: `relevance` with `q`, otherwise `created_at`, newest first. "
        "`priority` has High "
        "first; `title` ignores letter case; `relevance` needs `q`. Tasks without a due date come last in "
        "both directions.",
        {"type": "string", "enum": _ORDERS},
    ),
    query_parameter(
        "sort_order",
        "Ascending or descending. If it is left out: `asc`, but best first for `relevance`, and newest "
        "first if `sort_by` is "
        "left out as well.",
        {"type": "string", "enum": ["asc", "desc"]},
    ),
    limit_parameter(50),
    query_parameter(
        "offset",
        "The number of tasks to skip. For long lists use `cursor`.",
        {"type": "integer", "minimum": 0, "maximum": 999_999_999, "default": 0},
    ),
    query_parameter(
        "cursor",
        "`next_cursor` of the previous page. It carries its own filters and order: parameters beside it "
        "must agree with "
        "it or be the defaults. `limit` may differ.",
        {"type": "string"},
    ),
)


def paths(settings: Settings) -> Json:
    """The operations by path and method."""
    if_match = PARAMETERS["If-Match"] | {"required": True} if settings.require_if_match else "If-Match"
    some_fields = json_body("TaskChange", {"two fields": {"priority": "Low", "due_date": None}})
    unchanged = answer("Nothing has changed.", *TAGGED)
    return {
        "/tasks": {
            "get": describe_operation(
                "list_tasks",
                "tasks",
                "List, search and filter tasks",
                "All filters combine: a task must meet every one. The order is total, so no task is missed "
                "or repeated between "
                "pages. Without parameters: all tasks, newest first. An empty parameter counts as left out; "
                "an unknown one is "
                "an error.",
                {
                    200: json_answer(
                        "A page of tasks.",
                        "TaskPage",
                        PAGE,
                        *TAGGED,
                        "Link",
                        "Search-Suggestion",
                        "Content-Encoding",
                    ),
                    304: unchanged,
                },
                parameters=(*_LISTING, "If-None-Match"),
            ),
            "post": describe_operation(
                "create_task",
                "tasks",
                "Create a task",
                "Send an `Idempotency-Key`, and a retry creates nothing twice.",
                {
                    201: json_answer(
                        "The new task.", "Task", TASK, *TAGGED, "Location", "Idempotency-Replayed"
                    )
                },
                problems=(*WITH_BODY, *WITH_KEY),
                parameters=("Idempotency-Key", "Prefer"),
                body=json_body("NewTask", {"title only": {"title": "Buy milk"}, "recurring": NEW_TASK}),
            ),
        },
        "/tasks/{id}": {
            "get": describe_operation(
                "get_task",
                "tasks",
                "Read a task",
                "The `ETag` of the answer is for `If-Match` and `If-None-Match`.",
                {200: json_answer("The task.", "Task", TASK, *TAGGED), 304: unchanged},
                problems=("not-found",),
                parameters=("id", "If-None-Match"),
            ),
            "put": describe_operation(
                "put_task",
                "tasks",
                "Change a task, or create it under your own id",
                "The same as PATCH. With `If-None-Match: *` it creates a task under the id of the path "
                "instead; the body then "
                f"needs a `title`. {_MERGE_PATCH}",
                {
                    200: json_answer("The changed task.", "Task", TASK, *TAGGED, "Accept-Patch"),
                    201: json_answer(
                        "The new task, with `If-None-Match: *`.", "Task", TASK, *TAGGED, "Location"
                    ),
                },
                problems=(*_CHANGE, *WITH_BODY),
                parameters=("id", "If-Match", "If-None-Match-any", "Prefer"),
                body=some_fields,
            ),
            "patch": describe_operation(
                "update_task",
                "tasks",
                "Change a task",
                "Fields that are left out stay as they are; null clears a field (RFC 7396). Writing "
                "`completed` does the same "
                f"as toggle. If nothing changes, the `ETag` stays. {_MERGE_PATCH}",
                {200: json_answer("The changed task.", "Task", TASK, *TAGGED, "Accept-Patch")},
                problems=(*_CHANGE, *WITH_BODY),
                parameters=("id", if_match, "If-None-Match-change", "Prefer"),
                body=some_fields,
            ),
            "delete": describe_operation(
                "delete_task",
                "tasks",
                "Delete a task",
                "A deleted task cannot be restored.",
                {204: answer("The task is deleted.", *PRIVATE)},
                problems=_CHANGE,
                parameters=("id", if_match, "If-None-Match-change"),
            ),
        },
        "/tasks/{id}/toggle": {
            "post": describe_operation(
                "toggle_task",
                "tasks",
                "Complete or reopen a task",
                'Flips `completed`. With `{"completed": true}` or `false` it sets the state instead, so a '
                "retry is safe. "
                "Completing a recurring task creates its one successor, even if several requests do it at "
                "the same time; "
                "reopening removes the successor if it was not changed.",
                {
                    200: json_answer(
                        "The task and its successor.", "Toggled", TOGGLED, *TAGGED, "Idempotency-Replayed"
                    )
                },
                problems=(*_CHANGE, *WITH_BODY, *WITH_KEY),
                parameters=("id", if_match, "If-None-Match-change", "Idempotency-Key", "Prefer"),
                body=json_body(
                    "Toggle",
                    {"set": {"completed": True}, "flip": {}, "late": {"completed": True, "catch_up": True}},
                    required=False,
                ),
            )
        },
    }
