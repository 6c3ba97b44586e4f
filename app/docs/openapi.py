"""The OpenAPI 3.1 document. The fields and the rules of a task come from the catalog of the database."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from app import __version__
from app.database.calls import Database
from app.docs.components import components
from app.docs.passes import paths as passes_paths
from app.docs.recurrence import paths as recurrence_paths
from app.docs.schemas.document import describe_schemas
from app.docs.service import paths as service_paths
from app.docs.synchronising import paths as synchronising_paths
from app.docs.tasks import paths as tasks_paths
from app.docs.webhooks import paths as webhooks_paths
from app.identity import NOBODY
from app.settings import Settings
from app.web.documents import Document
from app.web.problem_types import PROBLEM_TYPES, TYPE_PREFIX

Json = dict[str, Any]

_TAGS = (
    {"name": "tasks", "description": "Create, find, change and complete tasks."},
    {"name": "recurrence", "description": "The coming due dates of recurring tasks."},
    {"name": "passes", "description": "Tokens of your own for scripts. A pass can't manage passes."},
    {
        "name": "webhooks",
        "description": "Where reminders and events are sent. A pass can't manage webhooks.",
    },
    {
        "name": "synchronising",
        "description": "Changes since a token, for clients that keep a copy of their tasks.",
    },
    {"name": "service", "description": "Health and documentation. No token is needed."},
)
_GUIDES = Path(__file__).with_name("guides.md")


class OpenAPI:
    """The handler of ``/openapi.json``. The database is asked once, when the document is first wanted."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._document: Document | None = None

    async def show(self, request: Request) -> Response:
        """``GET /openapi.json``: 200, the document; 503 while the database can't be reached."""
        if self._document is None:
            found = await self._database.find("describe_tasks", NOBODY)
            described = json.dumps(
                describe(self._settings, found),
                ensure_ascii=False,
                separators=(",", ":"),
            ).replace("](/", f"]({self._settings.root_path}/")
            self._document = Document(described, "application/json", cache_control="public, no-cache")
        return self._document.respond(request)


def describe(settings: Settings, tasks: Mapping[str, Any]) -> Json:
    """The document, from what api.describe_tasks found."""
    described: Json = {
        **tasks_paths(settings, tasks["parameters"]),
        **recurrence_paths(settings),
        **passes_paths(settings),
        **webhooks_paths(settings),
        **synchronising_paths(settings),
        **service_paths(settings),
    }
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Duly",
            "version": __version__,
            "summary": "A multi-tenant task API.",
            "description": _guides(),
            "contact": {"name": "The operator of this service"},
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": settings.root_path or "/", "description": "This service."}],
        "tags": [tag for tag in _TAGS if tag["name"] in _tags_of(described)],
        "paths": described,
        "components": _used(components(describe_schemas(settings, tasks)), described),
    }


def _tags_of(described: Json) -> set[str]:
    return {operation["tags"][0] for methods in described.values() for operation in methods.values()}


def _used(known: Json, described: Json) -> Json:
    """The components that the paths need, directly or through others; a setting may leave some unused."""
    found: set[tuple[str, str]] = set()
    new = _references(described)
    while new:
        found |= new
        new = {each for room, name in new for each in _references(known[room][name])} - found
    return {
        room: {
            name: part for name, part in parts.items() if room == "securitySchemes" or (room, name) in found
        }
        for room, parts in known.items()
    }


def _references(part: object) -> set[tuple[str, str]]:
    """The (room, name) of each component that a part of the document refers to."""
    return set(re.findall(r'"#/components/(\w+)/([^"]+)"', json.dumps(part)))


def _guides() -> str:
    """The guides, with the list of all problem types."""
    types = "\n".join(
        f"- {problem_type.status} [{name}]({TYPE_PREFIX}{name}): {problem_type.detail.removesuffix(' …')}."
        for name, problem_type in PROBLEM_TYPES.items()
    )
    return _GUIDES.read_text(encoding="utf-8").replace("PROBLEM_TYPES", types)
