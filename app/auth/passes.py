"""Passes: tokens that the service itself issues, for scripts. ``duly_`` and 256 random bits in base 62."""

import re
import secrets
import string
from collections.abc import Awaitable, Callable
from hashlib import sha256

from app.identity import Identity, Pass
from app.web.problems import Problem

PREFIX = "duly_"  # Secret scanners find it.
MAX_REMEMBERED = 30.0  # seconds; a revoked pass works no longer than this

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_LENGTH = 43  # digits of 256 bits
_PASS = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_LENGTH}}}".encode())


OpenPass = Callable[[bytes], Awaitable[Pass | None]]
"""Looks up the pass of a digest; None where it is unknown, revoked or expired. Raises Unavailable."""


def new_pass() -> str:
    """A new token."""
    number = secrets.randbits(256)
    digits = []
    for _ in range(_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return PREFIX + "".join(reversed(digits))


def is_pass(token: bytes) -> bool:
    """Whether a token has the form of a pass; no JWT has."""
    return _PASS.fullmatch(token) is not None


def digest_of(token: bytes) -> bytes:
    """What is kept of a pass. Its 256 bits are random, so a fast digest gives away nothing."""
    return sha256(token).digest()


def refuse_pass(user: Identity, resources: str) -> None:
    """Raise Problem (403) where the token is a pass: passes and webhooks are managed with a JWT only."""
    if user.by_pass:
        challenge = 'Bearer realm="duly", error="insufficient_scope"'
        detail = f"A pass can't manage {resources}; use a token of your issuer"
        raise Problem("insufficient-scope", detail, {"www-authenticate": challenge})
