"""What changed since a client last asked, for clients that keep a copy of their tasks."""

from starlette.requests import Request
from starlette.responses import Response

from app.api.answers import DatabaseResponse
from app.api.parameters import read_parameters
from app.auth.authenticator import Authenticator
from app.database.calls import Database
from app.web.requests import condition

DEFAULT_LIMIT = 100
MAX_LIMIT = 500


class Changes:
    """The handler of ``/changes``."""

    def __init__(self, database: Database, authenticator: Authenticator) -> None:
        self._database = database
        self._authenticator = authenticator

    async def list(self, request: Request) -> Response:
        """``GET /changes``: 200 with the changed tasks and the ids of the deleted; 304 if nothing is new.

        410 where deletions since then are no longer known: the client begins again, without ``since``.
        """
        user = await self._authenticator.identify(request.scope)
        limit, given = read_parameters(request, "since", limit=DEFAULT_LIMIT, max_limit=MAX_LIMIT)
        found = await self._database.call(
            "list_changes",
            user,
            since=given.get("since"),
            limit=limit,
            if_none_match=condition(request, "if-none-match"),
        )
        return DatabaseResponse(found, accept_encoding=request.headers.get("accept-encoding", ""))
