"""The operations on tasks, in OpenAPI. Data."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.docs.components import PARAMETERS
from app.docs.examples import BATCH, BATCH_RESULTS, NEW_TASK, PAGE, TASK, TOGGLED
from app.docs.operation import (
    PRIVATE,
    TAGGED,
    WITH_BODY,
    WITH_KEY,
    answer,
    describe_operation,
    json_answer,
    json_body,
    query_parameter,
)
from app.docs.schemas.form import ref
from app.settings import Settings

Json = dict[str, Any]

_CHANGE = ("not-found", "precondition-failed", "precondition-required", "conflict")
_PREFER_BATCH = {
    "name": "Prefer",
    "in": "header",
    "description": "`handling=lenient`: do each operation by itself, and ignore unknown fields. "
    "`return=minimal`: leave the bodies out of the results (RFC 7240).",
    "schema": {"type": "string"},
}
_MERGE_PATCH = "`application/merge-patch+json` is accepted as well."


def _listing(parameters: Sequence[Mapping[str, Any]]) -> tuple[Json, ...]:
    """The parameters of a list, from those that api.describe_tasks found."""
    return tuple(
        query_parameter(parameter["name"], parameter["description"], _schema(parameter))
        for parameter in parameters
    )


def _schema(parameter: Mapping[str, Any]) -> Json:
    schema = {key: value for key, value in parameter["schema"].items() if key != "examples"}
    if "enum" in schema.get("items", {}):
        # The enumeration has a schema of its own, named after the field.
        schema["items"] = ref(parameter["name"].capitalize())
    return schema


def paths(settings: Settings, parameters: Sequence[Mapping[str, Any]]) -> Json:
    """The operations by path and method, with these parameters of a list (api.describe_tasks)."""
    if_match: str | Json = "If-Match"
    if_match_of_put: str | Json = "If-Match"
    if settings.require_if_match:
        if_match = PARAMETERS["If-Match"] | {"required": True}
        words = (
            f"{PARAMETERS['If-Match']['description']} Required, unless you send `If-None-Match: *`: else 428."
        )
        if_match_of_put = PARAMETERS["If-Match"] | {"description": words}
    some_fields = json_body("TaskChange", {"two fields": {"priority": "Low", "due_date": None}})
    unchanged = answer("Nothing has changed.", *TAGGED)
    return {
        "/tasks": {
            "get": describe_operation(
                "list_tasks",
                "tasks",
                "List, search and filter tasks",
                "All filters combine: a task must meet every one. The order is total, so no task is missed "
                "or repeated between pages. Without parameters: all tasks, newest first. An empty parameter "
                "counts as left out; an unknown one is an error.",
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
                parameters=(*_listing(parameters), "If-None-Match"),
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
                problems=(*WITH_BODY, *WITH_KEY, "not-found"),
                parameters=("Idempotency-Key", "Prefer"),
                body=json_body("NewTask", {"title only": {"title": "Buy milk"}, "recurring": NEW_TASK}),
            ),
        },
        "/tasks/batch": {
            "post": describe_operation(
                "change_tasks",
                "tasks",
                "Change many tasks at once",
                "Up to 100 operations in one transaction: all are done, or none. The first failure gives the "
                "status, and `errors` has all errors of all operations. With `Prefer: handling=lenient` each "
                "operation is done by itself and has its own status in the results. A body may have 1 MiB. "
                "Where the service limits requests, each operation counts as one. See "
                "[Batches](#description/batches).",
                {
                    200: json_answer(
                        "The results.",
                        "BatchResults",
                        BATCH_RESULTS,
                        *PRIVATE,
                        "Preference-Applied",
                        "Idempotency-Replayed",
                    )
                },
                problems=(*_CHANGE, *WITH_BODY, *WITH_KEY),
                parameters=("Idempotency-Key", _PREFER_BATCH),
                body=json_body("Batch", {"one of each": BATCH}),
            )
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
                f"instead; the body then needs a `title`. {_MERGE_PATCH}",
                {
                    200: json_answer("The changed task.", "Task", TASK, *TAGGED, "Accept-Patch"),
                    201: json_answer(
                        "The new task, with `If-None-Match: *`.", "Task", TASK, *TAGGED, "Location"
                    ),
                },
                problems=(*_CHANGE, *WITH_BODY),
                parameters=("id", if_match_of_put, "If-None-Match-any", "Prefer"),
                body=some_fields,
            ),
            "patch": describe_operation(
                "update_task",
                "tasks",
                "Change a task",
                "Fields that are left out stay as they are; null clears a field (RFC 7396). Writing "
                "`completed` does the same as toggle. If nothing changes, the `ETag` stays. "
                f"{_MERGE_PATCH}",
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
                "retry is safe. Completing a recurring task creates its one successor, even if several "
                "requests do it at the same time; reopening removes the successor if it was not changed.",
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
