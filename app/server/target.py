"""The target of a request and its Host (RFC 9112, section 3.2)."""

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address

from app.web.problems import Problem

# RFC 3986, section 3.2.2, without user information (RFC 9110, section 7.2).
_HOST = re.compile(rb"(?:\[([^\]]+)\]|(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::[0-9]*)?", re.ASCII)
_IP_FUTURE = re.compile(rb"[vV][0-9A-Fa-f]+\.[\w.~!$&'()*+,;=:-]+", re.ASCII)
# RFC 9112, section 3.2.2.
_ABSOLUTE_FORM = re.compile(rb"https?://([^/?]*)(.*)", re.IGNORECASE)


@lru_cache(maxsize=1024)
def is_host(value: bytes) -> bool:
    """Whether it is a host, with or without a port (RFC 9110, section 7.2)."""
    match = _HOST.fullmatch(value)
    if match is None or match[1] is None:
        return match is not None
    try:
        return b"%" not in match[1] and bool(IPv6Address(match[1].decode("ascii")))
    except (AddressValueError, UnicodeDecodeError):
        return _IP_FUTURE.fullmatch(match[1]) is not None


def origin_form(target: bytes) -> bytes:
    """The path and the query of a target in absolute form. Raises Problem where it is of another form."""
    if target == b"*":
        return target
    match = _ABSOLUTE_FORM.fullmatch(target)
    if match is None or not is_host(match[1]) or b"#" in target:
        raise Problem("validation-error", "The target of the request must be a path (RFC 9112, section 3.2)")
    path = match[2]
    return path if path[:1] == b"/" else b"/" + path
