"""The keys that tokens are verified with: secrets, a PEM key, the set that an issuer publishes (RFC 7517).

The algorithm belongs to the key, never to the token (RFC 8725, section 3.1): a key becomes one PyJWK for each
algorithm that it may verify, and PyJWT holds a PyJWK to its algorithm.
"""

import asyncio
import json
import logging
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any, cast
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, build_opener

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt import PyJWK
from jwt.algorithms import ECAlgorithm, HMACAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import InvalidKeyError, PyJWTError
from jwt.types import JWKDict

from app.errors import Unavailable
from app.settings import Settings, SettingsError

log = logging.getLogger("duly.keys")

# What a key may verify, by its kty and crv (RFC 7518, section 3.1; RFC 8037, section 3.1).
ALGORITHMS: Mapping[str, tuple[str, ...]] = {
    "oct": ("HS256", "HS384", "HS512"),
    "RSA": ("RS256", "PS256"),
    "EC P-256": ("ES256",),
    "EC P-384": ("ES384",),
    "OKP Ed25519": ("EdDSA",),
}
SYMMETRIC = ALGORITHMS["oct"]
ASYMMETRIC = tuple(name for kind, names in ALGORITHMS.items() for name in names if kind != "oct")

MIN_SECRET = 32  # bytes
MAX_JWK_SET = 1_048_576  # bytes
# A token without a key id is tried with so many keys: a large set would make forged ones dear.
MAX_TRIES = 8


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


class KeyRing:
    """Keys by algorithm and key id."""

    def __init__(self, keys: Iterable[PyJWK]) -> None:
        self._by_algorithm: dict[str, list[PyJWK]] = defaultdict(list)
        self._by_kid: dict[tuple[str, str | None], list[PyJWK]] = defaultdict(list)
        for key in keys:
            self._by_algorithm[key.algorithm_name].append(key)
            self._by_kid[key.algorithm_name, key.key_id].append(key)

    def has(self, algorithm: str, kid: str | None) -> bool:
        """Whether there is a key with this id; None is the id of no key."""
        return kid is not None and (algorithm, kid) in self._by_kid

    def find(self, algorithm: str, kid: str | None) -> Sequence[PyJWK]:
        """The keys with this id, then those without any; for None the first keys, whatever their id."""
        if kid is None:
            return self._by_algorithm.get(algorithm, [])[:MAX_TRIES]
        return [*self._by_kid.get((algorithm, kid), []), *self._by_kid.get((algorithm, None), [])][:MAX_TRIES]


class NoRedirect(HTTPRedirectHandler):
    """Refuses redirects: keys come from where the operator said, and from nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        """None makes it an HTTPError."""


class Secret(HMACAlgorithm):
    """HMAC with a secret that was judged once, at the start; PyJWT would judge it anew for every token."""

    def prepare_key(self, key: str | bytes) -> bytes:
        return key if isinstance(key, bytes) else key.encode()

    def check_key_length(self, key: bytes) -> None:
        """32 bytes are enough for HS384 and HS512, too."""


def public_keys(jwk: Any, allowed: Sequence[str]) -> Sequence[PyJWK]:
    """The allowed uses of a JWK; none where it is private, symmetric, weak, broken or not for signatures.

    ``use``, ``key_ops`` and ``alg`` narrow it down (RFC 7517, sections 4.2 to 4.4).
    """
    if not isinstance(jwk, dict) or "d" in jwk or not isinstance(jwk.get("kid"), str | None):
        return []
    operations = jwk.get("key_ops", ["verify"])
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return []
    kind = " ".join(str(jwk[member]) for member in ("kty", "crv") if member in jwk)
    names = [name for name in ALGORITHMS.get(kind, ()) if name in allowed and jwk.get("alg", name) == name]
    try:
        keys = [PyJWK(jwk, name) for name in names if name in ASYMMETRIC]
    except (PyJWTError, UnsupportedAlgorithm):
        return []
    return [key for key in keys if not key.Algorithm.check_key_length(key.key)]


def pem_keys(pem: str, settings: Settings) -> Sequence[PyJWK]:
    """The uses of a public key in PEM; its line ends may be written as backslash and n. Raises ValueError."""
    try:
        key = load_pem_public_key(pem.replace("\\n", "\n").encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("must be a public key in PEM (-----BEGIN PUBLIC KEY-----)") from None
    jwk: JWKDict = {}
    if isinstance(key, RSAPublicKey):
        jwk = RSAAlgorithm.to_jwk(key, as_dict=True)
    elif isinstance(key, EllipticCurvePublicKey) and key.curve.name in ("secp256r1", "secp384r1"):
        jwk = ECAlgorithm.to_jwk(key, as_dict=True)
    elif isinstance(key, Ed25519PublicKey):
        jwk = OKPAlgorithm.to_jwk(key, as_dict=True)
    keys = public_keys(jwk, settings.jwt_algorithm)
    if not keys:
        raise ValueError(f"is not a key for {', '.join(settings.jwt_algorithm)} (JWT_ALGORITHM)")
    return keys


def secret_keys(secret: str, kid: str | None, settings: Settings) -> Sequence[PyJWK]:
    """The uses of a secret, whose bytes are those of the environment variable. Raises ValueError."""
    octets = secret.encode("utf-8", "surrogateescape")
    least = 1 if settings.development else MIN_SECRET
    if len(octets) < least:
        raise ValueError(f"has {len(octets)} bytes; it must have {least} or more (RFC 7518, 3.2)")
    try:
        HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(octets)
    except InvalidKeyError:
        raise ValueError("is a key in PEM or the like, not a secret") from None
    jwk = {**HMACAlgorithm.to_jwk(octets, as_dict=True), "kid": kid}
    keys = [PyJWK(jwk, name) for name in SYMMETRIC if name in settings.jwt_algorithm]
    for key in keys:
        key.Algorithm = Secret(cast(HMACAlgorithm, key.Algorithm).hash_alg)
    # `make run` always has a secret, even beside the keys of an issuer.
    if not keys and not settings.development:
        raise ValueError(f"is not a key for {', '.join(settings.jwt_algorithm)} (JWT_ALGORITHM)")
    return keys


def own_keys(settings: Settings) -> Sequence[PyJWK]:
    """The keys of JWT_SECRET, JWT_SECRETS and JWT_PUBLIC_KEY.

    Raises:
        SettingsError: one is unusable, JWT_ALGORITHM or JWT_JWKS_URL is wrong, or an algorithm has no key.
    """
    keys: list[PyJWK] = []
    faults: list[str] = []
    allowed = settings.jwt_algorithm
    if not allowed or not {*SYMMETRIC, *ASYMMETRIC}.issuperset(allowed):
        known = ", ".join(SYMMETRIC + ASYMMETRIC)
        faults.append(f"JWT_ALGORITHM must name some of {known}, and nothing else")
    secrets: list[tuple[str | None, str]] = [(None, settings.jwt_secret)] if settings.jwt_secret else []
    for kid, secret in [*secrets, *(settings.jwt_secrets or {}).items()]:
        try:
            keys += secret_keys(secret, kid, settings)
        except ValueError as fault:
            faults.append(f"JWT_SECRET {fault}" if kid is None else f"JWT_SECRETS, {kid}: {fault}")
    if settings.jwt_public_key:
        try:
            keys += pem_keys(settings.jwt_public_key, settings)
        except ValueError as fault:
            faults.append(f"JWT_PUBLIC_KEY {fault}")
    if settings.jwt_jwks_url:
        if not re.match(r"https?://[^/]", settings.jwt_jwks_url):
            faults.append("JWT_JWKS_URL must be a URL like https://issuer.example/.well-known/jwks.json")
        if not {*ASYMMETRIC}.intersection(allowed):
            faults.append(f"JWT_JWKS_URL is of use where JWT_ALGORITHM names some of {', '.join(ASYMMETRIC)}")
    served = {key.algorithm_name for key in keys}.union(ASYMMETRIC if settings.jwt_jwks_url else ())
    if not faults and not served.issuperset(allowed):
        missing = ", ".join(name for name in allowed if name not in served)
        variables = "JWT_SECRET, JWT_SECRETS, JWT_PUBLIC_KEY or JWT_JWKS_URL"
        faults.append(f"{variables} must be set: JWT_ALGORITHM names {missing}, for which there is no key")
    if faults:
        raise SettingsError("\n".join(faults))
    return keys
