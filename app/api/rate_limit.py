"""How many requests a user may send: a token bucket in PostgreSQL, which all workers and machines share.

Off unless RATE_LIMIT is set. A token is taken by a statement of its own, before the request: what a request that fails
has done is taken back with it, and its token must not be.
"""

import time
from collections import OrderedDict

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.auth.authenticator import Authenticator
from app.database.calls import Database
from app.identity import Identity
from app.settings import Settings
from app.web.problems import Problem, respond

MAX_REFUSED = 10_000


class RateLimit:
    """Middleware: 429 for who asks too often (RFC 6585), and for all the headers of draft-ietf-httpapi-ratelimit-headers."""

    def __init__(
        self, app: ASGIApp, settings: Settings, database: Database, authenticator: Authenticator
    ) -> None:
        assert settings.rate_limit is not None
        self._app = app
        self._database = database
        self._authenticator = authenticator
        self._requests, self._seconds = settings.rate_limit
        self._policy = f'"user";q={self._requests};w={self._seconds}'
        # Who was refused, and until when: a user who goes on does not reach the database.
        self._refused: OrderedDict[str, float] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            user = await self._authenticator.identify(scope)
        except Problem:
            await self._app(scope, receive, send)  # Where a token is needed, it says so itself.
            return
        try:
            remaining, wait = await self._take(user, 1)
        except Problem as problem:
            await respond(Request(scope), problem)(scope, receive, send)
            return
        headers = [
            (b"ratelimit-policy", self._policy.encode()),
            (b"ratelimit", f'"user";r={remaining};t={wait}'.encode()),
        ]

        async def send_limited(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *headers]
            await send(message)

        async def take_tokens(cost: int) -> None:
            """Take more tokens, for a request that is worth several. Raises Problem (429) where there are too few."""
            remaining, wait = await self._take(user, cost)
            headers[1] = (b"ratelimit", f'"user";r={max(0, remaining)};t={wait}'.encode())
            if remaining < 0:
                raise self._refusal(wait)

        scope["take_tokens"] = take_tokens
        if remaining >= 0:
            await self._app(scope, receive, send_limited)
            return
        headers[1] = (b"ratelimit", f'"user";r=0;t={wait}'.encode())
        await respond(Request(scope), self._refusal(wait))(scope, receive, send_limited)

    def _refusal(self, wait: int) -> Problem:
        return Problem(
            "too-many-requests",
            f"You may send {self._requests} requests in {self._seconds} seconds",
            {"retry-after": str(wait)},
        )

    async def _take(self, user: Identity, cost: int) -> tuple[int, int]:
        """The tokens that remain, -1 where there were too few, and the seconds until the bucket is full, or has enough."""
        now = time.monotonic()
        until = self._refused.get(user.user_id, 0.0)
        if until > now:
            return -1, int(until - now) + 1
        writer = Identity(user.user_id, read_only=False)
        bucket = await self._database.find(
            "take_token", writer, requests=self._requests, seconds=self._seconds, cost=cost
        )
        # Where one token is missing there is none at all; where several are, a smaller request may still be served.
        if bucket["remaining"] < 0 and cost == 1:
            self._refused.pop(user.user_id, None)
            while len(self._refused) >= MAX_REFUSED:
                self._refused.popitem(last=False)
            self._refused[user.user_id] = now + bucket["wait"]
        return bucket["remaining"], max(1, int(bucket["wait"] + 0.999))
