"""The schemas of the deliveries of a webhook and of the event that each carries."""

from app.docs.schemas.form import NEXT_CURSOR, NULLABLE_TIME, TIME, UUID, Json, make_object, ref
from app.docs.schemas.webhooks import EVENTS

_TYPE = {"type": "string", "enum": [*EVENTS, "test"]}


def schemas() -> Json:
    """The schemas by name."""
    return {
        "Delivery": make_object(
            "An event on its way to a webhook.",
            {
                "id": UUID
                | {"description": "The header `webhook-id` is `msg_` and this id, in each attempt."},
                "type": _TYPE,
                "task_id": {"type": ["string", "null"], "format": "uuid"},
                "state": {"type": "string", "enum": ["waiting", "delivered", "failed"]},
                "attempts": {"type": "integer", "minimum": 0},
                "status": {
                    "type": ["integer", "null"],
                    "description": "The HTTP status of the last attempt; null if there was no answer.",
                },
                "error": {
                    "type": ["string", "null"],
                    "description": "Why there was no answer to the last attempt.",
                },
                "created_at": TIME,
                "next_attempt_at": NULLABLE_TIME
                | {"description": "Null if it is over, or the webhook is paused."},
                "finished_at": NULLABLE_TIME,
                "payload": ref("Event"),
            },
        ),
        "DeliveryPage": make_object(
            "A page of deliveries.",
            {
                "items": {"type": "array", "items": ref("Delivery"), "maxItems": 100},
                "next_cursor": NEXT_CURSOR,
            },
        ),
        "Event": make_object(
            "What a webhook receives, unless it has a body of its own.",
            {
                "type": _TYPE,
                "timestamp": TIME,
                "version": {
                    "type": "integer",
                    "format": "int64",
                    "description": "The number of the change: of two events of a task the greater is the "
                    "later.",
                },
                "data": {
                    "type": "object",
                    "description": "The task; of a deleted task only its `id`.",
                    "additionalProperties": True,
                },
            },
        ),
        "Test": make_object(
            "A test that is on its way.", {"id": UUID | {"description": "The id of the delivery."}}
        ),
        "Replay": {
            "description": "The failed deliveries to send again.",
            "type": "object",
            "properties": {
                "since": {
                    "anyOf": [
                        {"type": "string", "format": "date-time"},
                        {"type": "string", "format": "date"},
                    ],
                    "description": "Those of events at this time or later.",
                }
            },
            "required": ["since"],
            "additionalProperties": False,
        },
        "Retried": make_object(
            "What is sent again.", {"count": {"type": "integer", "minimum": 0, "maximum": 1000}}
        ),
    }
