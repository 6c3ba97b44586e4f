"""Whether the service lives, and whether it is ready for requests."""

import json
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app import __version__
from app.database.calls import Database
from app.identity import Identity
from app.web.problems import Problem, Unavailable

_MIGRATIONS = Path(__file__).parents[2] / "db" / "migrations"
# Reads the catalog only; no row belongs to it.
_NOBODY = Identity("", read_only=True)


class Health:
    """The handlers of ``/health`` and ``/health/ready``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._migrations = sorted(path.name.partition("_")[0] for path in _MIGRATIONS.glob("*.sql"))

    async def live(self, request: Request) -> Response:
        """``GET /health``: 200, without asking the database."""
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        return JSONResponse(
            {"status": "healthy", "timestamp": now, "version": __version__},
            headers={"cache-control": "no-store"},
        )

    async def ready(self, request: Request) -> Response:
        """``GET /health/ready``: 200, or 503 with the reasons. No setting turns a reason off."""
        try:
            reasons = await self._database.find(
                "check_readiness", _NOBODY, migrations=json.dumps(self._migrations)
            )
        except Unavailable as error:
            reasons = [_reason_of(error)]
        except asyncpg.PostgresError as error:
            reasons = [_reason(error.sqlstate or "")]
        if reasons:
            raise Problem(
                "unavailable", "Not ready: " + "; ".join(reasons), {"retry-after": "1"}, reasons=reasons
            )
        return JSONResponse(
            {"status": "ready", "version": __version__}, headers={"cache-control": "no-store"}
        )


def _reason_of(error: Unavailable) -> str:
    """Why the database can't be asked, where it refuses the service."""
    cause = error.__cause__
    if isinstance(cause, asyncpg.PostgresError):
        return _reason(cause.sqlstate or "")
    return f"the database can't be reached: {type(cause).__name__ if cause else error.detail}"


def _reason(sqlstate: str) -> str:
    """The reason for an error of the database, by its SQLSTATE or the class of that, its first two characters."""
    reason = _REASONS.get(sqlstate) or _REASONS.get(sqlstate[:2]) or "the database answers with an error"
    return f"{reason} (SQLSTATE {sqlstate})"


_MIGRATE = "migrations are pending: run make migrate"
_LOGIN = "the database refuses the login: look at the role, the password and the database in DATABASE_URL"
_REASONS = {
    # The function that asks, or its schema, is not there yet.
    "42883": _MIGRATE,
    "3F000": _MIGRATE,
    "42501": "the role may not call api functions: connect as task_api",
    "28": _LOGIN,
    "3D000": _LOGIN,
    "53": "the database has no connection to spare",
    "57": "the database is starting, stopping or too slow to answer",
}
