"""The schemas of the OpenAPI document; those of a task come from the catalog (api.describe_tasks).

Generated clients decide their form: a body has no ``default`` and no read-only field, every branch of a
union has a type, and an answer may gain fields (no ``additionalProperties: false``).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.docs.examples import FIELDS
from app.docs.index import index_of
from app.settings import Settings
from app.web.problem_types import PROBLEM_TYPES, TYPE_PREFIX

Json = dict[str, Any]

# White space at both ends is trimmed, so a string of nothing else is an empty one.
_NOT_BLANK = r"[^\s\u0085]"
_NOT_BLANK_NO_COMMA = r"^[^,]*[^\s\u0085,][^,]*$"
# Names that the registry of formats does not have.
_FORMATS = {"recurrence_rule": "rrule", "timezone": "time-zone"}
# A time of an answer.
_TIME = {"type": "string", "format": "date-time", "pattern": "Z$"}
_TEXT = {"type": "string"}
_NULL = {"type": "null"}
_SCOPES = ("tasks:read", "tasks:write")
_EVENTS = (
    "task.created",
    "task.updated",
    "task.completed",
    "task.reopened",
    "task.deleted",
    "task.reminder",
)
_PAUSED = ("user", "gone", "failing")


def ref(schema: str, **siblings: str) -> Json:
    """A reference to a schema of the document; in OpenAPI 3.1 a description may stand beside it."""
    return {"$ref": f"#/components/schemas/{schema}", **siblings}


def make_object(description: str, properties: Json, *optional: str) -> Json:
    """The schema of an object of an answer: its properties are always there, but for the optional ones."""
    return {
        "description": description,
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
    }


def task_schemas(settings: Settings, described: Mapping[str, Any]) -> Json:
    """The schemas of tasks, from ``{"fields": […], "faults": […]}`` (api.describe_tasks)."""
    fields: Sequence[Mapping[str, Any]] = described["fields"]
    writable = [field for field in fields if field["writable"]]
    changed = {field["name"]: _write(field) for field in writable}
    created = {field["name"]: _write(field, with_default=True) for field in writable}
    series = {name: changed[name] for name in ("due_date", "recurrence_rule", "timezone")}
    # A body may have fields that are ignored, where the settings say so.
    strict: Json = {"additionalProperties": settings.unknown_fields == "ignore"}
    return {
        "Task": make_object("A task as it is read.", {field["name"]: _read(field) for field in fields}),
        "NewTask": {
            "description": f"A task to create. Only `title` is required. {_IGNORED}",
            "type": "object",
            "properties": created,
            "required": [field["name"] for field in fields if field["required"]],
            **strict,
        },
        "TaskChange": {
            "description": "The fields to change. A field that is left out stays as it is; null clears a "
            f"field that may be null (RFC 7396). {_IGNORED}",
            "type": "object",
            "properties": changed,
            **strict,
        },
        "OccurrencesPreview": {
            "description": "A recurrence rule to try. Nothing is stored.",
            "type": "object",
            "properties": series
            | {
                "recurrence_rule": series["recurrence_rule"] | {"type": "string"},
                "limit": {
                    "type": ["integer", "null"],
                    "minimum": 1,
                    "maximum": 100,
                    "description": "The number of due dates to return; 10 if it is left out.",
                },
            },
            "required": ["recurrence_rule"],
            **strict,
        },
        "Toggle": {
            "description": "How to complete or reopen the task. No field is required.",
            "type": "object",
            "properties": {
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
            **strict,
        },
        "NewPass": {
            "description": "A pass to create. Only `label` is required.",
            "type": "object",
            "properties": {
                "label": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 100,
                    "pattern": _NOT_BLANK,
                    "description": "What the pass is for. White space at both ends is trimmed.",
                },
                "scope": {
                    "type": ["string", "null"],
                    "enum": [*_SCOPES, None],
                    "description": "What the pass allows; `tasks:read` if it is left out.",
                },
                "expires_at": {
                    "anyOf": [{"type": "string", "format": "date-time"}, _NULL],
                    "description": "When the pass stops working, at most 366 days ahead. In 90 days if it is "
                    "left out.",
                },
            },
            "required": ["label"],
            **strict,
        },
        "NewWebhook": {
            "description": "A webhook to create. Only `url` is required.",
            "type": "object",
            "properties": _webhook_fields("all of them if it is left out"),
            "required": ["url"],
            **strict,
        },
        "WebhookChange": {
            "description": "The fields of a webhook to change. A field that is left out stays as it is.",
            "type": "object",
            "properties": _webhook_fields("at least one"),
            **strict,
        },
        **{
            _enumeration(field): {
                "description": field["schema"]["description"],
                "type": "string",
                "enum": field["schema"]["enum"],
            }
            for field in fields
            if "enum" in field["schema"]
        },
        **_operation_schemas(strict),
        "FieldError": _field_error(described["faults"]),
        "Index": make_object("The paths of the service.", dict.fromkeys(index_of(settings), _TEXT)),
    }


def _webhook_fields(events: str) -> Json:
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
            "pattern": _NOT_BLANK,
            "description": "What the webhook is for.",
        },
        "events": {
            "type": "array",
            "items": {"type": "string", "enum": [*_EVENTS]},
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
            "description": "A JSON body of your own instead of the event, at most 4,096 bytes. In its "
            "strings `{title}`, `{description}`, `{due}`, `{due_date}`, `{reminder_at}`, `{priority}`, "
            "`{tags}`, `{id}` and `{type}` are replaced.",
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


def _operation_schemas(strict: Json) -> Json:
    """The schemas of a batch and of its four operations."""
    task = {"type": "string", "format": "uuid", "description": "The id of the task."}
    if_match = {
        "type": ["string", "null"],
        "description": "The `etag` of the task as you read it. 412 if the task has changed since.",
    }

    def operation(op: str, description: str, properties: Json, *required: str) -> Json:
        return {
            "description": description,
            "type": "object",
            "properties": {"op": {"type": "string", "const": op}, **properties},
            "required": ["op", *required],
            **strict,
        }

    own_id = {"anyOf": [task, _NULL], "description": "The id of the new task, if you choose it yourself."}
    settings: Json = {"anyOf": [ref("Toggle"), _NULL]}
    described = {
        "CreateOperation": operation(
            "create", "Creates a task.", {"id": own_id, "body": ref("NewTask")}, "body"
        ),
        "UpdateOperation": operation(
            "update",
            "Changes a task, as PATCH does.",
            {"id": task, "if_match": if_match, "body": ref("TaskChange")},
            "id",
            "body",
        ),
        "ToggleOperation": operation(
            "toggle",
            "Completes or reopens a task.",
            {"id": task, "if_match": if_match, "body": settings},
            "id",
        ),
        "DeleteOperation": operation("delete", "Deletes a task.", {"id": task, "if_match": if_match}, "id"),
    }
    return {
        "Batch": {
            "description": "Operations on tasks, done in order. Each sees the changes of those before it.",
            "type": "object",
            "properties": {
                "operations": {
                    "type": "array",
                    "items": {"anyOf": [ref(name) for name in described]},
                    "minItems": 1,
                    "maxItems": 100,
                }
            },
            "required": ["operations"],
            **strict,
        },
        **described,
    }


_IGNORED = (
    "`id`, `user_id`, `created_at` and `updated_at` are ignored in a body, so a task can be sent back as it "
    "was read."
)


def _enumeration(field: Mapping[str, Any]) -> str:
    name: str = field["name"]
    return name.capitalize()


def _read(field: Mapping[str, Any]) -> Json:
    """A field as an answer has it."""
    if "enum" in field["schema"]:
        return ref(_enumeration(field))
    schema = {key: value for key, value in _describe(field).items() if key != "default"}
    return schema | {"pattern": "Z$"} if schema.get("format") == "date-time" else schema


def _write(field: Mapping[str, Any], *, with_default: bool = False) -> Json:
    """A field as a body may have it. The default is in words: ``default`` makes it required in TypeScript."""
    schema = _describe(field)
    default = schema.pop("default", None)
    if with_default and default is not None:
        schema["description"] += f" {_word(default)} if it is left out."
    if "enum" in schema:
        return ref(_enumeration(field), description=schema["description"])
    if schema.get("format") == "date-time":
        branches: list[Json] = [{"type": "string", "format": name} for name in ("date-time", "date")]
        schema = {key: value for key, value in schema.items() if key not in ("type", "format")}
        schema["anyOf"] = [*branches, _NULL]
        schema["description"] += (
            " Any ISO 8601 date or date-time. A time without an offset is read on the clock of `timezone`; "
            "a date means midnight there."
        )
    elif schema["type"] == "array":
        schema |= {
            "type": ["array", "null"],
            "items": schema["items"] | {"pattern": _NOT_BLANK_NO_COMMA},
        }
    elif field["required"]:
        schema["pattern"] = _NOT_BLANK
    return schema


def _word(default: object) -> str:
    return {"[]": "Empty", "False": "False"}.get(str(default), f"`{default}`")


def _describe(field: Mapping[str, Any]) -> Json:
    schema = dict(field["schema"])
    if schema.get("default", "") is None:
        del schema["default"]
    name = field["name"]
    if name in _FORMATS:
        schema["format"] = _FORMATS[name]
    if name in FIELDS:
        schema["examples"] = [FIELDS[name]]
    return schema


def _field_error(faults: Sequence[Mapping[str, str]]) -> Json:
    rules = "\n".join(f"| `{rule['field']}` | `{rule['type']}` | {rule['msg']} |" for rule in faults)
    table = f"| field | type | message |\n|---|---|---|\n{rules}\n"
    return make_object(
        f"One error of a request. The rules of a task:\n\n{table}",
        {
            "loc": {
                "description": "The place of the error: body, path, query or header, then the name of the "
                "field. In a batch: body, operations, the number of the operation, then the name.",
                "type": "array",
                "items": {"type": ["string", "integer"]},
                "minItems": 1,
            },
            "msg": {"description": "What the value must be.", "type": "string", "minLength": 1},
            "type": {
                "description": "The name of the rule. It does not change.",
                "type": "string",
                "pattern": "^[a-z_0-9]+$",
            },
        },
    )


_PROBLEM_MEMBERS: Json = {
    "type": ref("ProblemTypeURI"),
    "title": {"type": "string", "description": "The name of the problem type."},
    "status": {"type": "integer", "minimum": 400, "maximum": 599, "description": "The HTTP status."},
    "detail": {"type": "string", "description": "What is wrong with this request."},
}

_PASS: Json = {
    "id": {"type": "string", "format": "uuid"},
    "label": {"type": "string", "description": "What the pass is for."},
    "scope": {
        "type": "string",
        "enum": [*_SCOPES],
        "description": "`tasks:read` allows reading only; `tasks:write` everything that is done with tasks.",
    },
    "created_at": _TIME,
    "expires_at": _TIME | {"description": "When the pass stops working."},
    "last_used_on": {
        "anyOf": [{"type": "string", "format": "date"}, _NULL],
        "description": "The day, in UTC, of the last request with this pass; null if there was none.",
    },
}

_NULLABLE_TIME: Json = {"anyOf": [_TIME, _NULL]}

_WEBHOOK: Json = {
    "id": {"type": "string", "format": "uuid"},
    "url": {"type": "string", "description": "Where the requests go."},
    "label": {"type": ["string", "null"], "description": "What the webhook is for."},
    "events": {"type": "array", "items": {"type": "string", "enum": [*_EVENTS]}, "minItems": 1},
    "header_names": {
        "type": "array",
        "items": _TEXT,
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
    "failing_since": _NULLABLE_TIME
    | {"description": "The first failure since the last success; null if there is none."},
    "created_at": _TIME,
    "updated_at": _TIME,
}

# The schemas of the answers that are not about a task's fields.
SCHEMAS: Mapping[str, Json] = {
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
            "next_cursor": {
                "type": ["string", "null"],
                "description": "The `cursor` of the next page; null on the last page.",
            },
        },
    ),
    "Toggled": make_object(
        "A task and its successor.",
        {
            "task": ref("Task"),
            "new_task": {
                "description": "The successor of a recurring task that was completed; otherwise null.",
                "anyOf": [ref("Task"), _NULL],
            },
        },
    ),
    "BatchResults": make_object(
        "The results of a batch, in the order of its operations.",
        {"results": {"type": "array", "items": ref("BatchResult"), "minItems": 1, "maxItems": 100}},
    ),
    "BatchResult": make_object(
        "The result of one operation: what a request of its own would be answered.",
        {
            "status": {"type": "integer", "minimum": 200, "maximum": 599, "description": "The HTTP status."},
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
    "OccurrenceList": make_object(
        "The coming due dates.", {"occurrences": {"type": "array", "items": _TIME, "maxItems": 100}}
    ),
    "Pass": make_object("A pass, without its token.", _PASS),
    "CreatedPass": make_object(
        "A new pass with its token.",
        {
            **_PASS,
            "token": {
                "type": "string",
                "pattern": "^duly_[0-9A-Za-z]{43}$",
                "description": "Send it as `Authorization: Bearer …`. It is shown only in this answer; "
                "the service keeps a digest.",
            },
        },
    ),
    "PassList": make_object(
        "The passes of a user.", {"items": {"type": "array", "items": ref("Pass"), "maxItems": 20}}
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
    "WebhookList": make_object(
        "The webhooks of a user.", {"items": {"type": "array", "items": ref("Webhook"), "maxItems": 10}}
    ),
    "Secret": make_object(
        "A signing secret.",
        {"secret": {"type": "string", "pattern": "^whsec_", "description": "It is shown this once."}},
    ),
    "Test": make_object(
        "A test that is on its way.",
        {"id": {"type": "string", "format": "uuid", "description": "The id of the delivery."}},
    ),
    "Replay": {
        "description": "The failed deliveries to send again.",
        "type": "object",
        "properties": {
            "since": {
                "anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}],
                "description": "Those of events at this time or later.",
            }
        },
        "required": ["since"],
        "additionalProperties": False,
    },
    "Retried": make_object(
        "What is sent again.", {"count": {"type": "integer", "minimum": 0, "maximum": 1000}}
    ),
    "Delivery": make_object(
        "An event on its way to a webhook.",
        {
            "id": {
                "type": "string",
                "format": "uuid",
                "description": "The header `webhook-id` is `msg_` and this id, in each attempt.",
            },
            "type": {"type": "string", "enum": [*_EVENTS, "test"]},
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
            "created_at": _TIME,
            "next_attempt_at": _NULLABLE_TIME
            | {"description": "Null if it is over, or the webhook is paused."},
            "finished_at": _NULLABLE_TIME,
            "payload": ref("Event"),
        },
    ),
    "DeliveryPage": make_object(
        "A page of deliveries.",
        {
            "items": {"type": "array", "items": ref("Delivery"), "maxItems": 100},
            "next_cursor": {
                "type": ["string", "null"],
                "description": "The `cursor` of the next page; null on the last page.",
            },
        },
    ),
    "Event": make_object(
        "What a webhook receives, unless it has a body of its own.",
        {
            "type": {"type": "string", "enum": [*_EVENTS, "test"]},
            "timestamp": _TIME,
            "version": {
                "type": "integer",
                "format": "int64",
                "description": "The number of the change: of two events of a task the greater is the later.",
            },
            "data": {
                "type": "object",
                "description": "The task; of a deleted task only its `id`.",
                "additionalProperties": True,
            },
        },
    ),
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
                "items": {"type": "string", "format": "uuid"},
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
    "Problem": make_object(
        "An error (RFC 9457).",
        {
            **_PROBLEM_MEMBERS,
            "error": {"type": "string", "description": "`title` again."},
            "message": {"type": "string", "description": "`detail` again."},
            "errors": {
                "type": "array",
                "items": ref("FieldError"),
                "minItems": 1,
                "description": "All errors of the request at once, at most 20. With "
                "`/problems/validation-error`, and if a batch is refused.",
            },
            "codes": {
                "type": "array",
                "items": _TEXT,
                "description": "Why the service is not ready; only from `GET /health/ready`: `unreachable`, "
                "`login-refused`, `migrations-pending`, `isolation`, `functions`, `settings` or "
                "`database-error`.",
            },
            "reasons": {
                "type": "array",
                "items": _TEXT,
                "description": "The same in sentences, with `HEALTH_DETAILS=true`.",
            },
            "request_id": {"type": "string", "description": "The value of `X-Request-ID`."},
        },
        "errors",
        "codes",
        "reasons",
    ),
    "ProblemTypeURI": {
        "description": "The type of a problem: a path of this service that explains it.",
        "type": "string",
        "enum": [TYPE_PREFIX + name for name in PROBLEM_TYPES],
        # Names for generators that make an enumeration of it.
        "x-enum-varnames": [name.replace("-", "_").upper() for name in PROBLEM_TYPES],
    },
    "ProblemTypeName": {
        "description": "The last part of a problem's type.",
        "type": "string",
        "enum": [*PROBLEM_TYPES],
    },
    "ProblemType": make_object(
        "What a problem type means.",
        _PROBLEM_MEMBERS
        | {
            "detail": {"type": "string", "description": "What the type means."},
            "about": {"type": "string", "description": "More about the type, in Markdown."},
        },
    ),
    "Health": make_object(
        "The service is alive.",
        {"status": {"type": "string", "const": "healthy"}, "timestamp": _TIME, "version": _TEXT},
    ),
    "Ready": make_object(
        "The service is ready.", {"status": {"type": "string", "const": "ready"}, "version": _TEXT}
    ),
}
