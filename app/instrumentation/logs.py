"""The log: a line for each request where LOG_LEVEL is info, and errors. Never a token, a title or a body."""

import json
import logging
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import asyncpg
from starlette.types import Scope

from app.instrumentation.middleware import Exchange
from app.settings import Settings

log = logging.getLogger("duly.requests")

# https://www.w3.org/TR/trace-context/#traceparent-header
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")

# A token in a path, by mistake: a pass, or a JWT.
_TOKEN = re.compile(r"duly_\w+|eyJ[\w-]+\.[\w.-]+", re.ASCII)
_MAX_PATH = 200
_TOLD = "%(method)s %(route)s %(status)s %(ms)s ms"


def log_config(settings: Settings) -> dict[str, Any]:
    """The configuration for ``logging.config.dictConfig``."""
    level = settings.log_level.upper()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"chosen": {"()": JsonFormatter if settings.log_format == "json" else TextFormatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "chosen"}},
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {
            "duly": {"level": level},
            # A few lines, which an operator wants to see.
            "duly.start": {"level": "ERROR" if level == "ERROR" else "INFO"},
            # Clients could fill the log with its warnings.
            "uvicorn": {"level": "INFO" if level in ("DEBUG", "INFO") else "ERROR"},
        },
    }


class RequestLog:
    """A line for each exchange that is over."""

    def __init__(self, settings: Settings) -> None:
        self._key = settings.derive_key("log")

    @contextmanager
    def observe(self, exchange: Exchange) -> Iterator[None]:
        """An observer of the middleware."""
        try:
            yield
        finally:
            scope = exchange.scope
            fields = {
                "request_id": scope.get("request_id"),
                "method": scope["method"],
                "route": route_of(scope),
                "status": exchange.status,
                "ms": round(1000 * exchange.seconds, 2),
                "user": self._pseudonym(scope),
                "traceparent": traceparent_of(scope),
                "trace_id": trace_id_of(scope),
                "path": _path_of(scope) if exchange.status == 404 else None,
            }
            told = _TOLD + "".join(f" {name}=%({name})s" for name in ("path", "trace_id") if fields[name])
            log.info(told, fields, extra={"fields": fields})

    def _pseudonym(self, scope: Scope) -> str | None:
        """A keyed hash: stable for each user, irreversible without the key."""
        user = scope.get("user")
        return user and blake2b(user.user_id.encode(), key=self._key, digest_size=8).hexdigest()


class TextFormatter(logging.Formatter):
    """For a terminal."""

    def __init__(self) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """The stack and the names of the exceptions, without their texts.

        A text of the database may quote a row, one of Python a value.
        """
        lines: list[str] = []
        error: BaseException | None = ei[1]
        while error is not None:
            name = type(error).__name__
            if isinstance(error, asyncpg.PostgresError):
                name += f" (SQLSTATE {error.sqlstate})"
            lines += ["".join(traceback.format_tb(error.__traceback__)) + name]
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n".join(lines)


class JsonFormatter(TextFormatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        fields = getattr(record, "fields", None)
        line = {
            "time": datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            **({"message": record.getMessage()} if fields is None else fields),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps({name: value for name, value in line.items() if value is not None})


def route_of(scope: Scope) -> str:
    """The route as it is written in the application, with ``{id}`` and not an id; "-" where there is none."""
    route = scope.get("route")
    return getattr(route, "path", "-")


def traceparent_of(scope: Scope) -> str | None:
    """The client's traceparent; None where it is missing or malformed."""
    for name, value in scope["headers"]:
        if name == b"traceparent" and _TRACEPARENT.fullmatch(value):
            return str(value.decode("ascii"))
    return None


def trace_id_of(scope: Scope) -> str | None:
    """The trace of the request: of its span if TRACING is set, else of the client's traceparent."""
    known: str | None = scope.get("trace_id")
    if known is None and (traceparent := traceparent_of(scope)):
        known = traceparent.split("-")[1]
    return known


def _path_of(scope: Scope) -> str:
    """The path as it was sent, percent-encoded, without its query; at most 200 characters, and no token."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    text = _TOKEN.sub("…", raw.decode("ascii", "backslashreplace"))
    return text if len(text) <= _MAX_PATH else f"{text[: _MAX_PATH - 1]}…"
