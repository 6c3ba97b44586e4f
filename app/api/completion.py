"""The parts of saving a task that only Python can compute.

These are the normal form of a rule and of a zone, the UTC time of a time without an offset, whether the rule
comes due, and the next occurrence.

``check_body`` computes what depends on the body alone, before the database is called. Where stored data
matter, the database saves nothing and asks a question (db/functions/tasks/save_task.sql): ``{"asked":
["timezone" | "recurrence_rule" | "due_date" | "reminder_at" | "next", …], "version": …}`` and the fields of
the series. Its times have no offset: those that are asked for are on the clock of the zone, the others in
UTC. ``compute_next`` answers it: ``{"timezone": …, "recurrence_rule": …, "due_date": …, "reminder_at": …,
"next": {…} | null, "version": …}``, in UTC. The answer counts while the task has that version.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from app.recurrence.rules import InvalidRule, InvalidZone, normal_form, parse_rule
from app.recurrence.series import Series, check_rule, check_zone, instant_of, next_occurrence, shift_reminder
from app.web.problems import Invalid, field_error

Json = Mapping[str, Any]

TIMES = ("due_date", "reminder_at")


def check_body(body: str, *, creates: bool) -> Json:
    """What can be computed from a body alone; ``creates``: no task is stored yet that could matter.

    Most bodies have no rule and no zone, and are not even parsed.

    Raises:
        Invalid: the rule, the zone or a time is wrong.
    """
    if "recurrence_rule" not in body and "timezone" not in body and "\\u" not in body:
        return {}
    try:
        task = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(task, dict):
        return {}
    rule, zone = (
        task[field] if isinstance(task.get(field), str) else None for field in ("recurrence_rule", "timezone")
    )
    given = {field: time for field in TIMES if (time := _parse(task.get(field)))}
    times, faults = read_clocks(given, zone)
    # The database reads forms of a time that Python does not.
    readable = "due_date" in times or task.get("due_date") is None
    complete = readable and (creates or task.keys() >= {"due_date", "timezone"})
    found = check_series(rule, zone, times.get("due_date"), complete=complete, faults=faults)
    found |= {field: time.isoformat() for field, time in times.items() if zone and not given[field].tzinfo}
    return found if rule is None else {**found, "checked": complete}


def compute_next(question: Json) -> Json:
    """The answer to a question of the database.

    Raises:
        Invalid: the rule, the zone or a time is wrong.
    """
    asked = question["asked"]
    zone = question["timezone"]
    given = {field: time for field in TIMES if (time := _parse(question[field]))}
    times = {field: time.replace(tzinfo=UTC) for field, time in given.items() if field not in asked}
    local, faults = read_clocks({field: given[field] for field in given.keys() - times.keys()}, zone)
    times |= local
    rule = question["recurrence_rule"] if "recurrence_rule" in asked else None
    found = check_series(rule, zone, times.get("due_date"), complete=not faults, faults=faults)
    found |= {field: time.isoformat() for field, time in times.items()}
    answer = {field: found.get(field) for field in asked if field != "next"}
    if "next" in asked:
        answer["next"] = _next(question)
    return {**answer, "version": question["version"]}


def check_series(
    rule: str | None,
    zone: str | None,
    due: datetime | None,
    *,
    complete: bool = True,
    faults: Sequence[Json] = (),
) -> dict[str, Any]:
    """The rule and the zone as they are to be stored, under the names of their fields, without None.

    Not ``complete``: zone and due date are not all known, and only the syntax of the rule is checked.

    Raises:
        Invalid: with an error for each of the two that is wrong, and the other ``faults`` of the body.
    """
    found = {}
    faults = list(faults)
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


def _read_clock(time: datetime, zone: str | None) -> datetime:
    """A naive time as the clock of the zone shows it, in UTC; one with an offset as it is.

    A zone that is wrong counts as UTC here; ``check_series`` refuses it.

    Raises:
        OverflowError: see ``_out_of_range``.
    """
    if time.tzinfo:
        return time
    try:
        return instant_of(time, zone)
    except InvalidZone:
        return time.replace(tzinfo=UTC)


def _out_of_range(field: str) -> Json:
    """The error of a time that is not within the years 1 to 9999 in UTC, in the words of its constraint."""
    return field_error(["body", field], "must lie between the years 1 and 9999", "time_range")


def read_clocks(given: Mapping[str, datetime], zone: str | None) -> tuple[dict[str, datetime], list[Json]]:
    """The times in UTC, by field, and the errors of those that are out of range."""
    times: dict[str, datetime] = {}
    faults: list[Json] = []
    for field, time in given.items():
        try:
            times[field] = _read_clock(time, zone)
        except OverflowError:
            faults.append(_out_of_range(field))
    return times, faults


def _next(question: Json) -> Json | None:
    now = datetime.now(UTC)
    due = _utc(question["due_date"])
    zone = question["timezone"]
    # Without a due date, the second of completion begins the series.
    second = now.replace(microsecond=0)
    start = _utc(question["series_start"]) or second
    series = Series(question["recurrence_rule"], zone, start, question["series_index"], due or second)
    occurrence = next_occurrence(series, now if question["catch_up"] else None)
    if occurrence is None:
        return None
    reminder = _utc(question["reminder_at"])
    if reminder is not None:
        reminder = shift_reminder(reminder, due or second, occurrence.due, zone)
    return {
        "due_date": occurrence.due.isoformat(),
        "reminder_at": reminder and reminder.isoformat(),
        "series_start": start.isoformat(),
        "series_index": occurrence.index,
    }


def _parse(text: object) -> datetime | None:
    """A time of ISO 8601, in UTC, or naive where it has no offset.

    None where there is none, or none that Python can read: the database may.
    """
    if not isinstance(text, str):
        return None
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo else time
    except (ValueError, OverflowError):
        return None


def _utc(text: str | None) -> datetime | None:
    """A time of the database, which is in UTC and has no offset.

    None where there is none, or one beyond the years 1 to 9999, which the database will refuse.
    """
    time = _parse(text)
    return time and time.replace(tzinfo=UTC)
