"""The claims of a verified token: the user, the scopes and the times (RFC 7519, section 4.1)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.web.problems import Problem, Unauthorized

MAX_USER_ID = 255  # code points
MAX_TIME = 253_402_300_799  # the end of the year 9999; a larger NumericDate is milliseconds


def user_of(claims: Mapping[str, Any], names: Iterable[str]) -> str:
    """The user id, from the first of these claims. It is not normalised: another spelling is another user.

    Raises:
        Unauthorized: it is not a string of 1 to 255 characters that PostgreSQL can hold.
    """
    user_id = first_claim(claims, names)
    if not isinstance(user_id, str) or not 0 < len(user_id) <= MAX_USER_ID or not is_text(user_id):
        raise Unauthorized("The token does not name a user")
    return user_id


def is_read_only(claims: Mapping[str, Any], names: Iterable[str]) -> bool:
    """Whether the scopes, in the first of these claims, allow reading only.

    Raises:
        Problem: they have neither tasks:read nor tasks:write.
    """
    scopes = scopes_of(first_claim(claims, names))
    if "tasks:write" in scopes:
        return False
    if "tasks:read" in scopes:
        return True
    challenge = 'Bearer realm="duly", error="insufficient_scope", scope="tasks:read"'
    detail = "The token has neither the scope tasks:read nor tasks:write"
    raise Problem("insufficient-scope", detail, {"www-authenticate": challenge})


def check_times(claims: Mapping[str, Any], now: float) -> None:
    """Stricter than PyJWT: numbers only (RFC 7519, section 2), no leeway for ``exp``. Raises Unauthorized."""
    for name in ("exp", "nbf", "iat"):
        if type(claims.get(name, 0)) not in (int, float) or not 0 <= claims.get(name, 0) <= MAX_TIME:
            raise Unauthorized(f"The claim {name} must be a number of seconds since 1970")
    if claims["exp"] <= now:
        raise Unauthorized("The token has expired")


def first_claim(claims: Mapping[str, Any], names: Iterable[str]) -> Any:
    """The first of these claims that is present, even if it is null; None where none is."""
    return next((claims[name] for name in names if name in claims), None)


def scopes_of(claim: Any) -> Sequence[Any]:
    """The scopes in a string with blanks (RFC 8693, section 4.2) or in an array; none in another value."""
    if isinstance(claim, str):
        return claim.split(" ")
    return claim if isinstance(claim, list) else ()


def is_text(text: str) -> bool:
    """Whether PostgreSQL can hold it: Unicode without U+0000 and lone surrogates."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False
