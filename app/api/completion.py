"""What the database asks about recurrence rules while it saves a task, and the answers (db/functions/tasks/save_task.sql).

A question is ``{"asked": ["timezone" | "recurrence_rule" | "next", …], "premises": {…}}``, an answer
``{"premises": {…}, "timezone": …, "recurrence_rule": …, "next": {…} | null}``. The premises of an answer are all that it
depends on: it counts only where they still hold when it arrives. Times in them are in UTC, without an offset.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from app.recurrence.rules import InvalidRule, InvalidZone
from app.recurrence.series import Series, check_rule, check_zone, next_occurrence, shift_reminder
from app.web.problems import Invalid, field_error

Json = Mapping[str, Any]


def check_body(body: str) -> str | None:
    """The answer, as JSON, to what the database is going to ask about a body; None where that can't be known.

    Most bodies have no rule, and are not even parsed.

    Raises:
        Invalid: where the rule or the zone is wrong.
    """
    if "recurrence_rule" not in body and "timezone" not in body and "\\u" not in body:
        return None
    try:
        task = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(task, dict):
        return None
    premises: dict[str, Any] = {}
    asked = []
    for field in ("timezone", "recurrence_rule"):
        if isinstance(task.get(field), str):
            premises[field] = task[field]
            asked.append(field)
    if "recurrence_rule" in premises:
        due = _parse(task.get("due_date"))
        if due is None and task.get("due_date") is not None:
            return None
        premises["due_date"] = due and due.replace(tzinfo=None).isoformat()
        premises["timezone"] = premises.get("timezone")
    return compute_next({"asked": asked, "premises": premises}) if asked else None


def compute_next(question: Json) -> str:
    """The answer to a question, as JSON.

    Raises:
        Invalid: where the rule or the zone is wrong.
    """
    premises = question["premises"]
    reply: dict[str, Any] = {"premises": premises}
    faults = []
    due = _parse(premises.get("due_date"))
    zone = premises.get("timezone")
    if zone is not None:
        try:
            reply["timezone"] = check_zone(zone)
        except InvalidZone as error:
            faults.append(field_error(["body", "timezone"], error.message, error.type))
            zone = None
    if "recurrence_rule" in question["asked"]:
        try:
            reply["recurrence_rule"] = check_rule(premises["recurrence_rule"], zone, due)
        except InvalidRule as error:
            faults.append(field_error(["body", "recurrence_rule"], error.message, error.type))
    if faults:
        raise Invalid(faults)
    if "next" in question["asked"]:
        reply["next"] = _next(premises, due)
    return json.dumps(reply)


def _next(premises: Json, due: datetime | None) -> Json | None:
    now = datetime.now(UTC)
    zone = premises["timezone"]
    # Without a due date, the second of completion begins the series.
    second = now.replace(microsecond=0)
    start = _parse(premises["series_start"]) or second
    series = Series(premises["recurrence_rule"], zone, start, premises["series_index"], due or second)
    occurrence = next_occurrence(series, now if premises["catch_up"] else None)
    if occurrence is None:
        return None
    reminder = _parse(premises["reminder_at"])
    if reminder is not None:
        reminder = shift_reminder(reminder, due or second, occurrence.due, zone)
    return {
        "due_date": occurrence.due.isoformat(),
        "reminder_at": reminder and reminder.isoformat(),
        "series_start": start.isoformat(),
        "series_index": occurrence.index,
    }


def _parse(text: object) -> datetime | None:
    """A time of ISO 8601, in UTC; None where there is none, or none that Python can read (the database may)."""
    if not isinstance(text, str):
        return None
    try:
        time = datetime.fromisoformat(text)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
