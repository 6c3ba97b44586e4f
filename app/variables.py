"""How the text of an environment variable is read.

Each function raises ValueError with what the variable must be, in words that go behind its name.
"""

import ipaddress
import json
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

_URL = "postgresql://user:password@host:5432/database"
_ENCODED = "in a password, @ : / ? # % [ ] are percent-encoded"
_HOST = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^:\[\]\s]*)(:[0-9]{1,5})?")
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


def flag(text: str) -> bool:
    """True or false, in the usual spellings."""
    if text.lower() not in ("true", "false", "1", "0", "yes", "no", "on", "off"):
        raise ValueError("must be true or false")
    return text.lower() in ("true", "1", "yes", "on")


def integer(low: int, high: int) -> Callable[[str], int]:
    """Reads a whole number from ``low`` to ``high``, in ASCII digits."""

    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return parse


def names(text: str) -> tuple[str, ...]:
    """A list with commas; white space and empty items do not count."""
    return tuple(name for part in text.split(",") if (name := part.strip()))


def headers(text: str) -> tuple[str, ...]:
    """The names of header fields (RFC 9110, section 5.1)."""
    # The head of an answer has to stay below 4 KiB.
    if len(text) > 1000 or not all(
        re.fullmatch(r"[\w!#$%&'*+.^`|~-]+", name, re.ASCII) for name in names(text)
    ):
        raise ValueError("must be names of header fields, with commas, in at most 1,000 characters")
    return names(text)


def choice(*choices: str) -> Callable[[str], str]:
    """Reads one of the choices."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return text

    return parse


def secrets(text: str) -> dict[str, str]:
    """Secrets by key id, from JSON."""
    try:
        secrets = json.loads(text)
    except ValueError:
        secrets = None
    if not isinstance(secrets, dict) or not all(isinstance(secret, str) for secret in secrets.values()):
        raise ValueError("""must be a JSON object of key ids and secrets; in a shell: '{"2026-11": "…"}'""")
    return secrets


def postgres_url(text: str) -> str:
    """The text, if it is a URL of PostgreSQL. The error does not repeat it: it may be a secret."""
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ValueError(f"must be a URL like {_URL}; {_ENCODED}") from None
    hosts = parts.netloc.rpartition("@")[2].split(",")
    modes = parse_qs(parts.query).get("sslmode", ["prefer"])
    if parts.scheme not in ("postgres", "postgresql") or not text.partition(":")[2].startswith("//"):
        raise ValueError(f"must be a URL like {_URL}")
    if parts.fragment or not all(_HOST.fullmatch(host) for host in hosts):
        raise ValueError(f"must be a URL like {_URL}; {_ENCODED}")
    if modes[-1] not in _SSL_MODES:
        raise ValueError(f"must have one of these as sslmode: {', '.join(_SSL_MODES)}")
    return text


def rate(text: str) -> tuple[int, int]:
    """Requests, and the seconds in which they are allowed."""
    match = re.fullmatch(r"([0-9]{1,7})/([0-9]{1,5})", text)
    if match is None or not int(match[1]) or not int(match[2]):
        raise ValueError("must be requests/seconds, for example 100/60")
    return int(match[1]), int(match[2])


def webhook_keys(text: str) -> tuple[str, ...]:
    """The newest key first."""
    keys = names(text)
    if not 1 <= len(keys) <= 2 or not all(len(key.encode()) >= 32 for key in keys):
        raise ValueError(
            "must be one key of at least 32 bytes, or two with a comma: the new one, then the old one"
        )
    return keys


def networks(text: str) -> tuple[str, ...]:
    """Networks of IPv4 and IPv6 (CIDR), each in its canonical form."""
    try:
        return tuple(str(ipaddress.ip_network(name)) for name in names(text))
    except ValueError:
        raise ValueError("must be networks with commas, for example 192.168.0.0/16,10.1.2.3/32") from None


def proxy(text: str) -> str:
    """The URL of an HTTP proxy, without a user or a path."""
    if not re.fullmatch(r"http://[^/@#?\s]+/?", text):
        raise ValueError("must be a URL like http://proxy:4750")
    return text


def path(text: str) -> str:
    """The path without a slash at its end."""
    # It goes into Location and Link, and the head of an answer has to stay below 4 KiB.
    if len(text) > 100 or not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+/?", text):
        raise ValueError("must be a path like /duly")
    return text.rstrip("/")
