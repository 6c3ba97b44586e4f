"""The schemas of a batch, of its four operations and of their results."""

from app.docs.schemas.form import NULL, UUID, Json, make_body, make_object, ref
from app.settings import Settings

_TASK = UUID | {"description": "The id of the task."}
_OWN_ID = {"anyOf": [_TASK, NULL], "description": "The id of the new task, if you choose it yourself."}
_IF_MATCH = {
    "type": ["string", "null"],
    "description": "The `etag` of the task as you read it. 412 if the task has changed since.",
}


def schemas(settings: Settings) -> Json:
    """The schemas by name."""
    operations = _operations(settings)
    return {
        "Batch": make_body(
            settings,
            "Operations on tasks, done in order. Each sees the changes of those before it.",
            {
                "operations": {
                    "type": "array",
                    "items": {"anyOf": [ref(name) for name in operations]},
                    "minItems": 1,
                    "maxItems": 100,
                }
            },
            "operations",
        ),
        **operations,
        "BatchResults": make_object(
            "The results of a batch, in the order of its operations.",
            {"results": {"type": "array", "items": ref("BatchResult"), "minItems": 1, "maxItems": 100}},
        ),
        "BatchResult": make_object(
            "The result of one operation: what a request of its own would be answered.",
            {
                "status": {
                    "type": "integer",
                    "minimum": 200,
                    "maximum": 599,
                    "description": "The HTTP status.",
                },
                "etag": {"type": "string", "description": "The `ETag` of the task."},
                "location": {"type": "string", "description": "The path of the new task."},
                "body": {
                    "anyOf": [ref("Task"), ref("Toggled")],
                    "description": "Left out with `Prefer: return=minimal`, and for a deletion.",
                },
                "problem": ref(
                    "Problem", description="If the operation failed; only with `Prefer: handling=lenient`."
                ),
            },
            "etag",
            "location",
            "body",
            "problem",
        ),
    }


def _operations(settings: Settings) -> Json:
    def operation(op: str, description: str, properties: Json, *required: str) -> Json:
        return make_body(
            settings, description, {"op": {"type": "string", "const": op}, **properties}, "op", *required
        )

    existing: Json = {"id": _TASK, "if_match": _IF_MATCH}
    return {
        "CreateOperation": operation(
            "create", "Creates a task.", {"id": _OWN_ID, "body": ref("NewTask")}, "body"
        ),
        "UpdateOperation": operation(
            "update", "Changes a task, as PATCH does.", {**existing, "body": ref("TaskChange")}, "id", "body"
        ),
        "ToggleOperation": operation(
            "toggle",
            "Completes or reopens a task.",
            {**existing, "body": {"anyOf": [ref("Toggle"), NULL]}},
            "id",
        ),
        "DeleteOperation": operation("delete", "Deletes a task.", existing, "id"),
    }
