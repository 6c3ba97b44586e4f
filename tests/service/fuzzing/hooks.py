"""What schemathesis has to know of the service: the rules that JSON Schema can't state."""

from collections.abc import Mapping
from typing import Any

import schemathesis
from hypothesis import strategies as st

_RULES = [
    "FREQ=DAILY", "RRULE:FREQ=WEEKLY;BYDAY=MO,WE", "freq=monthly;bymonthday=-1",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
    "FREQ=HOURLY;INTERVAL=5;COUNT=100", "FREQ=MONTHLY;BYDAY=2TU;UNTIL=20991231", "FREQ=DAILY;COUNT=1",
    "FREQ=WEEKLY;WKST=SU;INTERVAL=2",
]  # fmt: skip
schemathesis.openapi.format("rrule", st.sampled_from(_RULES))
schemathesis.openapi.format(
    "time-zone", st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
)

# Whether a rule ever comes due, whether a zone exists, whose cursor it is, how fields or parameters go
# together.
_BEYOND_SCHEMA = {
    "answer_too_long",
    "cursor_invalid",
    "cursor_mismatch",
    "missing",
    "recurrence_rule_combination",
    "recurrence_rule_missing",
    "recurrence_rule_never",
    "recurrence_rule_part_unknown",
    "recurrence_rule_syntax",
    "recurrence_rule_too_fine",
    "recurrence_rule_value",
    "relevance_without_q",
    "reminder_after_due",
    "since_invalid",
    "time_range",
    "timezone_unknown",
}
# So does the state of a batch's tasks: an operation that can't be done is an error of its place.
_OPERATION_BY_STATE = {"not_found", "precondition_failed", "conflict"}
# The state of the task, and earlier requests, decide about these.
_BY_STATE = (
    "/problems/precondition-failed",
    "/problems/idempotency-key-reused",
    "/problems/too-many",
    "/problems/resync-required",
)

# Spellings that the document tells in words, so that generated clients have one; any letter case.
_SPELLINGS = {
    "status": {"complete", "completed", "true", "incomplete", "false"},
    "tags_match": {"any", "all"},
    "sort_by": {"due_date", "title", "priority", "created_at", "updated_at", "relevance"},
    "sort_order": {"asc", "desc"},
    "priority": {"high", "medium", "low"},
}


def _is_spelling(name: str, value: object) -> bool:
    return str(value).strip().lower() in _SPELLINGS.get(name, ())


@schemathesis.hook
def map_headers(context: Any, headers: dict[str, Any]) -> dict[str, Any]:
    """Any ETag will do: a made-up one is never the task's, and nothing would be written."""
    return headers | {"If-Match": "*"} if headers and "If-Match" in headers else headers


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Drops what is no failure: refused for rules beyond the schema alone, or by state; null, or left out,
    where that may be.
    """
    if response.status_code < 400:
        # It takes the schema of a stream, which is text, for that of an event.
        if failure.title == "SSE event violates schema":
            return False
        # It takes null for a violation of a format, which is one of strings only (JSON Schema Validation,
        # section 7.1).
        values = case.body.values() if isinstance(case.body, dict) else ()
        # And an empty parameter for one of the wrong type; it is one that was left out, as forms send it.
        left_out = any(value in ("", [""]) for value in (case.query or {}).values())
        if "in query" in failure.message and left_out:
            return False
        # And another spelling than the one of the schema.
        given = {**(case.query or {}), **(case.body if isinstance(case.body, dict) else {})}
        if any(f"`{name}`" in failure.message and _is_spelling(name, value) for name, value in given.items()):
            return False
        return not ("violates `format`" in failure.message and None in values)
    try:
        problem: Mapping[str, Any] = response.json()
    except ValueError:
        return True
    if problem["type"] in _BY_STATE:
        return False
    # It takes the last part of /tasks/batch, a path that GET / tells, for the id of a task.
    if (case.path_parameters or {}).get("id") == "batch":
        return False
    faults = problem.get("errors", [])
    return not faults or any(fault["type"] not in _BEYOND_SCHEMA | _OPERATION_BY_STATE for fault in faults)
