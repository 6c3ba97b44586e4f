"""What only Python can compute while a task is saved: the normal form of a rule and of a zone, whether the rule comes due,
and the next occurrence.

``check_body`` computes what depends on the body alone, before the database is called. Where stored data matter, the database
saves nothing and asks a question (db/functions/tasks/save_task.sql): ``{"asked": ["timezone" | "recurrence_rule" | "next", …],
"version": …}`` and the fields of the series, with times in UTC without an offset. ``compute_next`` answers it:
``{"timezone": …, "recurrence_rule": …, "next": {…} | null, "version": …}``. The answer counts while the task has that version.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from app.recurrence.rules import InvalidRule, InvalidZone, normal_form, parse_rule
from app.recurrence.series import Series, check_rule, check_zone, next_occurrence, shift_reminder
from app.web.problems import Invalid, field_error

Json = Mapping[str, Any]


def check_body(body: str, *, creates: bool) -> Json:
    """What can be computed from a body alone; ``creates``: no task is stored yet that could matter.

    Most bodies have no rule and no zone, and are not even parsed.

    Raises:
        Invalid: the rule or the zone is wrong.
    """
    if "recurrence_rule" not in body and "timezone" not in body and "\\u" not in body:
        return {}
    try:
        task = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(task, dict):
        return {}
    due = _parse(task.get("due_date"))
    # The database reads forms of a time that Python does not.
    readable = due is not None or task.get("due_date") is None
    complete = readable and (creates or task.keys() >= {"due_date", "timezone"})
    rule, zone = (
        task[field] if isinstance(task.get(field), str) else None for field in ("recurrence_rule", "timezone")
    )
    found = check_series(rule, zone, due, complete=complete)
    return found if rule is None else {**found, "checked": complete}


def compute_next(question: Json) -> Json:
    """The answer to a question of the database.

    Raises:
        Invalid: the rule or the zone is wrong.
    """
    asked = question["asked"]
    due = _parse(question["due_date"])
    rule = question["recurrence_rule"] if "recurrence_rule" in asked else None
    found = check_series(rule, question["timezone"], due)
    answer = {field: value for field, value in found.items() if field in asked}
    if "next" in asked:
        answer["next"] = _next(question, due)
    return {**answer, "version": question["version"]}


def check_series(
    rule: str | None, zone: str | None, due: datetime | None, *, complete: bool = True
) -> dict[str, Any]:
    """The rule and the zone as they are to be stored, under the names of their fields; without those that are None.

    Not ``complete``: zone and due date are not all known, and only the syntax of the rule is checked.

    Raises:
        Invalid: with an error for each of the two that is wrong.
    """
    found = {}
    faults = []
    if zone is not None:
        try:
            found["timezone"] = check_zone(zone)
        except InvalidZone as error:
            faults.append(field_error(["body", "timezone"], error.message, error.type))
    if rule is not None:
        try:
            if complete:
                found["recurrence_rule"] = check_rule(rule, found.get("timezone"), due)
            else:
                found["recurrence_rule"] = normal_form(rule)
                parse_rule(found["recurrence_rule"])
        except InvalidRule as error:
            faults.append(field_error(["body", "recurrence_rule"], error.message, error.type))
    if faults:
        raise Invalid(faults)
    return found


def _next(question: Json, due: datetime | None) -> Json | None:
    now = datetime.now(UTC)
    zone = question["timezone"]
    # Without a due date, the second of completion begins the series.
    second = now.replace(microsecond=0)
    start = _parse(question["series_start"]) or second
    series = Series(question["recurrence_rule"], zone, start, question["series_index"], due or second)
    occurrence = next_occurrence(series, now if question["catch_up"] else None)
    if occurrence is None:
        return None
    reminder = _parse(question["reminder_at"])
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
