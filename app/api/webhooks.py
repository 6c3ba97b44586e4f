"""The webhooks of a user and their deliveries, as resources of HTTP: where reminders and events are sent."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.api.answers import DatabaseResponse
from app.api.parameters import read_parameters
from app.auth.authenticator import Authenticator
from app.auth.passes import refuse_pass
from app.database.calls import Answer, Database
from app.identity import Identity
from app.settings import Settings
from app.signing import webhook_secret
from app.web.problems import Invalid, field_error
from app.web.requests import condition, is_lenient, json_body, task_id, uuid_of
from app.web.resource import Resource

DEFAULT_LIMIT = 50
MAX_LIMIT = 100
STATES = ("waiting", "delivered", "failed")

_ACCEPT_PATCH = (b"accept-patch", b"application/json, application/merge-patch+json")


class Webhooks:
    """The handlers of ``/webhooks`` and what is below it."""

    def __init__(self, settings: Settings, database: Database, authenticator: Authenticator) -> None:
        self._settings = settings
        self._database = database
        self._authenticator = authenticator
        # http is for networks that the operator allows.
        self._plain = bool(settings.webhook_allow)
        self.routes = (
            Route("/webhooks", Resource(GET=self.list, POST=self.create)),
            Route(
                "/webhooks/{id}",
                Resource(GET=self.get, PUT=self.patch, PATCH=self.patch, DELETE=self.delete),
            ),
            Route("/webhooks/{id}/secret", Resource(POST=self.rotate)),
            Route("/webhooks/{id}/test", Resource(POST=self.test)),
            Route("/webhooks/{id}/replay", Resource(POST=self.replay)),
            Route("/webhooks/{id}/deliveries", Resource(GET=self.deliveries)),
            Route("/webhooks/{id}/deliveries/{delivery}/retry", Resource(POST=self.retry)),
        )

    async def create(self, request: Request) -> Response:
        """``POST /webhooks``: 201, the webhook with its secret."""
        user = await self._user(request)
        created = await self._database.call(
            "create_webhook",
            user,
            body=await json_body(request, "application/json"),
            plain=self._plain,
            lenient=is_lenient(request, self._settings),
        )
        webhook = json.loads(created.body or "{}")
        secret = self._secret(user, webhook["id"], 1)
        headers = dict(zip((created.headers or [])[::2], (created.headers or [])[1::2], strict=True))
        return _with_secret(webhook | {"secret": secret}, 201, headers)

    async def list(self, request: Request) -> Response:
        """``GET /webhooks``: 200, the webhooks without their secrets."""
        return DatabaseResponse(await self._database.call("list_webhooks", await self._user(request)))

    async def get(self, request: Request) -> Response:
        """``GET /webhooks/{id}``: 200, the webhook; 304 where it has not changed."""
        user = await self._user(request)
        if_none_match = condition(request, "if-none-match")
        found = await self._database.call(
            "get_webhook", user, id=task_id(request), if_none_match=if_none_match
        )
        return DatabaseResponse(found)

    async def patch(self, request: Request) -> Response:
        """``PATCH /webhooks/{id}``: 200, the webhook with the fields of the body changed (RFC 7396)."""
        user = await self._user(request)
        changed = await self._database.call(
            "update_webhook",
            user,
            id=task_id(request),
            body=await json_body(request, "application/json", "application/merge-patch+json"),
            plain=self._plain,
            lenient=is_lenient(request, self._settings),
            if_match=condition(request, "if-match"),
            if_none_match=condition(request, "if-none-match"),
        )
        return DatabaseResponse(changed, _ACCEPT_PATCH)

    async def delete(self, request: Request) -> Response:
        """``DELETE /webhooks/{id}``: 204, the webhook and its deliveries are gone."""
        user = await self._user(request)
        deleted = await self._database.call(
            "delete_webhook",
            user,
            id=task_id(request),
            if_match=condition(request, "if-match"),
            if_none_match=condition(request, "if-none-match"),
        )
        return DatabaseResponse(deleted)

    async def rotate(self, request: Request) -> Response:
        """``POST /webhooks/{id}/secret``: 200, a new secret; for a day the one before signs as well."""
        user = await self._user(request)
        answer = await self._database.call("rotate_secret", user, id=task_id(request))
        rotated = json.loads(answer.body or "{}")
        secret = self._secret(user, rotated["id"], rotated["generation"])
        return _with_secret({"secret": secret}, 200, {})

    async def test(self, request: Request) -> Response:
        """``POST /webhooks/{id}/test``: 202, the id of a delivery of the type test."""
        user = await self._user(request)
        return DatabaseResponse(await self._database.call("test_webhook", user, id=task_id(request)))

    async def deliveries(self, request: Request) -> Response:
        """``GET /webhooks/{id}/deliveries``: 200, a page of deliveries, newest first."""
        user = await self._user(request)
        webhook = task_id(request)
        limit, given = read_parameters(request, "state", "cursor", limit=DEFAULT_LIMIT, max_limit=MAX_LIMIT)
        state = given.get("state")
        if state is not None and state not in STATES:
            raise Invalid([field_error(["query", "state"], f"must be one of {', '.join(STATES)}", "enum")])
        found = await self._database.call(
            "list_deliveries", user, id=webhook, state=state, limit=limit, cursor=given.get("cursor")
        )
        return DatabaseResponse(found)

    async def retry(self, request: Request) -> Response:
        """``POST /webhooks/{id}/deliveries/{delivery}/retry``: 202, the failed delivery is sent again."""
        user = await self._user(request)
        delivery = uuid_of(request, "delivery")
        return DatabaseResponse(await self._retry(user, task_id(request), delivery, "{}"))

    async def replay(self, request: Request) -> Response:
        """``POST /webhooks/{id}/replay``: 202, the number of failed deliveries that are sent again."""
        user = await self._user(request)
        body = await json_body(request, "application/json")
        return DatabaseResponse(await self._retry(user, task_id(request), None, body))

    async def _retry(self, user: Identity, webhook: str, delivery: str | None, body: str) -> Answer:
        return await self._database.call("retry_deliveries", user, id=webhook, delivery=delivery, body=body)

    def _secret(self, user: Identity, webhook_id: str, generation: int) -> str:
        return webhook_secret(self._settings.webhook_key[0], user.user_id, webhook_id, generation)

    async def _user(self, request: Request) -> Identity:
        user = await self._authenticator.identify(request.scope)
        refuse_pass(user, "webhooks")
        return user


def _with_secret(body: dict[str, Any], status: int, headers: dict[str, str]) -> Response:
    """An answer that nobody may keep."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    private = {"cache-control": "no-store", "vary": "Authorization"}
    return Response(text, status, {**headers, **private}, "application/json")
