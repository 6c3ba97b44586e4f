"""From the Authorization header to a token (RFC 6750), and from the token to a user (RFC 7519)."""

import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from hashlib import blake2b
from time import time
from typing import Any

import jwt
from jwt import PyJWK
from jwt import exceptions as errors
from jwt.types import Options

from app.auth.claims import check_times, is_read_only, user_of
from app.auth.issuer import Issuer
from app.auth.keyring import KeyRing, own_keys
from app.auth.passes import MAX_REMEMBERED, OpenPass, digest_of, is_pass
from app.identity import Identity
from app.settings import Settings
from app.web.problems import Unauthorized

MAX_TOKEN = 8192  # bytes

# RFC 9110, section 11.4, and RFC 6750, section 2.1.
BEARER = re.compile(rb"bearer +([a-z0-9._~+/-]+=*)", re.IGNORECASE)

# One text for all of these errors, which helps no forger.
NOT_SIGNED = "The token is malformed or not signed by a key of this service"
# A token with a valid signature is told more.
DESCRIPTIONS: Mapping[type[Exception], str] = {
    errors.ExpiredSignatureError: "The token has expired",
    errors.ImmatureSignatureError: "The token is not valid yet",
    errors.InvalidAudienceError: "The token is for another audience",
    errors.InvalidIssuerError: "The token is from another issuer",
}


class Authenticator:
    """Verifies tokens and passes, and remembers them by their digest.

    A token is remembered until ``exp`` or until a key is withdrawn, a pass for 30 seconds.
    """

    def __init__(self, settings: Settings, open_pass: OpenPass | None = None) -> None:
        """Without ``open_pass`` no pass is accepted.

        Raises:
            SettingsError: no token could be verified, or a key is unsafe.
        """
        self.cache_hits = 0
        self.cache_misses = 0
        self._settings = settings
        self._open_pass = open_pass
        self._options: Options = {
            "require": ["exp"],
            "verify_aud": bool(settings.jwt_audience),
            "verify_sub": False,
        }
        self._verified: OrderedDict[bytes, tuple[float, Identity]] = OrderedDict()
        self._own = KeyRing(own_keys(settings))
        self._issuer = Issuer(settings, self._verified.clear) if settings.jwt_jwks_url else None

    async def authenticate(self, headers: Iterable[tuple[bytes, bytes]]) -> Identity:
        """Return the user identified by the bearer token, a JWT or a pass, in these ASGI headers.

        Raises:
            Unauthorized: there is no token, or it is not valid.
            Problem: the token has neither of the scopes (403); the issuer has never answered, or the
                database can't open a pass (503).
        """
        credentials = [value for name, value in headers if name == b"authorization"]
        if len(credentials) != 1:
            raise Unauthorized("There must be one Authorization header" if credentials else None)
        digest = blake2b(credentials[0], digest_size=32).digest()
        known = self._verified.get(digest)
        if known is not None and known[0] > time():
            self.cache_hits += 1
            return known[1]
        self.cache_misses += 1
        token = token_of(credentials[0])
        if is_pass(token):
            identity, expires = await self._pass(token)
        else:
            claims = await self._claims(token)
            identity, expires = self._identity(claims), claims["exp"]
        self._remember(digest, expires, identity)
        return identity

    async def identify(self, scope: MutableMapping[str, Any]) -> Identity:
        """Return the user of a request, also as ``user`` in the ASGI scope. Raises as authenticate does."""
        user = scope["user"] = await self.authenticate(scope["headers"])
        return user

    async def aclose(self) -> None:
        """Stop fetching keys."""
        if self._issuer:
            self._issuer.close()

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        """The identity in the verified claims of a JWT. Raises Unauthorized and Problem."""
        settings = self._settings
        user_id = user_of(claims, settings.jwt_user_claim)
        read_only = settings.jwt_require_scope and is_read_only(claims, settings.jwt_scope_claim)
        return Identity(user_id, read_only)

    async def _pass(self, token: bytes) -> tuple[Identity, float]:
        """The identity of a pass, and until when it is remembered. Raises Unauthorized and Unavailable."""
        # From before the look-up, during which the pass may be revoked.
        until = time() + MAX_REMEMBERED
        found = await self._open_pass(digest_of(token)) if self._open_pass else None
        if found is None:
            raise Unauthorized("The pass is unknown, revoked or expired")
        return found.identity, min(found.expires_at, until)

    async def _claims(self, token: bytes) -> dict[str, Any]:
        """The verified claims of a token."""
        try:
            header = jwt.get_unverified_header(token)
        except errors.InvalidTokenError:
            raise Unauthorized(NOT_SIGNED) from None
        algorithm, kid = header.get("alg"), header.get("kid")
        # Critical extensions must be understood or refused (RFC 7515, section 4.1.11). None is understood.
        if not isinstance(algorithm, str) or "crit" in header:
            raise Unauthorized(NOT_SIGNED)
        claims = self._verify(token, algorithm, kid)
        if claims is None and await self._refresh(algorithm, kid):
            claims = self._verify(token, algorithm, kid)
        if claims is None:
            raise Unauthorized(NOT_SIGNED)
        return claims

    async def _refresh(self, algorithm: str, kid: str | None) -> bool:
        """Fetch the issuer's keys where it may have another one for this token. Raises Unavailable."""
        if self._issuer is None or self._own.has(algorithm, kid):
            return False
        return await self._issuer.refresh(algorithm, kid)

    def _keys(self, algorithm: str, kid: str | None) -> Sequence[PyJWK]:
        """The keys that may have signed a token with this header."""
        published = self._issuer.keys.find(algorithm, kid) if self._issuer else ()
        return [*published, *self._own.find(algorithm, kid)]

    def _verify(self, token: bytes, algorithm: str, kid: str | None) -> dict[str, Any] | None:
        """The claims of a token; None where no key fits its signature. Raises Unauthorized."""
        for key in self._keys(algorithm, kid):
            try:
                claims = jwt.decode(
                    token,
                    key,
                    algorithms=[key.algorithm_name],
                    audience=self._settings.jwt_audience or None,
                    issuer=self._settings.jwt_issuer or None,
                    leeway=self._settings.jwt_leeway,
                    options=self._options,
                )
            except errors.InvalidSignatureError:
                continue
            except errors.MissingRequiredClaimError as error:
                raise Unauthorized(f"The token must have the claim {error.claim}") from None
            except errors.InvalidTokenError as error:
                raise Unauthorized(DESCRIPTIONS.get(type(error), "The claims are not valid")) from None
            check_times(claims, time())
            return claims
        return None

    def _remember(self, digest: bytes, expires: float, identity: Identity) -> None:
        """Keep a verified token; where there is no room, forget the oldest one."""
        self._verified[digest] = (expires, identity)
        if len(self._verified) > self._settings.jwt_cache_size:
            self._verified.popitem(last=False)


def token_of(credentials: bytes) -> bytes:
    """The token in the value of an Authorization header. Raises Unauthorized."""
    credentials = credentials.strip(b" \t")
    match = BEARER.fullmatch(credentials)
    if match and len(match[1]) <= MAX_TOKEN:
        return match[1]
    if credentials[:6].lower() == b"bearer":
        raise Unauthorized("The Authorization header must be Bearer, a blank, and a token of at most 8 KiB")
    # Another scheme counts as no credentials (RFC 6750, section 3.1).
    raise Unauthorized
