"""Whether the service lives, and whether it is ready for requests."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import NamedTuple

import asyncpg
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app import __version__
from app.api.background import running
from app.database.baseline import expected_functions
from app.database.calls import Database
from app.files import BASELINE, DATABASE_FILES, MIGRATIONS
from app.identity import NOBODY
from app.settings import Settings, SettingsError
from app.web.problems import Problem, Unavailable

log = logging.getLogger("duly.health")

# Seconds that the start waits for the database's answer, and until it is asked again.
_PATIENCE = 2.0
_PAUSE = 5.0


class Reason(NamedTuple):
    """Why the service is not ready: a code for everybody, and a sentence for its operator."""

    code: str
    sentence: str


class Health:
    """The handlers of ``/health`` and ``/health/ready``."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._database = database
        self._tells_details = settings.health_details
        migrations = sorted(path.name.partition("_")[0] for path in MIGRATIONS.glob("*.sql"))
        if not migrations or not BASELINE.exists():
            raise SettingsError(
                f"{DATABASE_FILES} lacks migrations or audit/baseline.sql, so readiness can't be judged: "
                "install Duly anew"
            )
        self._migrations = json.dumps(migrations)
        self._functions = json.dumps(expected_functions())
        self._told: list[Reason] = []
        self._has_answer = False

    @asynccontextmanager
    async def proving(self) -> AsyncIterator[None]:
        """Before the first request, write into the log why the service is not ready.

        The service starts in any case. A database that does not answer yet is asked again until it does.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await self._find_reasons()
        async with running(self._ask_again()):
            yield

    async def _ask_again(self) -> None:
        while not self._has_answer:
            await asyncio.sleep(_PAUSE)
            await self._find_reasons()

    async def live(self, request: Request) -> Response:
        """``GET /health``: 200, without asking the database."""
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        return JSONResponse(
            {"status": "healthy", "timestamp": now, "version": __version__},
            headers={"cache-control": "no-store"},
        )

    async def ready(self, request: Request) -> Response:
        """``GET /health/ready``: 200, or 503 with the codes of the reasons. No setting turns a reason off.

        Anybody may ask, and the reasons name tables and roles: they go to the log.
        """
        reasons = await self._find_reasons()
        if reasons:
            codes = list(dict.fromkeys(reason.code for reason in reasons))
            details = {"reasons": [reason.sentence for reason in reasons]} if self._tells_details else {}
            raise Problem(
                "unavailable", "Not ready: " + ", ".join(codes), {"retry-after": "1"}, codes=codes, **details
            )
        return JSONResponse(
            {"status": "ready", "version": __version__}, headers={"cache-control": "no-store"}
        )

    async def _find_reasons(self) -> list[Reason]:
        """Why the service is not ready. New reasons go to the log; an outage is there already."""
        try:
            found = await self._database.find(
                "check_readiness", NOBODY, migrations=self._migrations, functions=self._functions
            )
            reasons = sorted(Reason(entry["code"], entry["reason"]) for entry in found)
            self._has_answer = True
        except Unavailable as error:
            return [_reason_of(error)]
        except asyncpg.PostgresError as error:
            reasons = [_reason(error.sqlstate or "")]
        self._tell(reasons)
        return reasons

    def _tell(self, reasons: list[Reason]) -> None:
        if reasons == self._told:
            return
        for reason in reasons:
            log.error("Not ready: %s", reason.sentence, extra={"code": reason.code})
        if not reasons:
            log.warning("Ready again")
        self._told = reasons


def _reason_of(error: Unavailable) -> Reason:
    """The reason for a database that was not reached, or refuses the service."""
    cause = error.__cause__
    if isinstance(cause, asyncpg.PostgresError):
        return _reason(cause.sqlstate or "")
    about = type(cause).__name__ if cause else error.detail
    return Reason("unreachable", f"the database can't be reached: {about}")


def _reason(sqlstate: str) -> Reason:
    """The reason for a database error, by its SQLSTATE or its class (the first two characters)."""
    code, sentence = _REASONS.get(sqlstate) or _REASONS.get(sqlstate[:2]) or _ERROR
    return Reason(code, f"{sentence} (SQLSTATE {sqlstate})")


_MIGRATE = "migrations-pending", "migrations are pending: run duly migrate (make migrate)"
_LOGIN = (
    "login-refused",
    "the database refuses the login: look at the role, the password and the database in DATABASE_URL",
)
_ERROR = "database-error", "the database answers with an error"
_REASONS = {
    # The function that asks, or its schema, is not there yet.
    "42883": _MIGRATE,
    "3F000": _MIGRATE,
    "42501": ("functions", "the role may not call api functions: connect as task_api"),
    "28": _LOGIN,
    "3D000": _LOGIN,
    "53": ("unreachable", "the database has no connection to spare"),
    "57": ("unreachable", "the database is starting, stopping or too slow to answer"),
}
