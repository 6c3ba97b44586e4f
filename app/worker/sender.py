"""One attempt: an event goes to a webhook, signed as Standard Webhooks 1.0 says."""

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple, Self
from urllib.parse import urlsplit

import httpcore2
from standardwebhooks.webhooks import Webhook

from app import __version__
from app.settings import Settings
from app.signing import webhook_secret
from app.worker import resolver
from app.worker.guard import Guard, Refused, Resolve
from app.worker.resolver import Resolver

TIMEOUT = 15.0
"""Seconds for an attempt in all."""

_MAX_ANSWER = 4096
"""Bytes that are read of an answer, so that the connection can be used again. None of it is kept."""

_ANSWER_TIMEOUT = 2.0
"""Seconds for that."""

_MAX_RETRY_AFTER = 999_999_999
"""Seconds that fit into an integer. api.finish_delivery lets a day of them count."""


class Outcome(NamedTuple):
    """What came of an attempt: the HTTP status, or why there was none. ``retry_after`` is in seconds."""

    status: int | None
    error: str | None = None
    retry_after: int | None = None

    @property
    def label(self) -> str:
        """For metrics: delivered, 4xx and the like, or the error."""
        if self.status is None:
            return self.error or "unknown"
        return "delivered" if 200 <= self.status < 300 else f"{self.status // 100}xx"


class Message(NamedTuple):
    """What to send where; ``generations`` are those of the secrets that sign."""

    user_id: str
    webhook_id: str
    delivery_id: str
    url: str
    headers: Mapping[str, str]
    body: str
    generations: Sequence[int]


class Sender:
    """Sends messages. An asynchronous context manager: its connections are open inside it."""

    def __init__(self, settings: Settings, resolve: Resolve | None = None) -> None:
        self._keys = settings.webhook_key
        self._proxy = httpcore2.Proxy(settings.webhook_proxy) if settings.webhook_proxy else None
        resolve = resolve or Resolver().resolve
        # http without TLS goes to the allowed networks alone.
        self._guards = {
            scheme: Guard(settings.webhook_allow, public=public, resolve=resolve)
            for scheme, public in (("https", True), ("http", False))
        }
        self._pools = {
            scheme: httpcore2.AsyncConnectionPool(
                proxy=self._proxy,
                max_connections=100,
                max_keepalive_connections=20,
                keepalive_expiry=10,
                network_backend=None if self._proxy else guard,
            )
            for scheme, guard in self._guards.items()
        }
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for pool in self._pools.values():
            await self._stack.enter_async_context(pool)
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._stack.aclose()

    async def send(self, message: Message) -> Outcome:
        """One attempt; it never raises what a receiver could cause. Redirects are not followed."""
        resolver.user.set(message.user_id)
        try:
            async with asyncio.timeout(TIMEOUT):
                if self._proxy:
                    await self._judge(message.url)
                return await self._post(message)
        except (TimeoutError, httpcore2.TimeoutException):
            return Outcome(None, "timeout")
        except Refused:
            return Outcome(None, "refused")
        except httpcore2.ConnectError:
            return Outcome(None, "connect")
        except (httpcore2.NetworkError, httpcore2.ProxyError, OSError):
            return Outcome(None, "network")
        except (httpcore2.ProtocolError, httpcore2.UnsupportedProtocol, ValueError, KeyError):
            return Outcome(None, "protocol")

    async def _judge(self, url: str) -> None:
        """Raise Refused where the proxy need not be asked. It resolves the name again, and judges itself."""
        parts = urlsplit(url)
        port = (80 if parts.scheme == "http" else 443) if parts.port is None else parts.port
        try:
            await self._guards[parts.scheme].judge(parts.hostname or "", port)
        except Refused:
            raise
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
            # The proxy may know names that are not known here.
            return

    async def _post(self, message: Message) -> Outcome:
        pool = self._pools[urlsplit(message.url).scheme]
        headers = {**self.headers(message), "content-length": str(len(message.body.encode()))}
        async with pool.stream(
            "POST", message.url, headers=list(headers.items()), content=message.body.encode()
        ) as response:
            outcome = Outcome(response.status, None, _retry_after(response.headers))
            # The status is known; what comes after it does not count.
            with suppress(
                TimeoutError, httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError
            ):
                async with asyncio.timeout(_ANSWER_TIMEOUT):
                    await _read_some(response)
            return outcome

    def headers(self, message: Message) -> dict[str, str]:
        """The header fields of an attempt, those of the user first."""
        message_id = f"msg_{message.delivery_id}"
        now = datetime.fromtimestamp(int(time.time()), UTC)
        secrets = (
            webhook_secret(key, message.user_id, message.webhook_id, generation)
            for generation in message.generations
            for key in self._keys
        )
        return {
            "user-agent": f"Duly/{__version__}",
            **{name.lower(): value for name, value in message.headers.items()},
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(
                Webhook(secret).sign(message_id, now, message.body) for secret in secrets
            ),
        }


async def _read_some(response: httpcore2.Response) -> None:
    read = 0
    async for chunk in response.aiter_stream():
        read += len(chunk)
        if read > _MAX_ANSWER:
            return


def _retry_after(headers: Sequence[tuple[bytes, bytes]]) -> int | None:
    """Seconds or a date (RFC 9110, section 10.2.3), as seconds from now; None where there is neither."""
    text = next((value.decode("latin-1") for name, value in headers if name.lower() == b"retry-after"), "")
    if re.fullmatch(r"[0-9]+", text):
        # int() refuses thousands of digits.
        digits = text.lstrip("0") or "0"
        return int(digits) if len(digits) <= 9 else _MAX_RETRY_AFTER
    try:
        date = parsedate_to_datetime(text)
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        seconds = int((date - datetime.now(UTC)).total_seconds())
    except (ValueError, OverflowError):
        return None
    return min(max(0, seconds), _MAX_RETRY_AFTER)
