"""The operations on webhooks and their deliveries, in OpenAPI. Data."""

from typing import Any

from app.docs.examples import (
    CREATED_WEBHOOK,
    DELIVERIES,
    ID,
    NEW_WEBHOOK,
    WEBHOOK,
    WEBHOOKS,
)
from app.docs.operation import (
    PRIVATE,
    TAGGED,
    WITH_BODY,
    answer,
    describe_operation,
    json_answer,
    json_body,
    limit_parameter,
    query_parameter,
)
from app.settings import Settings

Json = dict[str, Any]

_STATE = query_parameter(
    "state",
    "Only deliveries in this state.",
    {"type": "string", "enum": ["waiting", "delivered", "failed"]},
)
_CURSOR = query_parameter("cursor", "`next_cursor` of the previous page.", {"type": "string"})
_CHANGE = ("not-found", "precondition-failed")


def paths(settings: Settings) -> Json:
    """The operations by path and method; none where WEBHOOK_KEY is not set."""
    if not settings.webhook_key:
        return {}
    change: dict[str, Any] = {
        "answers": {200: json_answer("The changed webhook.", "Webhook", WEBHOOK, *TAGGED, "Accept-Patch")},
        "problems": (*_CHANGE, *WITH_BODY),
        "parameters": ("webhook-id", "If-Match", "If-None-Match-change", "Prefer"),
        "body": json_body("WebhookChange", {"pause": {"paused": "user"}, "go on": {"paused": None}}),
    }
    return {
        "/webhooks": {
            "get": describe_operation(
                "list_webhooks",
                "webhooks",
                "List your webhooks",
                "Newest first. Of the header fields only the names are shown.",
                {200: json_answer("The webhooks.", "WebhookList", WEBHOOKS, *PRIVATE)},
            ),
            "post": describe_operation(
                "create_webhook",
                "webhooks",
                "Create a webhook",
                "The answer has the `secret` that signs the requests, this once. You may have 10 webhooks. "
                "See [Reminders on your phone](#description/reminders-on-your-phone).",
                {
                    201: json_answer(
                        "The new webhook with its secret.",
                        "CreatedWebhook",
                        CREATED_WEBHOOK,
                        "ETag",
                        *PRIVATE,
                    )
                },
                problems=("too-many", *WITH_BODY),
                parameters=("Prefer",),
                body=json_body(
                    "NewWebhook",
                    {"all events": {"url": "https://example.com/hook"}, "reminders by ntfy": NEW_WEBHOOK},
                ),
            ),
        },
        "/webhooks/{id}": {
            "get": describe_operation(
                "get_webhook",
                "webhooks",
                "Get a webhook",
                "Without its secret and the values of its header fields.",
                {
                    200: json_answer("The webhook.", "Webhook", WEBHOOK, *TAGGED),
                    304: answer("Nothing has changed.", *TAGGED),
                },
                problems=("not-found",),
                parameters=("webhook-id", "If-None-Match"),
            ),
            "patch": describe_operation(
                "update_webhook", "webhooks", "Change, pause or resume a webhook", _PATCH, **change
            ),
            "put": describe_operation(
                "put_webhook", "webhooks", "Change a webhook (the same as PATCH)", _PATCH, **change
            ),
            "delete": describe_operation(
                "delete_webhook",
                "webhooks",
                "Delete a webhook",
                "Its deliveries are deleted as well.",
                {204: answer("The webhook is deleted.", *PRIVATE)},
                problems=_CHANGE,
                parameters=("webhook-id", "If-Match", "If-None-Match-change"),
            ),
        },
        "/webhooks/{id}/secret": {
            "post": describe_operation(
                "rotate_secret",
                "webhooks",
                "Create a new signing secret",
                "For 24 hours each request is signed with the new and with the old secret.",
                {
                    200: json_answer(
                        "The new secret.", "Secret", {"secret": CREATED_WEBHOOK["secret"]}, *PRIVATE
                    )
                },
                problems=("not-found",),
                parameters=("webhook-id",),
            )
        },
        "/webhooks/{id}/test": {
            "post": describe_operation(
                "test_webhook",
                "webhooks",
                "Send a test event",
                "An event of the type `test` with an invented task. If one waits already, that one is sent.",
                {202: json_answer("The id of the delivery.", "Test", {"id": ID}, *PRIVATE)},
                problems=("not-found",),
                parameters=("webhook-id",),
            )
        },
        "/webhooks/{id}/deliveries": {
            "get": describe_operation(
                "list_deliveries",
                "webhooks",
                "List the deliveries of a webhook",
                "Newest first. Delivered ones are kept for 7 days, failed ones for 30.",
                {200: json_answer("A page of deliveries.", "DeliveryPage", DELIVERIES, *PRIVATE)},
                problems=("not-found",),
                parameters=("webhook-id", _STATE, limit_parameter(50), _CURSOR),
            )
        },
        "/webhooks/{id}/deliveries/{delivery}/retry": {
            "post": describe_operation(
                "retry_delivery",
                "webhooks",
                "Send a failed delivery again",
                "With the same `webhook-id`. 404 if the delivery has not failed.",
                {202: json_answer("It is sent again.", "Retried", {"count": 1}, *PRIVATE)},
                problems=("not-found", "too-many"),
                parameters=("webhook-id", "delivery-id"),
            )
        },
        "/webhooks/{id}/replay": {
            "post": describe_operation(
                "retry_deliveries",
                "webhooks",
                "Send failed deliveries again",
                "Those of events since a time, at most 1,000 in one request.",
                {202: json_answer("How many are sent again.", "Retried", {"count": 12}, *PRIVATE)},
                problems=("not-found", "too-many", *WITH_BODY),
                parameters=("webhook-id",),
                body=json_body("Replay", {"since a time": {"since": "2026-01-10T17:00:00Z"}}),
            )
        },
    }


_PATCH = (
    "Fields that are left out stay as they are. `headers` are merged, and a null removes one. `paused`: "
    "`user` pauses; null resumes, also after the service has paused the webhook, and sends what waits. "
    "`application/merge-patch+json` is accepted as well."
)
