"""The coming due dates of a task, or of a rule that is only being tried."""

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.api.completion import check_series, read_clocks
from app.api.parameters import read_parameters
from app.auth.authenticator import Authenticator
from app.database.calls import Database
from app.recurrence.series import MAX_OCCURRENCES, Series, occurrences
from app.settings import Settings
from app.web.problems import Invalid
from app.web.requests import is_lenient, json_body, task_id

DEFAULT_LIMIT = 10


class Occurrences:
    """The handlers of ``/tasks/{id}/occurrences`` and ``/occurrences``."""

    def __init__(self, settings: Settings, database: Database, authenticator: Authenticator) -> None:
        self._settings = settings
        self._database = database
        self._authenticator = authenticator

    async def of_task(self, request: Request) -> Response:
        """``GET /tasks/{id}/occurrences``: 200, the due dates that come after the task's own.

        None where the task isn't recurring.
        """
        user = await self._authenticator.identify(request.scope)
        identifier = task_id(request)
        limit, _ = read_parameters(request, limit=DEFAULT_LIMIT, max_limit=MAX_OCCURRENCES)
        return _respond(await self._database.find("get_series", user, id=identifier), limit)

    async def of_rule(self, request: Request) -> Response:
        """``POST /occurrences``: 200, the due dates that come after the one in the body, or after now."""
        user = await self._authenticator.identify(request.scope)
        body = await json_body(request, "application/json")
        lenient = is_lenient(request, self._settings)
        series = await self._database.find("read_series", user, body=body, lenient=lenient)
        faults = series["faults"]
        due = _time(series["due_date"])
        refused: list[Any] = []
        if due is not None and series["is_local"]:
            times, refused = read_clocks({"due_date": due.replace(tzinfo=None)}, series["timezone"])
            due = times.get("due_date")
            series["due_date"] = due and due.replace(tzinfo=None).isoformat()
        try:
            series |= check_series(
                series["recurrence_rule"], series["timezone"], due, complete=not refused, faults=refused
            )
        except Invalid as refusal:
            places = [each["loc"] for each in faults]
            errors: Any = refusal.extra["errors"]
            faults += [error for error in errors if error["loc"] not in places]
        if faults:
            raise Invalid(faults)
        return _respond(series, series["limit"] or DEFAULT_LIMIT)


def _respond(series: dict[str, Any], limit: int) -> Response:
    coming = []
    if series["recurrence_rule"] is not None:
        due = _time(series["due_date"]) or datetime.now(UTC).replace(microsecond=0)
        start = _time(series.get("series_start")) or due
        coming = occurrences(
            Series(series["recurrence_rule"], series["timezone"], start, series.get("series_index", 1), due),
            limit,
        )
    dates = [_text(each.due) for each in coming]
    return JSONResponse(
        {"occurrences": dates}, headers={"cache-control": "private, no-cache", "vary": "Authorization"}
    )


def _time(text: str | None) -> datetime | None:
    """A time of the database, in UTC without an offset."""
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


def _text(time: datetime) -> str:
    """As PostgreSQL writes the times of a task: RFC 3339 in UTC, a fraction only where there is one."""
    text = time.replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if time.microsecond else text) + "Z"
