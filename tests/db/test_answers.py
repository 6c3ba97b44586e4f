"""What Python computes for the database counts while the task has the version that it was computed from."""

import json

import pytest

SERIES = {
    "title": "x",
    "is_recurring": True,
    "recurrence_rule": "FREQ=DAILY",
    "due_date": "2026-01-10T17:00:00Z",
}
NEXT = {"due_date": "2026-01-11T17:00:00", "series_start": "2026-01-10T17:00:00", "series_index": 2}


@pytest.fixture
def api(as_user, alice):
    """``api(function, argument=…)``: the status and the response, parsed."""
    session = as_user(alice)

    def call(function, **arguments):
        names = ", ".join(f"{name} => ${place}" for place, name in enumerate(arguments, 1))
        values = [json.dumps(value) if isinstance(value, dict) else value for value in arguments.values()]
        [row] = session.rows(f"select status, response from api.{function}({names})", *values)
        return row["status"], json.loads(row["response"])

    return call


def create(api, body, answer=None):
    return api("create_task", body=body, id=None, lenient=False, answer=answer, idempotency_key=None)


def update(api, task, body, answer=None):
    return api(
        "update_task",
        id=task["id"],
        body=body,
        lenient=False,
        if_match=None,
        if_none_match=None,
        answer=answer,
    )


def toggle(api, task, answer=None):
    return api(
        "toggle_task",
        id=task["id"],
        body={},
        lenient=False,
        if_match=None,
        if_none_match=None,
        answer=answer,
        idempotency_key=None,
    )


@pytest.fixture
def task(api):
    status, task = create(api, SERIES, {"recurrence_rule": "FREQ=DAILY", "checked": True})
    assert status == 201
    return task


def test_a_rule_and_a_zone_that_nobody_has_checked_are_asked_for(api):
    body = {**SERIES, "timezone": "utc"}
    for answer, asked in (
        (None, ["timezone", "recurrence_rule"]),
        ({"timezone": "UTC"}, ["recurrence_rule"]),
        ({"timezone": "UTC", "recurrence_rule": "FREQ=DAILY", "checked": False}, ["recurrence_rule"]),
        ({"recurrence_rule": "FREQ=DAILY", "checked": True}, ["timezone"]),
    ):
        status, question = create(api, body, answer)
        assert (status, question["asked"], question["version"]) == (None, asked, None)


def test_a_create_needs_no_premise(api):
    answer = {"timezone": "UTC", "recurrence_rule": "FREQ=DAILY", "checked": False, "version": None}
    status, task = create(api, {**SERIES, "recurrence_rule": "freq=daily", "timezone": "utc"}, answer)
    assert (status, task["recurrence_rule"], task["timezone"]) == (201, "FREQ=DAILY", "UTC")


def test_the_next_task_counts_for_the_version_that_it_was_computed_from(api, task):
    _, question = toggle(api, task)
    assert question["asked"] == ["next"]
    assert question["due_date"] == question["series_start"] == "2026-01-10T17:00:00"
    answer = {"version": question["version"], "next": NEXT}
    update(api, task, {"description": "somebody was here"})
    status, again = toggle(api, task, answer)
    assert (status, again["asked"]) == (None, ["next"])
    assert again["version"] > question["version"]
    status, done = toggle(api, task, {**answer, "version": again["version"]})
    assert (status, done["new_task"]["due_date"]) == (200, "2026-01-11T17:00:00Z")


def test_a_rule_that_is_checked_against_stored_data_counts_for_their_version(api, task):
    body = {"recurrence_rule": "freq=weekly"}
    normal = {"recurrence_rule": "FREQ=WEEKLY", "checked": False}
    _, question = update(api, task, body, normal)
    assert (question["asked"], question["recurrence_rule"]) == (["recurrence_rule"], "FREQ=WEEKLY")
    update(api, task, {"due_date": "2027-01-01T00:00:00Z"})
    answer = {**normal, "version": question["version"]}
    status, again = update(api, task, body, answer)
    assert (status, again["due_date"]) == (None, "2027-01-01T00:00:00")
    status, changed = update(api, task, body, {**answer, "version": again["version"]})
    assert (status, changed["recurrence_rule"]) == (200, "FREQ=WEEKLY")


@pytest.mark.parametrize(
    "answer", [{"next": NEXT}, {"version": None, "next": NEXT}, {"version": 1, "next": NEXT}]
)
def test_an_answer_without_the_right_version_is_no_answer(api, task, answer):
    assert toggle(api, task, answer)[0] is None


def test_another_spelling_of_the_stored_rule_begins_no_new_series(api, task):
    _, question = toggle(api, task)
    _, done = toggle(api, task, {"version": question["version"], "next": NEXT})
    successor = done["new_task"]
    body = {"recurrence_rule": "RRULE:freq=daily", "completed": True}
    _, question = update(api, successor, body, {"recurrence_rule": "FREQ=DAILY", "checked": False})
    assert (question["asked"], question["series_index"]) == (["next"], 2)
    assert question["series_start"] == "2026-01-10T17:00:00"
