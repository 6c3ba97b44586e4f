"""The rate limit: a token bucket for each user in PostgreSQL, which all workers and machines share.

Off unless RATE_LIMIT is set. The token is taken in a transaction of its own, before the request: the rollback
of a failed request must not refund it.
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
    """Middleware: 429 above the limit (RFC 6585); RateLimit and RateLimit-Policy on all answers."""

    def __init__(
        self, app: ASGIApp, settings: Settings, database: Database, authenticator: Authenticator
    ) -> None:
        assert settings.rate_limit is not None
        self._app = app
        self._database = database
        self._authenticator = authenticator
        self._requests, self._seconds = settings.rate_limit
        self._policy = f'"user";q={self._requests};w={self._seconds}'
        # Refused users, and until when: their requests do not reach the database meanwhile.
        self._refused: OrderedDict[str, float] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            user = await self._authenticator.identify(scope)
        except Problem:
            await self._app(scope, receive, send)  # The handler refuses, if it needs a token.
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
            """Take more tokens, for a request that costs several. Raises Problem (429) without enough."""
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
        """Take tokens; returns those that remain, and the seconds until the bucket is full.

        -1 if there were too few; then the seconds until there are enough.
        """
        now = time.monotonic()
        until = self._refused.get(user.user_id, 0.0)
        if until > now:
            return -1, int(until - now) + 1
        writer = Identity(user.user_id, read_only=False)
        bucket = await self._database.find(
            "take_token", writer, requests=self._requests, seconds=self._seconds, cost=cost
        )
        # If one token is missing, there is none; if several are, a smaller request may still be served.
        if bucket["remaining"] < 0 and cost == 1:
            self._refused.pop(user.user_id, None)
            while len(self._refused) >= MAX_REFUSED:
                self._refused.popitem(last=False)
            self._refused[user.user_id] = now + bucket["wait"]
        return bucket["remaining"], max(1, int(bucket["wait"] + 0.999))
