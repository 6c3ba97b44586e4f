"""Tokens for development, and the secret that signs them."""

import os
import secrets
import time

import jwt

from app.dev.project import DATA


def secret() -> str:
    """JWT_SECRET, or one that is made once and kept beside the embedded server's data."""
    given = os.environ.get("JWT_SECRET")
    if given:
        return given
    path = DATA / "jwt_secret"
    if not path.exists():
        DATA.mkdir(exist_ok=True)
        new = DATA / f"jwt_secret.{os.getpid()}"
        new.touch(0o600)
        new.write_text(secrets.token_urlsafe(48))
        # Whole or not at all, whatever else starts at the same time.
        new.rename(path)
    return path.read_text()


def token(user: str) -> str:
    """A token of the user, for a day."""
    return jwt.encode({"sub": user, "exp": int(time.time()) + 86_400}, secret(), "HS256")
