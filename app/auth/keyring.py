"""The keys that tokens are verified with: secrets, a PEM key, the set that an issuer publishes (RFC 7517).

The algorithm belongs to the key, never to the token (RFC 8725, section 3.1): a key becomes one PyJWK for each
algorithm that it may verify, and PyJWT holds a PyJWK to its algorithm.
"""

import logging
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt import PyJWK
from jwt.algorithms import ECAlgorithm, HMACAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import InvalidKeyError, PyJWTError
from jwt.types import JWKDict

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
# A token without a key id is tried with so many keys: a large set would make forged ones dear.
MAX_TRIES = 8


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
