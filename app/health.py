"""Whether the service lives, and whether it is ready for requests."""

import json
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app import __version__
from app.auth import Identity
from app.database import Database
from app.errors import Problem, Unavailable

_MIGRATIONS = Path(__file__).parent.parent / "db" / "migrations"
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
            {"status": "healthy", "timestamp": now, "version": __version__}, headers={"cache-control": "no-store"}
        )

    async def ready(self, request: Request) -> Response:
        """``GET /health/ready``: 200, or 503 with the reasons. No setting turns a reason off."""
        try:
            found = await self._database.call("check_readiness", _NOBODY, json.dumps(self._migrations))
            reasons = json.loads(found.body or "[]")
        except Unavailable as error:
            reasons = [f"the database can't be reached: {type(error.__cause__).__name__}"]
        except asyncpg.PostgresError as error:
            reasons = [f"the database is not as it should be (SQLSTATE {error.sqlstate}); run make migrate"]
        if reasons:
            raise Problem("unavailable", "Not ready: " + "; ".join(reasons), {"retry-after": "1"}, reasons=reasons)
        return JSONResponse({"status": "ready", "version": __version__}, headers={"cache-control": "no-store"})
