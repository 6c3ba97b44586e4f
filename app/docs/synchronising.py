"""The operations for clients that keep a copy of their tasks, in OpenAPI. Data."""

from typing import Any

from app.docs.examples import CHANGES
from app.docs.operation import (
    TAGGED,
    answer,
    describe_operation,
    json_answer,
    limit_parameter,
    query_parameter,
    typed_answer,
)
from app.settings import Settings

Json = dict[str, Any]

_SINCE = query_parameter(
    "since",
    "`next` of the previous answer. Leave it out to begin: the answer then has all tasks.",
    {"type": "string"},
)
_LAST_EVENT_ID = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "The `id` of the last event that you received. If nothing has changed since, no event is "
    "sent at once.",
    "schema": {"type": "string"},
}


def paths(settings: Settings) -> Json:
    """The operations by path and method."""
    described: Json = {
        "/changes": {
            "get": describe_operation(
                "list_changes",
                "synchronising",
                "List the changes since a token",
                "The tasks that changed since `since`, and the ids of the deleted ones. No change is missed, "
                "even if others change tasks at the same time. 410 if the service no longer knows all "
                "deletions: begin again without `since`. See [Synchronising](#description/synchronising).",
                {
                    200: json_answer("The changes.", "Changes", CHANGES, *TAGGED, "Content-Encoding"),
                    304: answer("Nothing has changed.", *TAGGED),
                },
                problems=("resync-required",),
                parameters=(_SINCE, limit_parameter(100, 500), "If-None-Match"),
            )
        }
    }
    if settings.events_limit:
        described["/events"] = {
            "get": describe_operation(
                "watch_changes",
                "synchronising",
                "Watch for changes",
                "A stream of server-sent events. `event: changed` tells that tasks changed; its `id` is a "
                "`since` token for `GET /changes`. One event is sent at once, unless `Last-Event-ID` is the "
                "present token. A comment is sent every 15 seconds. The stream ends when the token does. See "
                "[Synchronising](#description/synchronising).",
                {
                    200: typed_answer(
                        "The stream.", "text/event-stream", {"type": "string"}, "Cache-Control", "Vary"
                    )
                },
                parameters=(_LAST_EVENT_ID,),
            )
        }
    return described
