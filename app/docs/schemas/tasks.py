"""The schemas of tasks; their fields come from the catalog (api.describe_tasks)."""

from collections.abc import Sequence

from app.docs.schemas.fields import Field, enumeration_of, read_field, write_field
from app.docs.schemas.form import NEXT_CURSOR, NULL, Json, make_body, make_object, ref
from app.settings import Settings

_IGNORED = (
    "`id`, `user_id`, `created_at` and `updated_at` are ignored in a body, so a task can be sent back as it "
    "was read."
)


def schemas(settings: Settings, fields: Sequence[Field]) -> Json:
    """The schemas by name."""
    writable = [field for field in fields if field["writable"]]
    return {
        "Task": make_object("A task as it is read.", {field["name"]: read_field(field) for field in fields}),
        "NewTask": make_body(
            settings,
            f"A task to create. Only `title` is required. {_IGNORED}",
            {field["name"]: write_field(field, with_default=True) for field in writable},
            *(field["name"] for field in fields if field["required"]),
        ),
        "TaskChange": make_body(
            settings,
            "The fields to change. A field that is left out stays as it is; null clears a "
            f"field that may be null (RFC 7396). {_IGNORED}",
            {field["name"]: write_field(field) for field in writable},
        ),
        **{
            enumeration_of(field): {
                "description": field["schema"]["description"],
                "type": "string",
                "enum": field["schema"]["enum"],
            }
            for field in fields
            if "enum" in field["schema"]
        },
        "TaskPage": make_object(
            "A page of tasks.",
            {
                "items": {"type": "array", "items": ref("Task"), "maxItems": 100},
                "total": {
                    "type": "integer",
                    "minimum": 0,
                    "description": "The number of tasks on all pages, exact for the filters given.",
                },
                "limit": {"type": "integer", "minimum": 1, "maximum": 100},
                "offset": {"type": "integer", "minimum": 0},
                "next_cursor": NEXT_CURSOR,
            },
        ),
        "Toggle": make_body(
            settings,
            "How to complete or reopen the task. No field is required.",
            {
                "completed": {
                    "type": "boolean",
                    "description": "The state to set. If it is left out, the state is flipped.",
                },
                "catch_up": {
                    "type": "boolean",
                    "description": "For a task completed late: the due date of its successor is after now as "
                    "well. False if it is left out.",
                },
            },
        ),
        "Toggled": make_object(
            "A task and its successor.",
            {
                "task": ref("Task"),
                "new_task": {
                    "description": "The successor of a recurring task that was completed; otherwise null.",
                    "anyOf": [ref("Task"), NULL],
                },
            },
        ),
    }
