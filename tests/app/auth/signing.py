"""What tests sign tokens with, and how they show them to an Authenticator."""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.utils import base64url_encode

from app.auth.authenticator import Authenticator
from app.identity import Identity
from app.settings import Settings

SECRET = "a secret that only the tests of tokens know, of 64 bytes and some more"
_RSA = rsa.generate_private_key(65537, 2048)
_FAMILIES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}


@dataclass(frozen=True)
class Signer:
    """A private key, or a secret, with its algorithm and id."""

    algorithm: str
    kid: str | None = None
    key: Any = SECRET

    def token(self, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A token of the user alice for an hour, unless the claims say otherwise; None leaves a claim out."""
        all_claims = {"sub": "alice", "exp": int(time.time()) + 3600, **claims}
        kept = {name: value for name, value in all_claims.items() if value is not None}
        kid = {} if self.kid is None else {"kid": self.kid}
        head = {"alg": self.algorithm, "typ": "JWT", **kid, **(header or {})}
        return self.sign(json.dumps(head).encode(), json.dumps(kept).encode())

    def sign(self, header: bytes, claims: bytes) -> str:
        """A token of these very bytes, which need not be JSON."""
        content = base64url_encode(header) + b"." + base64url_encode(claims)
        algorithm = self._implementation()
        signature = algorithm.sign(content, algorithm.prepare_key(self.key))
        return (content + b"." + base64url_encode(signature)).decode()

    def jwk(self, **members: Any) -> dict[str, Any]:
        """The public key as an issuer publishes it; None leaves a member out."""
        algorithm = self._implementation()
        public = self.key.public_key() if self.algorithm[:2] in _FAMILIES else self.key
        jwk = json.loads(algorithm.to_jwk(public)) | {"kid": self.kid, "alg": self.algorithm, "use": "sig"}
        jwk.pop("key_ops", None)
        return {name: value for name, value in (jwk | members).items() if value is not None}

    def _implementation(self) -> Any:
        """PyJWT's. It does not know the second name of EdDSA."""
        return jwt.PyJWS().get_algorithm_by_name("EdDSA" if self.algorithm == "Ed25519" else self.algorithm)

    def pem(self) -> str:
        """The public key in PEM."""
        pem: bytes = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return pem.decode()


def signer(algorithm: str, kid: str | None = None) -> Signer:
    """A new key for the algorithm; all of RSA share one, which takes long to make."""
    match algorithm:
        case "RS256" | "PS256":
            return Signer(algorithm, kid, _RSA)
        case "ES256":
            return Signer(algorithm, kid, ec.generate_private_key(ec.SECP256R1()))
        case "ES384":
            return Signer(algorithm, kid, ec.generate_private_key(ec.SECP384R1()))
        case "ES512":
            return Signer(algorithm, kid, ec.generate_private_key(ec.SECP521R1()))
        case "EdDSA" | "Ed25519":
            return Signer(algorithm, kid, ed25519.Ed25519PrivateKey.generate())
    return Signer(algorithm, kid)


def authenticator(**settings: Any) -> Authenticator:
    """An Authenticator that has SECRET, unless the settings name other keys."""
    if not any(name in settings for name in ("jwt_secret", "jwt_secrets", "jwt_public_key", "jwt_jwks_url")):
        settings["jwt_secret"] = SECRET
    return Authenticator(Settings(database_url="postgresql://task_api@localhost/duly", **settings))


def bearer(token: str) -> list[tuple[bytes, bytes]]:
    """Headers of a request, as in ASGI."""
    return [(b"host", b"localhost"), (b"authorization", b"Bearer " + token.encode())]


def identify(authenticator: Authenticator, token: str) -> Identity:
    """Whom the token is of. Raises Unauthorized."""
    return asyncio.run(authenticator.authenticate(bearer(token)))
