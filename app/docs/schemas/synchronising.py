"""The schemas for clients that keep a copy of their tasks."""

from app.docs.schemas.form import UUID, Json, make_object, ref


def schemas() -> Json:
    """The schemas by name."""
    return {
        "Changes": make_object(
            "The changes since a token.",
            {
                "changed": {
                    "type": "array",
                    "items": ref("Task"),
                    "maxItems": 500,
                    "description": "The tasks that changed or are new, in the order of their changes.",
                },
                "deleted": {
                    "type": "array",
                    "items": UUID,
                    "maxItems": 500,
                    "description": "The ids of the deleted tasks. A task that was created again is only in "
                    "`changed`.",
                },
                "next": {"type": "string", "description": "The `since` of the next request. Opaque."},
                "has_more": {
                    "type": "boolean",
                    "description": "True if there are more changes: ask again at once.",
                },
            },
        ),
    }
