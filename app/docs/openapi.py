"""The description of the service, in OpenAPI 3.1. What a task is comes from the database's catalog."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from app import __version__
from app.database.calls import Database
from app.docs.components import components, make_object
from app.docs.operations import paths
from app.identity import Identity
from app.settings import Settings
from app.web.documents import Document

Json = dict[str, Any]

# Reads the catalog only; no row belongs to it.
_NOBODY = Identity("", read_only=True)

# A string with nothing but white space in it, which is trimmed, is an empty one.
_NOT_BLANK = r"[^\s\u0085]"

_EXAMPLES = {
    "due_date": "2026-01-10T17:00:00Z",
    "reminder_at": "2026-01-10T09:00:00Z",
    "recurrence_rule": "FREQ=WEEKLY;BYDAY=MO",
    "timezone": "Europe/Berlin",
}
# Names that the registry of formats does not have.
_FORMATS = {"recurrence_rule": "rrule", "timezone": "time-zone"}
_ABOUT = """\
Tasks of many users, each of whom sees the own ones only. Who you are is in your token, and nowhere else.

Every error is `application/problem+json` (RFC 9457), with all faults of the request at once. Every answer has an `X-Request-ID`.
`HEAD` works where `GET` does. A path answers with and without a trailing slash.
"""


class OpenAPI:
    """The handler of ``/openapi.json``. The database is asked once, when the document is first wanted."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._document: Document | None = None

    async def show(self, request: Request) -> Response:
        """``GET /openapi.json``: 200, the document; 503 while the database can't be reached."""
        if self._document is None:
            found = await self._database.find("describe_tasks", _NOBODY)
            described = json.dumps(
                describe(self._settings, found),
                ensure_ascii=False,
                separators=(",", ":"),
            )
            self._document = Document(described, "application/json", cache_control="public, no-cache")
        return self._document.respond(request)


def describe(settings: Settings, tasks: Mapping[str, Any]) -> Json:
    """The document, from what api.describe_tasks found."""
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Duly",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "tags": [
            {"name": "tasks", "description": "Make, find, change and complete tasks."},
            {"name": "recurrence", "description": "When a task that recurs is due next."},
            {"name": "service", "description": "How the service is, and what describes it. No token."},
        ],
        "paths": paths(settings),
        "components": components(_task_schemas(settings, tasks)),
    }


def _task_schemas(settings: Settings, tasks: Mapping[str, Any]) -> Json:
    fields = tasks["fields"]
    written = {field["name"]: _written(field) for field in fields}
    series = {name: written[name] for name in ("due_date", "recurrence_rule", "timezone")}
    changed = {
        name: {key: value for key, value in schema.items() if key != "default"}
        for name, schema in written.items()
    }
    # A body may have fields that are ignored, where the settings say so.
    strict: Json = {"additionalProperties": settings.unknown_fields == "ignore"}
    rules = "\n".join(f"| `{rule['field']}` | `{rule['type']}` | {rule['msg']} |" for rule in tasks["faults"])
    return {
        "Task": make_object("A task as it is read.", {field["name"]: _read(field) for field in fields}),
        "NewTask": {
            "description": "A task to be made. Only the title is required.",
            "type": "object",
            "properties": written,
            "required": [field["name"] for field in fields if field["required"]],
            **strict,
        },
        "TaskChange": {
            "description": "The fields that change; the others stay, and null clears a field that may be null (RFC 7396).",
            "type": "object",
            "properties": changed,
            **strict,
        },
        "Trial": {
            "description": "A rule that is only being tried.",
            "type": "object",
            "properties": series
            | {
                "recurrence_rule": series["recurrence_rule"] | {"type": "string"},
                "limit": {
                    "type": ["integer", "null"],
                    "minimum": 1,
                    "maximum": 100,
                    "default": 10,
                    "description": "How many.",
                },
            },
            "required": ["recurrence_rule"],
            **strict,
        },
        "Fault": make_object(
            f"One thing that is wrong. The rules of a task:\n\n| field | type | what must be |\n|---|---|---|\n{rules}\n",
            {
                "loc": {
                    "description": "Where it is: body, path, query or header, and the name there.",
                    "type": "array",
                    "items": {"type": "string"},
                    "minItems": 1,
                },
                "msg": {"description": "What must be.", "type": "string", "minLength": 1},
                "type": {"description": "A stable name.", "type": "string", "pattern": "^[a-z_0-9]+$"},
            },
        ),
    }


def _read(field: Mapping[str, Any]) -> Json:
    """A field as an answer has it."""
    schema = {key: value for key, value in _field(field).items() if key != "default"}
    return schema | {"pattern": "Z$"} if schema.get("format") == "date-time" else schema


def _written(field: Mapping[str, Any]) -> Json:
    """A field as a body may have it: more is taken than is given back."""
    schema = _field(field)
    if not field["writable"]:
        return {
            "readOnly": True,
            "description": schema["description"] + " Ignored in a body, whatever it is.",
        }
    if schema.get("format") == "date-time":
        schema["description"] += " Any ISO 8601 date or date-time is taken; without an offset it is in UTC."
    if schema["type"] == "array":
        schema |= {"type": ["array", "null"], "items": schema["items"] | {"allOf": [{"pattern": _NOT_BLANK}]}}
    if field["required"]:
        schema["pattern"] = _NOT_BLANK
    if "enum" in schema:
        values = schema.pop("enum")
        any_case = "|".join(
            "".join(f"[{letter.upper()}{letter.lower()}]" for letter in value) for value in values
        )
        schema["anyOf"] = [{"enum": values}, {"pattern": f"^({any_case})$"}]
    return schema


def _field(field: Mapping[str, Any]) -> Json:
    schema = dict(field["schema"])
    name = field["name"]
    if name in _FORMATS:
        schema["format"] = _FORMATS[name]
    if name in _EXAMPLES:
        schema["examples"] = [_EXAMPLES[name]]
    return schema
