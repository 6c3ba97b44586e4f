"""Tokens for a first try, signed with the secret of the service; in earnest they come from an issuer."""

import time

import jwt

from app.settings import Settings, SettingsError

LIFETIME = 86_400
"""Seconds."""


def make_token(settings: Settings, user: str) -> str:
    """A token of the user that the service accepts, for a day.

    Raises:
        SettingsError: the service knows no secret that could sign it.
    """
    algorithm = next((name for name in settings.jwt_algorithm if name.startswith("HS")), None)
    kid, secret = next(iter((settings.jwt_secrets or {}).items()), (None, settings.jwt_secret))
    if algorithm is None or not secret:
        raise SettingsError("JWT_SECRET is not set: your issuer signs the tokens of this service")
    claims: dict[str, object] = {
        settings.jwt_user_claim[0]: user,
        settings.jwt_scope_claim[0]: "tasks:read tasks:write",
        "exp": int(time.time()) + LIFETIME,
    }
    if settings.jwt_audience:
        claims["aud"] = settings.jwt_audience[0]
    if settings.jwt_issuer:
        claims["iss"] = settings.jwt_issuer[0]
    return jwt.encode(claims, secret, algorithm, headers={"kid": kid} if kid else None)
