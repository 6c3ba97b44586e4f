"""Secrets, PEM keys and JWKs (RFC 7517) as keys that verify tokens.

The algorithm belongs to the key, never to the token (RFC 8725, section 3.1): a key becomes one PyJWK for each
algorithm that it may verify, and PyJWT accepts a PyJWK for its own algorithm only.
"""

import json
from collections.abc import Collection, Mapping, Sequence
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

# Two names of one algorithm: RFC 8037, section 3.1, and RFC 9864, section 2.2. PyJWT knows the first only.
ED25519 = ("EdDSA", "Ed25519")
# The algorithms of a key, by its kty and crv (RFC 7518, section 3.1).
ALGORITHMS: Mapping[str, tuple[str, ...]] = {
    "oct": ("HS256", "HS384", "HS512"),
    "RSA": ("RS256", "PS256"),
    "EC P-256": ("ES256",),
    "EC P-384": ("ES384",),
    "EC P-521": ("ES512",),
    "OKP Ed25519": ED25519,
}
SYMMETRIC = ALGORITHMS["oct"]
ASYMMETRIC = tuple(name for kind, names in ALGORITHMS.items() for name in names if kind != "oct")

MIN_SECRET = 32  # bytes
_CURVES = ("secp256r1", "secp384r1", "secp521r1")


class Secret(HMACAlgorithm):
    """HMAC with a secret that is checked once, at the start; PyJWT would check it for every token."""

    def prepare_key(self, key: str | bytes) -> bytes:
        return key if isinstance(key, bytes) else key.encode()

    def check_key_length(self, key: bytes) -> None:
        """32 bytes are enough for HS384 and HS512, too."""


def aliases(algorithm: str) -> Sequence[str]:
    """All names of an algorithm that has several."""
    return ED25519 if algorithm in ED25519 else ()


def with_aliases(algorithms: Sequence[str]) -> Sequence[str]:
    """The algorithms, with both names of EdDSA where one of them is there."""
    return tuple(dict.fromkeys((*algorithms, *(ED25519 if {*ED25519}.intersection(algorithms) else ()))))


def public_keys(jwk: Any, allowed: Collection[str]) -> Sequence[PyJWK]:
    """A public JWK, as one key for each of its algorithms that is allowed.

    ``use``, ``key_ops`` and ``alg`` narrow its algorithms down (RFC 7517, sections 4.2 to 4.4).

    Raises:
        ValueError: the JWK can't verify tokens. The message is the reason, and quotes no key material.
    """
    if not isinstance(jwk, dict):
        raise ValueError("it is not a JSON object")
    if not isinstance(jwk.get("kid"), str | None):
        raise ValueError("its kid is not a string")
    if "d" in jwk or jwk.get("kty") == "oct":
        raise ValueError("it is a private key or a secret, which must not be published")
    if jwk.get("use", "sig") != "sig":
        raise ValueError(f"its use is {quote(jwk['use'])}, not sig")
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        raise ValueError("its key_ops do not contain verify")
    kind = " ".join(str(jwk[member]) for member in ("kty", "crv") if member in jwk)
    algorithms = ALGORITHMS.get(kind, ())
    if not algorithms:
        raise ValueError(f"its kty and crv, {quote(kind)}, are not supported")
    # One of two names stands for both.
    named = [name for name in algorithms if jwk.get("alg", name) in (name, *aliases(name))]
    if not named:
        raise ValueError(f"its alg is {quote(jwk['alg'])}, which is not supported for {quote(kind)}")
    usable = [name for name in named if name in allowed]
    if not usable:
        raise ValueError(f"JWT_ALGORITHM does not name {' or '.join(named)}")
    keys = [_public_key(jwk, name) for name in usable]
    if reason := keys[0].Algorithm.check_key_length(keys[0].key):
        raise ValueError(reason)
    return keys


def _public_key(jwk: JWKDict, algorithm: str) -> PyJWK:
    try:
        key = PyJWK(jwk, ED25519[0] if algorithm in ED25519 else algorithm)
    except (PyJWTError, UnsupportedAlgorithm, ValueError):
        raise ValueError("its numbers do not make a key") from None
    key.algorithm_name = algorithm
    return key


def pem_keys(pem: str, allowed: Collection[str]) -> Sequence[PyJWK]:
    """A public key in PEM; its line ends may be written as backslash and n. Raises ValueError."""
    try:
        key = load_pem_public_key(pem.replace("\\n", "\n").encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("must be a public key in PEM (-----BEGIN PUBLIC KEY-----)") from None
    jwk: JWKDict = {}
    if isinstance(key, RSAPublicKey):
        jwk = RSAAlgorithm.to_jwk(key, as_dict=True)
    elif isinstance(key, EllipticCurvePublicKey) and key.curve.name in _CURVES:
        jwk = ECAlgorithm.to_jwk(key, as_dict=True)
    elif isinstance(key, Ed25519PublicKey):
        jwk = OKPAlgorithm.to_jwk(key, as_dict=True)
    try:
        return public_keys(jwk, allowed)
    except ValueError as error:
        raise ValueError(f"is not a key for {', '.join(allowed)} (JWT_ALGORITHM): {error}") from None


def secret_keys(
    secret: str, kid: str | None, allowed: Collection[str], *, development: bool
) -> Sequence[PyJWK]:
    """A secret, the bytes of an environment variable. Raises ValueError."""
    octets = secret.encode("utf-8", "surrogateescape")
    least = 1 if development else MIN_SECRET
    if len(octets) < least:
        raise ValueError(f"has {len(octets)} bytes; it must have {least} or more (RFC 7518, 3.2)")
    try:
        HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(octets)
    except InvalidKeyError:
        raise ValueError("is a key in PEM or the like, not a secret") from None
    jwk = {**HMACAlgorithm.to_jwk(octets, as_dict=True), "kid": kid}
    keys = [PyJWK(jwk, name) for name in SYMMETRIC if name in allowed]
    for key in keys:
        key.Algorithm = Secret(cast(HMACAlgorithm, key.Algorithm).hash_alg)
    # `make run` always has a secret, even beside the keys of an issuer.
    if not keys and not development:
        raise ValueError(f"is not a key for {', '.join(allowed)} (JWT_ALGORITHM)")
    return keys


def quote(value: Any) -> str:
    """A value from outside for a log or an error: ASCII in one line, and short."""
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
