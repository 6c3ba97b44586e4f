"""The keys that an issuer publishes at a URL (RFC 7517), beside the service's own."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, build_opener

from jwt import PyJWK

from app.auth.keyring import SYMMETRIC, KeyRing, own_keys, public_keys
from app.settings import Settings
from app.web.problems import Unavailable

log = logging.getLogger("duly.keys")

MAX_JWK_SET = 1_048_576  # bytes


class Keys:
    """All keys of the service: its own, and those at JWT_JWKS_URL.

    The latter are fetched when first needed, then every ``jwt_jwks_max_age`` seconds in the background.
    A key id that is not known has them fetched at once, but not sooner than ``jwt_jwks_interval`` seconds
    after the last time. All who wait share one fetch; who has a known key never waits. Where a fetch fails,
    the keys stay.

    PyJWT's PyJWKClient would not do: it locks while it fetches, so that an issuer which hangs stops
    everybody; it reads an answer of any size; after a failure it asks anew for every token; and it takes
    symmetric keys.
    """

    def __init__(self, settings: Settings, on_removal: Callable[[], object]) -> None:
        """``on_removal`` is called when the issuer has withdrawn a key. Raises SettingsError."""
        self._settings = settings
        self._on_removal = on_removal
        self._own = own_keys(settings)
        # By their JSON; None until the first answer.
        self._published: Mapping[str, Sequence[PyJWK]] | None = None
        self._ring = KeyRing(self._own)
        self._opener = build_opener(NoRedirect)
        self._opener.addheaders = [("Accept", "application/json"), ("User-Agent", "duly")]
        # A thread of its own: a fetch that hangs must not take one that database connections need.
        self._thread = ThreadPoolExecutor(1, "duly-keys")
        self._earliest = 0.0
        self._fetching: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def find(self, algorithm: str, kid: str | None) -> Sequence[PyJWK]:
        """The keys that may have signed a token with this header."""
        return self._ring.find(algorithm, kid)

    async def refresh(self, algorithm: str, kid: str | None) -> bool:
        """Wait for a fetch, where the issuer may have a key that is not known; whether there was one.

        Raises:
            Unavailable: the issuer has not answered once.
        """
        settings = self._settings
        if not settings.jwt_jwks_url or algorithm in SYMMETRIC or algorithm not in settings.jwt_algorithm:
            return False
        if self._ring.has(algorithm, kid):
            return False
        fetch = self._fetching
        if fetch is None or fetch.done():
            fetch = self._begin() if time.monotonic() >= self._earliest else None
        if fetch:
            await asyncio.wait([fetch])
        if self._published is None:
            raise Unavailable("The keys of the token issuer can't be fetched")
        return fetch is not None

    def close(self) -> None:
        """Cancel the fetch that runs and the one that would come."""
        if self._timer:
            self._timer.cancel()
        if self._fetching:
            self._fetching.cancel()

    def _begin(self) -> asyncio.Task[None]:
        if self._timer:
            self._timer.cancel()
        self._earliest = time.monotonic() + self._settings.jwt_jwks_interval
        self._fetching = asyncio.get_running_loop().create_task(self._fetch())
        return self._fetching

    async def _fetch(self) -> None:
        loop = asyncio.get_running_loop()
        pause = self._settings.jwt_jwks_interval
        try:
            # urllib's time-out is for each read; this one is for all of them.
            reading = loop.run_in_executor(self._thread, self._read)
            keys = await asyncio.wait_for(reading, self._settings.jwt_jwks_timeout)
        except Exception as error:
            log.warning("keys of the token issuer: %s: %s", type(error).__name__, error)
        else:
            pause = self._settings.jwt_jwks_max_age
            removed = (self._published or {}).keys() - keys.keys()
            self._published = keys
            self._ring = KeyRing([*chain.from_iterable(keys.values()), *self._own])
            if removed:
                self._on_removal()
        self._timer = loop.call_later(pause, self._begin)

    def _read(self) -> Mapping[str, Sequence[PyJWK]]:
        """The set as it is now. Runs in the thread."""
        answer = json.loads(self._download())
        if not isinstance(answer, dict) or not isinstance(answer.get("keys"), list):
            raise ValueError("this is not a JWK Set (RFC 7517, section 5)")
        allowed = self._settings.jwt_algorithm
        return {json.dumps(jwk, sort_keys=True): public_keys(jwk, allowed) for jwk in answer["keys"]}

    def _download(self) -> bytes:
        url, timeout = self._settings.jwt_jwks_url, self._settings.jwt_jwks_timeout
        deadline = time.monotonic() + timeout
        content = b""
        try:
            with self._opener.open(url, timeout=timeout) as answer:
                while chunk := answer.read1(65_536):
                    content += chunk
                    if len(content) > MAX_JWK_SET or time.monotonic() > deadline:
                        raise ValueError(f"the answer is slow, or larger than {MAX_JWK_SET} bytes")
        except HTTPError as error:
            error.close()
            raise
        return content


class NoRedirect(HTTPRedirectHandler):
    """Refuses redirects: keys come from where the operator said, and from nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        """None makes it an HTTPError."""
