"""The coming due dates of a task, and of a rule that is only being tried."""

import pytest

DAILY = {
    "is_recurring": True,
    "recurrence_rule": "FREQ=DAILY",
    "due_date": "2026-03-27T08:00:00Z",
    "timezone": "Europe/Berlin",
}


def test_a_task_tells_when_it_is_due_again_on_the_clock_of_its_zone(client, alice):
    task = client(alice).create(**DAILY)
    response = client(alice).get(f"/tasks/{task['id']}/occurrences?limit=3")
    assert (response.status_code, response.json()) == (
        200, {"occurrences": ["2026-03-28T08:00:00Z", "2026-03-29T07:00:00Z", "2026-03-30T07:00:00Z"]},
    )  # fmt: skip
    assert len(client(alice).get(f"/tasks/{task['id']}/occurrences/").json()["occurrences"]) == 10


def test_what_is_foretold_comes_true(client, alice):
    task = client(alice).create(
        **DAILY
        | {"recurrence_rule": "FREQ=MONTHLY;COUNT=4", "due_date": "2026-01-31T09:30:00.5Z", "timezone": None}
    )
    foretold = client(alice).get(f"/tasks/{task['id']}/occurrences").json()["occurrences"]
    came = []
    while task is not None:
        task = client(alice).post(f"/tasks/{task['id']}/toggle").json()["new_task"]
        came += [task["due_date"]] if task else []
        if task:
            rest = client(alice).get(f"/tasks/{task['id']}/occurrences").json()["occurrences"]
            assert rest == foretold[len(came) :]
    assert came == foretold
    assert len(came) == 3


@pytest.mark.parametrize("fields", [{}, {"recurrence_rule": "FREQ=DAILY"}])
def test_a_task_that_is_not_recurring_has_none(client, alice, fields):
    task = client(alice).create(**fields)
    assert client(alice).get(f"/tasks/{task['id']}/occurrences").json() == {"occurrences": []}


def test_a_rule_can_be_tried(client, alice):
    trial = {
        "due_date": "2026-01-31",
        "recurrence_rule": "RRULE:freq=monthly;bymonthday=-1",
        "timezone": "europe/berlin",
        "limit": 2.0,
    }
    response = client(alice).post("/occurrences", trial)
    # Midnight in Berlin, whose clocks change in between.
    assert (response.status_code, response.json()) == (
        200,
        {"occurrences": ["2026-02-27T23:00:00Z", "2026-03-30T22:00:00Z"]},
    )
    assert client(alice).page()["total"] == 0


def test_without_a_due_date_a_rule_is_counted_from_now(client, alice):
    assert (
        len(client(alice).post("/occurrences", {"recurrence_rule": "FREQ=DAILY"}).json()["occurrences"]) == 10
    )


def test_a_token_is_needed(http, alice):
    assert http.post("/occurrences", json={"recurrence_rule": "FREQ=DAILY"}).status_code == 401


def test_someone_elses_task_is_404(client, alice, bob):
    assert client(bob).get(f"/tasks/{client(alice).create(**DAILY)['id']}/occurrences").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=x",
        "limit=1.5",
        "limit=1&limit=2",
        "limit=%D9%A5",
        "offset=1",
        "=",
        "limit=%FF",
    ],
)
def test_a_bad_parameter_is_400(client, alice, query):
    task = client(alice).create(**DAILY)
    response = client(alice).get(f"/tasks/{task['id']}/occurrences?{query}")
    assert (response.status_code, response.json()["errors"][0]["loc"][0]) == (400, "query")


def test_an_empty_limit_is_one_that_was_left_out(client, alice):
    task = client(alice).create(**DAILY)
    assert len(client(alice).get(f"/tasks/{task['id']}/occurrences?limit=").json()["occurrences"]) == 10


def test_all_faults_of_a_trial_are_told_at_once(client, alice):
    trial = {
        "due_date": "soon",
        "recurrence_rule": "FREQ=NEVER",
        "timezone": "Mars/Olympus",
        "limit": True,
        "rule": 1,
    }
    faults = {
        fault["loc"][1]: fault["type"] for fault in client(alice).post("/occurrences", trial).json()["errors"]
    }
    assert faults == {
        "due_date": "datetime_format", "recurrence_rule": "recurrence_rule_value",
        "timezone": "timezone_unknown",
        "limit": "number_range", "rule": "unknown_field",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("trial", "expected"),
    [
        ({}, {"recurrence_rule": "missing"}),
        ({"recurrence_rule": None}, {"recurrence_rule": "missing"}),
        ({"recurrence_rule": 5}, {"recurrence_rule": "string_type"}),
        ({"recurrence_rule": "FREQ=DAILY;" + "X" * 500}, {"recurrence_rule": "string_length"}),
        (
            {"recurrence_rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"},
            {"recurrence_rule": "recurrence_rule_never"},
        ),
        (
            {"recurrence_rule": "FREQ=DAILY", "due_date": "9999-12-31T23:59:59-01:00"},
            {"due_date": "time_range"},
        ),
        (
            {"recurrence_rule": "FREQ=DAILY", "due_date": "0001-01-01T00:00:00+01:00"},
            {"due_date": "time_range"},
        ),
        ([], {"": "object_type"}),
    ],
)
def test_a_bad_trial_is_400(client, alice, trial, expected):
    response = client(alice).post("/occurrences", trial)
    assert response.status_code == 400
    assert {".".join(fault["loc"][1:]): fault["type"] for fault in response.json()["errors"]} == expected
