"""What the operations of the OpenAPI document refer to: parameters, headers, schemas of answers, examples. Data."""

from collections.abc import Mapping
from typing import Any

from app.web.problem_types import PROBLEM_TYPES, TYPE_PREFIX

Json = dict[str, Any]

# Examples.
ID = "018f4e2a-6c1b-4d3e-9f00-2a5b8c7d6e1f"
REQUEST_ID = "5f0c6a5e8d3b4c0f9a7e2d1c0b3a4f5e"
TASK: Json = {
    "id": ID,
    "user_id": "alice",
    "title": "Pay the rent",
    "description": None,
    "completed": False,
    "priority": "High",
    "tags": ["home", "money"],
    "due_date": "2026-01-10T17:00:00Z",
    "reminder_at": "2026-01-10T09:00:00Z",
    "is_recurring": True,
    "recurrence_rule": "FREQ=MONTHLY;BYMONTHDAY=10",
    "timezone": "Europe/Berlin",
    "created_at": "2026-01-02T08:15:00.25Z",
    "updated_at": "2026-01-02T08:15:00.25Z",
}
SUCCESSOR = TASK | {
    "id": "018f4e2a-9d2c-4e4f-8a11-3b6c9d8e7f20",
    "due_date": "2026-02-10T17:00:00Z",
    "reminder_at": "2026-02-10T09:00:00Z",
}
_KEPT_BY_SERVER = ("id", "user_id", "completed", "created_at", "updated_at")
NEW_TASK = {name: value for name, value in TASK.items() if name not in _KEPT_BY_SERVER}
TRIAL = {name: TASK[name] for name in ("due_date", "recurrence_rule", "timezone")} | {"limit": 2}
COMING = {"occurrences": ["2026-02-10T17:00:00Z", "2026-03-10T17:00:00Z"]}
FAULT = {"loc": ["body", "title"], "msg": "must have 1 to 200 characters", "type": "string_length"}
KIND = {
    "type": "/problems/unauthorized",
    "title": "Unauthorized",
    "status": 401,
    "detail": PROBLEM_TYPES["unauthorized"].detail,
    "about": PROBLEM_TYPES["unauthorized"].about,
}

HEADERS: Mapping[str, Json] = {
    "X-Request-ID": {
        "description": "The request's id: the client's own if it sent a sound one.",
        "required": True,
    },
    "ETag": {
        "description": "Changes with every change of what is answered (RFC 9110, 8.8.3).",
        "required": True,
    },
    "Location": {"description": "Where the new task is.", "required": True},
    "Link": {"description": "The next, prev and first page (RFC 8288)."},
    "Search-Suggestion": {
        "description": "Percent-encoded words that were searched for, where nothing was found for those of q."
    },
    "Cache-Control": {"description": "Who may keep the answer, and for how long.", "required": True},
    "Vary": {"description": "The headers of the request that the answer depends on.", "required": True},
    "Content-Encoding": {
        "description": "br or gzip, where Accept-Encoding has it and the answer is longer than 1 KiB."
    },
    "Accept-Patch": {"description": "The media types that PATCH and PUT read (RFC 5789)."},
    "Accept-Post": {"description": "The media types that POST reads."},
    "Idempotency-Replayed": {
        "description": "true, where this is the answer of an earlier request with the same key."
    },
    "WWW-Authenticate": {"description": "What is wrong with the token (RFC 6750).", "required": True},
    "Retry-After": {
        "description": "The seconds to wait.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    },
    "RateLimit": {"description": "How many requests are left, where they are limited."},
    "RateLimit-Policy": {
        "description": "How many requests may be sent in how many seconds, where they are limited."
    },
}
HEADERS_OF_PROBLEMS: Mapping[str, tuple[str, ...]] = {
    "unauthorized": ("WWW-Authenticate",),
    "insufficient-scope": ("WWW-Authenticate",),
    "unsupported-media-type": ("Accept-Patch", "Accept-Post"),
    "too-many-requests": ("Retry-After", "RateLimit", "RateLimit-Policy"),
    "unavailable": ("Retry-After",),
}

_TEXT = {"type": "string"}
PARAMETERS: Mapping[str, Json] = {
    "id": {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "The task's id.",
        "schema": {"type": "string", "format": "uuid"},
        "example": ID,
    },
    "If-Match": {
        "name": "If-Match",
        "in": "header",
        "description": 'The ETag that the task was read with, such as `"1767341700250000"`: 412 where it has changed since.',
        "schema": _TEXT,
    },
    "If-None-Match": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The ETag of an earlier answer: 304 where that still holds.",
        "schema": _TEXT,
    },
    "If-None-Match-any": {
        "name": "If-None-Match",
        "in": "header",
        "description": "`*`: make the task, and answer 412 where there is one with this id.",
        "schema": {"type": "string", "examples": ["*"]},
    },
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "The same key with the same request answers as the first time, and does nothing again. Kept for 24 hours.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    },
    "Prefer": {
        "name": "Prefer",
        "in": "header",
        "description": "`handling=lenient` has unknown fields of the body ignored (RFC 7240).",
        "schema": _TEXT,
    },
    "X-Request-ID": {
        "name": "X-Request-ID",
        "in": "header",
        "description": "An id for the request, 1 to 128 of A-Za-z0-9._~:/+=@-; another is replaced.",
        "schema": _TEXT,
    },
    "name": {
        "name": "name",
        "in": "path",
        "required": True,
        "description": "The end of a problem's type.",
        "schema": {"type": "string", "enum": [*PROBLEM_TYPES]},
        "example": "validation-error",
    },
}


def ref(schema: str) -> Json:
    """A reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{schema}"}


def make_object(description: str, properties: Json, *optional: str) -> Json:
    """The schema of an object with these properties and no others, required but for the optional ones."""
    return {
        "description": description,
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


_TIME = {"type": "string", "format": "date-time", "pattern": "Z$"}
SCHEMAS: Mapping[str, Json] = {
    "TaskPage": make_object(
        "A page of tasks.",
        {
            "items": {"type": "array", "items": ref("Task"), "maxItems": 100},
            "total": {"type": "integer", "minimum": 0, "description": "How many there are on all pages."},
            "limit": {"type": "integer", "minimum": 1, "maximum": 100},
            "offset": {"type": "integer", "minimum": 0},
            "next_cursor": {
                "type": ["string", "null"],
                "description": "For the next page; null on the last one.",
            },
        },
    ),
    "Toggle": make_object(
        "What to do; nothing of it is needed.",
        {
            "completed": {"type": "boolean", "description": "The state to set; without it, it is flipped."},
            "catch_up": {
                "type": "boolean",
                "default": False,
                "description": "For a task completed late: its successor is due after now too.",
            },
        },
        "completed",
        "catch_up",
    ),
    "Toggled": make_object(
        "The task and its successor.",
        {"task": ref("Task"), "new_task": {"anyOf": [ref("Task"), {"type": "null"}]}},
    ),
    "Occurrences": make_object(
        "Due dates that come.", {"occurrences": {"type": "array", "items": _TIME, "maxItems": 100}}
    ),
    "Problem": make_object(
        "A problem (RFC 9457).",
        {
            "type": {
                "type": "string",
                "enum": [TYPE_PREFIX + name for name in PROBLEM_TYPES],
                "description": "GET it to read what it means.",
            },
            "title": _TEXT,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": _TEXT,
            "error": {"type": "string", "description": "The title again."},
            "message": {"type": "string", "description": "The detail again."},
            "errors": {
                "type": "array",
                "items": ref("Fault"),
                "minItems": 1,
                "description": "All faults of the request.",
            },
            "reasons": {"type": "array", "items": _TEXT, "description": "Why the service is not ready."},
            "request_id": {"type": "string", "description": "As in X-Request-ID."},
        },
        "errors",
        "reasons",
    ),
    "Kind": make_object(
        "A kind of problem.", {name: {"type": "integer"} if name == "status" else _TEXT for name in KIND}
    ),
    "Health": make_object(
        "The service lives.", {"status": {"const": "healthy"}, "timestamp": _TIME, "version": _TEXT}
    ),
    "Ready": make_object("The service is ready.", {"status": {"const": "ready"}, "version": _TEXT}),
}


def components(schemas: Json) -> Json:
    """The components of the document, with these schemas besides."""
    return {
        "securitySchemes": {
            "token": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "A JWT that names you (RFC 6750, RFC 7519).",
            }
        },
        "parameters": dict(PARAMETERS),
        "headers": {name: {"schema": _TEXT} | header for name, header in HEADERS.items()},
        "schemas": {**schemas, **SCHEMAS},
    }
