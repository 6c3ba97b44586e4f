"""Errors by which the database refuses the service, not a request; and the warnings about them.

An outage is told when it begins, then once a minute for each reason, and when the database answers again.
"""

import logging
import socket
import ssl
from collections.abc import Mapping
from time import monotonic
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg

log = logging.getLogger("duly.database")

REPEAT = 60.0
"""Seconds between two warnings with the same reason."""

CALM = 1.0
"""Seconds without an error after which an answer means that the database is well again."""

# By SQLSTATE or its class, the first two characters.
_REASONS: Mapping[str, str] = {
    "08": "the connection was lost",
    "08P01": "a pooler in between refuses the connection",
    "0A000": "a migration changed the result of a statement",
    "25006": "it is read-only: a standby, or default_transaction_read_only is on",
    "25P03": "a transaction was idle for longer than idle_in_transaction_session_timeout",
    "28": "it refuses {role}: the role is unknown or may not log in, or pg_hba.conf has no entry for this "
    "host, role, database and use of TLS",
    "28P01": "it refuses the password of {role}",
    "3D000": "there is no database {database}",
    "3F000": "migrations are pending: run duly migrate (make migrate)",
    "40": "transactions were in conflict, or deadlocked",
    "42501": "{role} may not connect to {database}, or not call api functions: connect as task_api",
    "42883": "migrations are pending: run duly migrate (make migrate)",
    "53": "it is out of resources",
    "53100": "its disk is full",
    "53300": "it has no connection to spare: see max_connections, POOL_SIZE and WORKERS",
    "55000": "{database} takes no connections: alter database … allow_connections true",
    "55P03": "a lock was not free within lock_timeout",
    "57": "it ended the connection",
    "57014": "a statement took longer than statement_timeout",
    "57P01": "it is shutting down, or somebody ended the connection",
    "57P03": "it is starting, stopping or recovering",
    "58": "it has an input or output error: see its log",
    "XX": "it has an internal error: see its log",
}

# Raised inside a function, these are errors of the function.
_OF_THE_CALL_ONLY = ("3F000", "42501", "42883", "55000")


class Outages:
    """The outages of one database, told to the log."""

    def __init__(self, database_url: str) -> None:
        self.lasting = False
        self._since = self._last = 0.0
        self._refused = 0
        self._told: dict[str, float] = {}
        parts = urlsplit(database_url)
        query = parse_qs(parts.query)
        self.place = query.get("host", [parts.netloc.rpartition("@")[2] or "its default address"])[0]
        self._names = {
            "role": unquote(parts.username or query.get("user", ["the role"])[0]),
            "database": unquote(parts.path.lstrip("/")) or "the database",
        }

    def begin(self, error: BaseException) -> bool:
        """Whether the error is an outage; it is then told, unless it was in the last minute."""
        reason = self.reason_of(error)
        if reason is None:
            return False
        now = self._last = monotonic()
        if not self.lasting:
            self.lasting, self._since, self._refused = True, now, 0
        self._refused += 1
        if now - self._told.get(reason, -REPEAT) >= REPEAT:
            self._told[reason] = now
            log.warning(
                "Database at %s: %s. Requests that need it are answered with 503.", self.place, reason
            )
        return True

    def end(self) -> None:
        """The database has answered while an outage lasted. It is over unless others met it a moment ago."""
        now = monotonic()
        if now - self._last >= CALM:
            self.lasting = False
            self._told.clear()
            log.warning(
                "Database at %s: it answers again, after %.0f s; requests answered with 503: %d.",
                self.place, now - self._since, self._refused,
            )  # fmt: skip

    def reason_of(self, error: BaseException) -> str | None:
        """The reason as the end of a sentence; None if the error is about the request, or a bug of ours."""
        if isinstance(error, asyncpg.PostgresError):
            code = error.sqlstate or ""
            reason = _REASONS.get(code) or _REASONS.get(code[:2])
            if reason is None or (code in _OF_THE_CALL_ONLY and error.context):
                return None
            return f"{reason.format(**self._names)} (SQLSTATE {code})"
        if isinstance(error, TimeoutError):
            return "no connection was free, or none was made, within DATABASE_TIMEOUT"
        if isinstance(error, socket.gaierror):
            return "the name of the host is not known"
        if isinstance(error, ssl.SSLCertVerificationError):
            return "its TLS certificate is not the expected one: see sslmode and sslrootcert in DATABASE_URL"
        if isinstance(error, OSError):
            return f"no connection: {error.strerror or type(error).__name__}{_hint(error)}"
        if isinstance(error, asyncpg.ClientConfigurationError):
            return "DATABASE_URL can't be used as it is: see sslmode, sslrootcert and the other parameters"
        if isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError):
            return f"the connection failed: {type(error).__name__}"
        return None


def _hint(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError | FileNotFoundError) or "Connect call failed" in str(error):
        return "; nothing listens there"
    if "SSL" in str(error):
        return "; it does not offer TLS, which sslmode in DATABASE_URL demands"
    return ""
