"""The passes of a user, as a resource of HTTP: tokens for scripts, each shown once."""

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.api.answers import DatabaseResponse
from app.auth.authenticator import Authenticator
from app.auth.passes import digest_of, new_pass, refuse_pass
from app.database.calls import Database
from app.identity import Identity
from app.settings import Settings
from app.web.requests import is_lenient, json_body, task_id
from app.web.resource import Resource


class Passes:
    """The handlers of ``/passes`` and of one pass."""

    def __init__(self, settings: Settings, database: Database, authenticator: Authenticator) -> None:
        self._settings = settings
        self._database = database
        self._authenticator = authenticator
        self.routes = (
            Route("/passes", Resource(GET=self.list, POST=self.create)),
            Route("/passes/{id}", Resource(DELETE=self.delete)),
        )

    async def create(self, request: Request) -> Response:
        """``POST /passes``: 201, the pass with its token. The database gets a digest of the token only."""
        user = await self._user(request)
        token = new_pass()
        created = await self._database.call(
            "create_pass",
            user,
            body=await json_body(request, "application/json"),
            digest=digest_of(token.encode()),
            lenient=is_lenient(request, self._settings),
        )
        body = json.dumps(
            json.loads(created.body or "{}") | {"token": token}, ensure_ascii=False, separators=(",", ":")
        )
        headers = {"cache-control": "no-store", "vary": "Authorization"}
        return Response(body, created.status or 201, headers, "application/json")

    async def list(self, request: Request) -> Response:
        """``GET /passes``: 200, the passes without their tokens."""
        return DatabaseResponse(await self._database.call("list_passes", await self._user(request)))

    async def delete(self, request: Request) -> Response:
        """``DELETE /passes/{id}``: 204, the pass is revoked."""
        user = await self._user(request)
        return DatabaseResponse(await self._database.call("delete_pass", user, id=task_id(request)))

    async def _user(self, request: Request) -> Identity:
        user = await self._authenticator.identify(request.scope)
        refuse_pass(user, "passes")
        return user
