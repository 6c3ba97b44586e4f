"""The user of a request."""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Identity:
    """The user, and the limits of the token.

    ``read_only``: the scope is tasks:read. ``by_pass``: the token is a pass, which makes no passes.
    """

    user_id: str
    read_only: bool
    by_pass: bool = False


class Pass(NamedTuple):
    """A pass that is valid until ``expires_at``, in seconds since 1970."""

    identity: Identity
    expires_at: float


NOBODY = Identity("", read_only=True)
"""For calls of the service itself: without a user, no policy lets a row through."""
