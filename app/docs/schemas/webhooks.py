"""The schemas of webhooks."""

from app.docs.schemas.form import (
    NOT_BLANK,
    NULLABLE_TIME,
    TEXT,
    TIME,
    UUID,
    Json,
    make_body,
    make_list,
    make_object,
)
from app.settings import Settings

EVENTS = (
    "task.created",
    "task.updated",
    "task.completed",
    "task.reopened",
    "task.deleted",
    "task.reminder",
)
_PAUSED = ("user", "gone", "failing")
_WEBHOOK: Json = {
    "id": UUID,
    "url": {"type": "string", "description": "Where the requests go."},
    "label": {"type": ["string", "null"], "description": "What the webhook is for."},
    "events": {"type": "array", "items": {"type": "string", "enum": [*EVENTS]}, "minItems": 1},
    "header_names": {
        "type": "array",
        "items": TEXT,
        "maxItems": 10,
        "description": "The names of the header fields. Their values are not shown.",
    },
    "body": {"description": "The JSON body of the requests; null: the event."},
    "timezone": {"type": ["string", "null"], "description": "The time zone of `{due}`."},
    "paused": {
        "type": ["string", "null"],
        "enum": [*_PAUSED, None],
        "description": "Why nothing is sent: `user` paused it; `gone`: it answered 410; `failing`: it failed "
        "for 5 days, or 10,000 deliveries wait. Null while it is active.",
    },
    "failing_since": NULLABLE_TIME
    | {"description": "The first failure since the last success; null if there is none."},
    "created_at": TIME,
    "updated_at": TIME,
}


def schemas(settings: Settings) -> Json:
    """The schemas by name."""
    return {
        "NewWebhook": make_body(
            settings,
            "A webhook to create. Only `url` is required.",
            _fields("all of them if it is left out"),
            "url",
        ),
        "WebhookChange": make_body(
            settings,
            "The fields of a webhook to change. A field that is left out stays as it is.",
            _fields("at least one"),
        ),
        "Webhook": make_object("A webhook, without its secret.", _WEBHOOK),
        "CreatedWebhook": make_object(
            "A new webhook with its secret.",
            {
                **_WEBHOOK,
                "secret": {
                    "type": "string",
                    "pattern": "^whsec_",
                    "description": "Signs the requests (Standard Webhooks). It is shown this once.",
                },
            },
        ),
        "WebhookList": make_list("The webhooks of a user.", "Webhook", 10),
        "Secret": make_object(
            "A signing secret.",
            {"secret": {"type": "string", "pattern": "^whsec_", "description": "It is shown this once."}},
        ),
    }


def _fields(events: str) -> Json:
    return {
        "url": {
            "type": "string",
            "minLength": 1,
            "maxLength": 2000,
            "pattern": r"^https?://[A-Za-z0-9.:\[\]_-]+([/?][!-\x22$-~]*)?$",
            "description": "Where the requests go: https, or http in a network that the operator allows.",
        },
        "label": {
            "type": ["string", "null"],
            "minLength": 1,
            "maxLength": 100,
            "pattern": NOT_BLANK,
            "description": "What the webhook is for.",
        },
        "events": {
            "type": "array",
            "items": {"type": "string", "enum": [*EVENTS]},
            "minItems": 1,
            "maxItems": 20,
            "description": f"The events that are sent; {events}.",
        },
        "headers": {
            "type": ["object", "null"],
            "additionalProperties": {"type": ["string", "null"], "maxLength": 1000},
            "description": "At most 10 header fields of the requests, such as `Authorization`. "
            "The values are not shown again.",
        },
        "body": {
            "description": "A JSON body of your own instead of the event, at most 4,096 bytes and "
            "20 placeholders. In its strings `{title}`, `{description}`, `{due}`, `{due_date}`, "
            "`{reminder_at}`, `{priority}`, `{tags}`, `{id}` and `{type}` are replaced.",
        },
        "timezone": {
            "type": ["string", "null"],
            "description": "The IANA time zone of `{due}` where the task has none; null means UTC.",
        },
        "paused": {
            "type": ["string", "null"],
            "enum": [*_PAUSED, None],
            "description": "`user` pauses the webhook; null resumes it. The service sets the other values.",
        },
    }
