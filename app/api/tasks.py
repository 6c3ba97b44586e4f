"""The tasks, as resources: read the request, call one function of the database, pass its answer on."""

import json
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlencode

import asyncpg
from starlette.requests import Request
from starlette.responses import Response

from app.api.answers import DatabaseResponse
from app.api.completion import check_body, compute_next
from app.auth.authenticator import Authenticator
from app.database.calls import Answer, Database
from app.database.refusals import FIELD_FAULTS, is_final
from app.identity import Identity
from app.settings import Settings
from app.web.problems import Invalid, Problem, field_error
from app.web.requests import condition, idempotency_key, is_lenient, json_body, query_parameters, task_id

# A question is asked again only where somebody changed the task in between.
_MAX_ATTEMPTS = 5

_MERGE_PATCH = "application/merge-patch+json"
_ACCEPT_PATCH = (b"accept-patch", b"application/json, application/merge-patch+json")

Save = Callable[[str | None], Coroutine[Any, Any, Answer]]
"""Saves a task, with what is known about its rule."""


class Tasks:
    """The handlers of ``/tasks`` and what is below it."""

    def __init__(self, settings: Settings, database: Database, authenticator: Authenticator) -> None:
        self._settings = settings
        self._cursor_key = settings.cursor_key
        self._database = database
        self._authenticator = authenticator

    async def create(self, request: Request) -> Response:
        """``POST /tasks``: 201, the task."""
        user = await self._authenticator.identify(request.scope)
        body = await json_body(request, "application/json")
        return await self._create(request, user, body, None, idempotency_key(request))

    async def list(self, request: Request) -> Response:
        """``GET /tasks``: 200, a page of tasks; 304 where none has changed."""
        user = await self._authenticator.identify(request.scope)
        parameters = query_parameters(request)
        kept = {
            name: values for name, values in parameters.items() if name not in ("limit", "offset", "cursor")
        }
        link = f"/tasks?{urlencode(kept, doseq=True)}&" if kept else "/tasks?"
        found = await self._database.call(
            "list_tasks",
            user,
            parameters=json.dumps(parameters),
            link=link,
            cursor_key=self._cursor_key,
            if_none_match=condition(request, "if-none-match"),
        )
        return DatabaseResponse(found, accept_encoding=request.headers.get("accept-encoding", ""))

    async def get(self, request: Request) -> Response:
        """``GET /tasks/{id}``: 200, the task; 304 where it has not changed."""
        user = await self._authenticator.identify(request.scope)
        if_none_match = condition(request, "if-none-match")
        return DatabaseResponse(
            await self._database.call("get_task", user, id=task_id(request), if_none_match=if_none_match)
        )

    async def put(self, request: Request) -> Response:
        """``PUT /tasks/{id}``: as PATCH; with ``If-None-Match: *``, 201 and a new task under this id."""
        if (condition(request, "if-none-match") or "").strip() == "*":
            user = await self._authenticator.identify(request.scope)
            if "if-match" in request.headers:
                raise Problem("precondition-failed", "No task is there and is not there at the same time")
            identifier = task_id(request)
            body = await _changes(request)
            return await self._create(request, user, body, identifier, None)
        return await self.patch(request)

    async def patch(self, request: Request) -> Response:
        """``PATCH /tasks/{id}``: 200, the task with the fields of the body changed (RFC 7396)."""
        user = await self._authenticator.identify(request.scope)
        if_match = self._if_match(request)
        identifier = task_id(request)
        if_none_match = condition(request, "if-none-match")
        body = await _changes(request)
        lenient = is_lenient(request, self._settings)

        async def save(reply: str | None) -> Answer:
            return await self._database.call(
                "update_task",
                user,
                id=identifier,
                body=body,
                lenient=lenient,
                if_match=if_match,
                answer=reply,
                if_none_match=if_none_match,
            )

        return DatabaseResponse(await self._save(user, save, body, identifier, lenient), _ACCEPT_PATCH)

    async def delete(self, request: Request) -> Response:
        """``DELETE /tasks/{id}``: 204."""
        user = await self._authenticator.identify(request.scope)
        if_match = self._if_match(request)
        return DatabaseResponse(
            await self._database.call(
                "delete_task",
                user,
                id=task_id(request),
                if_match=if_match,
                if_none_match=condition(request, "if-none-match"),
            )
        )

    async def toggle(self, request: Request) -> Response:
        """``POST /tasks/{id}/toggle``: 200, the task and the one that follows it, if it is recurring."""
        user = await self._authenticator.identify(request.scope)
        if_match = self._if_match(request)
        if_none_match = condition(request, "if-none-match")
        identifier = task_id(request)
        body = await json_body(request, "application/json")
        lenient = is_lenient(request, self._settings)
        key = idempotency_key(request)

        async def save(reply: str | None) -> Answer:
            return await self._database.call(
                "toggle_task",
                user,
                id=identifier,
                body=body,
                lenient=lenient,
                if_match=if_match,
                answer=reply,
                idempotency_key=key,
                if_none_match=if_none_match,
            )

        return DatabaseResponse(await _complete(save, {}))

    async def _create(
        self, request: Request, user: Identity, body: str, identifier: str | None, key: str | None
    ) -> Response:
        lenient = is_lenient(request, self._settings)

        async def save(reply: str | None) -> Answer:
            return await self._database.call(
                "create_task",
                user,
                body=body,
                id=identifier,
                lenient=lenient,
                answer=reply,
                idempotency_key=key,
            )

        return DatabaseResponse(await self._save(user, save, body, None, lenient))

    async def _save(
        self,
        user: Identity,
        save: Save,
        body: str,
        identifier: str | None,
        lenient: bool,
    ) -> Answer:
        """Save a task, answering what is asked about its rule; if it is refused, find all of its errors."""
        faults: Any = []
        known: dict[str, Any] = {}
        try:
            known |= check_body(body, creates=identifier is None)
            return await _complete(save, known)
        except Invalid as refusal:
            faults = refusal.extra["errors"]
        except asyncpg.PostgresError as error:
            if error.sqlstate not in FIELD_FAULTS or is_final(error):
                raise
        refused: list[Any] = await self._database.find(
            "find_task_faults",
            user,
            body=body,
            id=identifier,
            lenient=lenient,
            answer=json.dumps(known),
        )
        places = [refusal["loc"] for refusal in refused]
        raise Invalid([refusal for refusal in faults if refusal["loc"] not in places] + refused)

    def _if_match(self, request: Request) -> str | None:
        if_match = condition(request, "if-match")
        if if_match is None and self._settings.require_if_match:
            raise Problem("precondition-required")
        return if_match


async def _changes(request: Request) -> str:
    """The body of a PUT or PATCH. Raises Invalid where it is empty, and what ``json_body`` does."""
    body = await json_body(request, "application/json", _MERGE_PATCH, empty="")
    if not body:
        message = "must be a JSON object with the fields that change; the request has no body"
        raise Invalid([field_error(["body"], message, "missing")])
    return body


async def _complete(save: Save, known: dict[str, Any]) -> Answer:
    """Save a task, answering what the database asks about its rule and times; ``known`` gets the answers.

    Raises:
        Problem: the task keeps changing meanwhile.
    """
    for _ in range(_MAX_ATTEMPTS):
        done = await save(json.dumps(known) if known else None)
        if done.status is not None:
            return done
        known |= compute_next(json.loads(done.body or ""))
    raise Problem("conflict")
