"""The user of a request."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks. ``read_only``: scopes are required, and the token has tasks:read, but not tasks:write."""

    user_id: str
    read_only: bool
