"""The operations on the coming due dates, in OpenAPI. Data."""

from typing import Any

from app.docs.examples import OCCURRENCES, PREVIEW
from app.docs.operation import PRIVATE, WITH_BODY, describe_operation, json_answer, json_body, query_parameter
from app.settings import Settings

Json = dict[str, Any]

_LIMIT = query_parameter(
    "limit",
    "The number of due dates to return, at most.",
    {"type": "integer", "minimum": 1, "maximum": 100, "default": 10},
)


def paths(settings: Settings) -> Json:
    """The operations by path and method."""
    return {
        "/tasks/{id}/occurrences": {
            "get": describe_operation(
                "list_occurrences",
                "recurrence",
                "List the coming due dates of a task",
                "The due dates after the task's own. The list is empty if the task is not recurring or its "
                "series is over.",
                {200: json_answer("The due dates.", "OccurrenceList", OCCURRENCES, *PRIVATE)},
                problems=("not-found",),
                parameters=("id", _LIMIT),
            )
        },
        "/occurrences": {
            "post": describe_operation(
                "preview_occurrences",
                "recurrence",
                "Preview the due dates of a recurrence rule",
                "The due dates after the one in the body, or after now. Nothing is stored.",
                {200: json_answer("The due dates.", "OccurrenceList", OCCURRENCES, *PRIVATE)},
                problems=WITH_BODY,
                parameters=("Prefer",),
                body=json_body("OccurrencesPreview", {"monthly": PREVIEW}),
            )
        },
    }
