"""What is written down: one line a request where LOG_LEVEL is info, and faults. Never a token, a title or a body."""

import json
import logging
import re
import traceback
from datetime import UTC, datetime
from hashlib import blake2b
from time import perf_counter
from typing import Any

import asyncpg
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.settings import Settings

log = logging.getLogger("duly.requests")

# https://www.w3.org/TR/trace-context/#traceparent-header
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")


def log_config(settings: Settings) -> dict[str, Any]:
    """What ``logging.config.dictConfig`` takes."""
    level = settings.log_level.upper()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"chosen": {"()": JsonFormatter if settings.log_format == "json" else TextFormatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "chosen"}},
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {
            "duly": {"level": level},
            # Clients could fill the log with its warnings.
            "uvicorn": {"level": "INFO" if level in ("DEBUG", "INFO") else "ERROR"},
        },
    }


class RequestLog:
    """Middleware: a line for each request that is over."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._key = settings.derive_key("log")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = perf_counter()
        status = 500

        async def send_noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        finally:
            fields = {
                "request_id": scope.get("request_id"),
                "method": scope["method"],
                "route": route_of(scope),
                "status": status,
                "ms": round(1000 * (perf_counter() - start), 2),
                "user": self._pseudonym(scope),
                "traceparent": traceparent_of(scope),
            }
            log.info("%(method)s %(route)s %(status)s %(ms)s ms", fields, extra={"fields": fields})

    def _pseudonym(self, scope: Scope) -> str | None:
        """The same user is the same word, which nobody without the key can turn back."""
        user = scope.get("user")
        return user and blake2b(user.user_id.encode(), key=self._key, digest_size=8).hexdigest()


class TextFormatter(logging.Formatter):
    """For a terminal."""

    def __init__(self) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """The stack and the names of the exceptions. Their texts are left out: a database's may quote a row, Python's a value."""
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
    """The client's traceparent, where it is sound."""
    for name, value in scope["headers"]:
        if name == b"traceparent" and _TRACEPARENT.fullmatch(value):
            return str(value.decode("ascii"))
    return None
