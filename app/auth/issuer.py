"""The token issuer: the set of keys that it publishes at JWT_JWKS_URL (RFC 7517)."""

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

from app.auth.keyring import KeyRing
from app.auth.keys import SYMMETRIC, public_keys, quote, with_aliases
from app.settings import Settings
from app.web.problems import Unavailable

log = logging.getLogger("duly.keys")

MAX_JWK_SET = 1_048_576  # bytes
MAX_REASONS = 1000  # log lines about unusable JWKs, in the life of a process


class Issuer:
    """The published keys, in ``keys``, and the fetching of them.

    They are fetched when first needed, then every ``jwt_jwks_max_age`` seconds in the background. An unknown
    key id causes a fetch at once, but not sooner than ``jwt_jwks_interval`` seconds after the last one. All
    requests with unknown keys wait for the same fetch; a request with a known key never waits. After a failed
    fetch the keys stay as they are.

    PyJWT's PyJWKClient does not fit: it holds a lock while it fetches, so that an issuer that hangs stops
    every request; it reads an answer of any size; after a failure it fetches anew for every token; and it
    accepts symmetric keys.
    """

    def __init__(self, settings: Settings, on_withdrawal: Callable[[], object]) -> None:
        """``on_withdrawal`` is called when a key is no longer published."""
        self.keys = KeyRing(())
        self._settings = settings
        self._on_withdrawal = on_withdrawal
        self._allowed = with_aliases(settings.jwt_algorithm)
        # By their JSON; None until the first answer.
        self._published: Mapping[str, Sequence[PyJWK]] | None = None
        # The JSON of the JWKs that were logged as unusable.
        self._unusable: set[str] = set()
        self._opener = build_opener(NoRedirect)
        self._opener.addheaders = [("Accept", "application/json"), ("User-Agent", "duly")]
        # A thread of its own: a fetch that hangs must not take a thread that database connections need.
        self._thread = ThreadPoolExecutor(1, "duly-keys")
        self._earliest = 0.0
        self._fetching: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def refresh(self, algorithm: str, kid: str | None) -> bool:
        """Wait for a fetch where the issuer may have an unknown key for this token.

        Returns whether there was a fetch.

        Raises:
            Unavailable: the issuer has never answered.
        """
        if algorithm in SYMMETRIC or algorithm not in self._allowed or self.keys.has(algorithm, kid):
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
        """Cancel the running fetch and the scheduled one."""
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
            published = await asyncio.wait_for(reading, self._settings.jwt_jwks_timeout)
        except Exception as error:
            log.warning("keys of the token issuer: %s: %s", type(error).__name__, error)
        else:
            pause = self._settings.jwt_jwks_max_age
            withdrawn = (self._published or {}).keys() - published.keys()
            self._published = published
            self.keys = KeyRing(chain.from_iterable(published.values()))
            if withdrawn:
                self._on_withdrawal()
        self._timer = loop.call_later(pause, self._begin)

    def _read(self) -> Mapping[str, Sequence[PyJWK]]:
        """The published set, each JWK by its JSON. Runs in the thread."""
        answer = json.loads(self._download())
        if not isinstance(answer, dict) or not isinstance(answer.get("keys"), list):
            raise ValueError("this is not a JWK Set (RFC 7517, section 5)")
        return {json.dumps(jwk, sort_keys=True): self._usable(jwk) for jwk in answer["keys"]}

    def _usable(self, jwk: Any) -> Sequence[PyJWK]:
        """The keys of a JWK. For an unusable one none, and the reason is logged, once."""
        try:
            return public_keys(jwk, self._allowed)
        except ValueError as error:
            text = json.dumps(jwk, sort_keys=True)
            if text not in self._unusable and len(self._unusable) < MAX_REASONS:
                self._unusable.add(text)
                kid = jwk.get("kid") if isinstance(jwk, dict) else None
                log.warning("the token issuer's key %s is not used: %s", quote(kid), error)
            return ()

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
    """Refuses redirects: keys come from the address that the operator set, and from nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        """None makes it an HTTPError."""
