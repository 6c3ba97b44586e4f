"""Recurring tasks: completing one makes its successor."""

import pytest


def recurring(client, rule, due_date="2026-01-31T08:00:00Z", **fields):
    return client.create(
        title="Recurring", is_recurring=True, recurrence_rule=rule, due_date=due_date, **fields
    )


def complete(client, task, **body):
    response = client.post(f"/tasks/{task['id']}/toggle", {"completed": True, **body})
    assert response.status_code == 200, response.text
    return response.json()["new_task"]


@pytest.mark.parametrize(
    ("rule", "due_dates"),
    [
        ("FREQ=DAILY", ["2026-02-01", "2026-02-02", "2026-02-03"]),
        ("FREQ=WEEKLY", ["2026-02-07", "2026-02-14"]),
        ("FREQ=MONTHLY", ["2026-03-31", "2026-05-31", "2026-07-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", ["2026-02-28", "2026-03-31", "2026-04-30"]),
        ("FREQ=YEARLY", ["2027-01-31", "2028-01-31"]),
        ("FREQ=DAILY;COUNT=3", ["2026-02-01", "2026-02-02", None]),
        ("FREQ=WEEKLY;UNTIL=20260210T000000Z", ["2026-02-07", None]),
        ("FREQ=DAILY;INTERVAL=10", ["2026-02-10", "2026-02-20", "2026-03-02"]),
    ],
)
def test_each_completion_makes_the_next_of_the_series(client, alice, rule, due_dates):
    task = recurring(client(alice), rule)
    for due_date in due_dates:
        task = complete(client(alice), task)
        assert (task and task["due_date"]) == (due_date and f"{due_date}T08:00:00Z")


def test_the_successor_has_the_fields_of_its_predecessor(client, alice):
    task = recurring(
        client(alice),
        "FREQ=DAILY",
        description="d",
        priority="High",
        tags=["a"],
        reminder_at="2026-01-31T07:30:00Z",
        timezone="Europe/Berlin",
    )
    successor = complete(client(alice), task)
    same = (
        "title",
        "description",
        "priority",
        "tags",
        "recurrence_rule",
        "timezone",
        "is_recurring",
        "user_id",
    )
    assert all(successor[field] == task[field] for field in same)
    assert (successor["completed"], successor["due_date"], successor["reminder_at"]) == (
        False,
        "2026-02-01T08:00:00Z",
        "2026-02-01T07:30:00Z",
    )
    assert client(alice).get(f"/tasks/{successor['id']}").json() == successor


def test_nine_o_clock_stays_nine_o_clock_across_a_change_of_clocks(client, alice):
    task = recurring(client(alice), "FREQ=DAILY", "2026-03-28T09:00:00+01:00", timezone="Europe/Berlin")
    assert complete(client(alice), task)["due_date"] == "2026-03-29T07:00:00Z"


def test_completing_again_after_reopening_returns_the_same_successor(client, alice):
    task = recurring(client(alice), "FREQ=DAILY")
    successor = complete(client(alice), task)
    client(alice).patch(f"/tasks/{successor['id']}", {"title": "touched"})
    client(alice).post(f"/tasks/{task['id']}/toggle", {"completed": False})
    assert complete(client(alice), task)["id"] == successor["id"]
    assert client(alice).page()["total"] == 2


def test_reopening_takes_back_a_successor_that_nobody_has_touched(client, alice):
    task = recurring(client(alice), "FREQ=DAILY")
    successor = complete(client(alice), task)
    client(alice).post(f"/tasks/{task['id']}/toggle")
    assert client(alice).get(f"/tasks/{successor['id']}").status_code == 404
    assert complete(client(alice), task)["due_date"] == successor["due_date"]


def test_a_retry_of_a_completion_returns_the_successor_and_makes_nothing(client, alice):
    task = recurring(client(alice), "FREQ=DAILY")
    assert complete(client(alice), task) == complete(client(alice), task)
    assert client(alice).page()["total"] == 2


@pytest.mark.parametrize("method", ["put", "patch"])
def test_completed_written_with_put_or_patch_does_what_toggle_does(client, alice, method):
    task = recurring(client(alice), "FREQ=DAILY")
    response = getattr(client(alice), method)(f"/tasks/{task['id']}", task | {"completed": True})
    assert (response.status_code, response.json()["completed"]) == (200, True)
    assert [t["due_date"] for t in client(alice).page(status="false")["items"]] == ["2026-02-01T08:00:00Z"]


def test_a_deleted_successor_is_made_again_by_completing_again(client, alice):
    task = recurring(client(alice), "FREQ=DAILY")
    successor = complete(client(alice), task)
    client(alice).delete(f"/tasks/{successor['id']}")
    assert complete(client(alice), task) is None
    client(alice).post(f"/tasks/{task['id']}/toggle", {"completed": False})
    assert complete(client(alice), task)["due_date"] == successor["due_date"]


@pytest.mark.parametrize(
    ("change", "due_date"),
    [
        ({"recurrence_rule": "FREQ=WEEKLY"}, "2026-02-07T08:00:00Z"),
        ({"due_date": "2026-04-01T08:00:00Z"}, "2026-04-02T08:00:00Z"),
        ({"recurrence_rule": "rrule:freq=daily;count=2"}, "2026-02-01T08:00:00Z"),
        ({"is_recurring": False}, None),
    ],
)
def test_a_changed_rule_or_due_date_begins_a_new_series(client, alice, change, due_date):
    task = recurring(client(alice), "FREQ=DAILY;COUNT=5")
    response = client(alice).patch(f"/tasks/{task['id']}", change)
    assert response.status_code == 200, response.text
    successor = complete(client(alice), task)
    assert (successor and successor["due_date"]) == due_date


def test_count_begins_anew_with_a_changed_due_date(client, alice):
    task = complete(client(alice), recurring(client(alice), "FREQ=DAILY;COUNT=2"))
    client(alice).patch(f"/tasks/{task['id']}", {"due_date": "2026-05-01T08:00:00Z"})
    task = complete(client(alice), task)
    assert task["due_date"] == "2026-05-02T08:00:00Z"
    assert complete(client(alice), task) is None


def test_the_rule_is_stored_in_upper_case_without_its_name(client, alice):
    assert (
        recurring(client(alice), "rrule:freq=daily;Interval=2")["recurrence_rule"] == "FREQ=DAILY;INTERVAL=2"
    )


def test_a_zone_is_stored_as_the_tz_database_spells_it(client, alice):
    task = recurring(client(alice), "FREQ=DAILY", timezone="europe/berlin")
    assert task["timezone"] == "Europe/Berlin"
    assert (
        client(alice).patch(f"/tasks/{task['id']}", {"timezone": "america/new_york"}).json()["timezone"]
        == "America/New_York"
    )


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY", "FREQ=MINUTELY", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;COUNT=0", "", "weekly",
        "FREQ=DAILY;COUNT=2;UNTIL=20270101", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "DTSTART:20260101T000000Z\nRRULE:FREQ=DAILY",
        "FREQ=DAILY\nFREQ=DAILY", "FREQ=YEARLY;BYEASTER=0", "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=12;SKIP=FORWARD",
    ],
)  # fmt: skip
def test_a_rule_that_breaks_the_rfc_or_never_comes_is_refused_at_once(client, alice, rule):
    body = {"title": "x", "is_recurring": True, "recurrence_rule": rule, "due_date": "2026-01-31"}
    response = client(alice).post("/tasks", body)
    assert response.status_code == 400, response.text
    assert [error["loc"] for error in response.json()["errors"]] == [["body", "recurrence_rule"]]
    task = client(alice).create(due_date="2026-01-31")
    assert client(alice).patch(f"/tasks/{task['id']}", {"recurrence_rule": rule}).status_code == 400


@pytest.mark.parametrize(
    ("rule", "due_date"),
    [
        ("FREQ=DAILY;UNTIL=19971224T000000Z", "1997-12-23T09:00:00Z"),
        ("FREQ=DAILY;COUNT=1", "2026-01-31T08:00:00Z"),
        ("FREQ=DAILY;UNTIL=20200101", "2026-01-31T08:00:00Z"),
    ],
)
def test_the_last_task_of_a_series_is_valid_and_makes_nothing(client, alice, rule, due_date):
    task = recurring(client(alice), rule, due_date)
    assert client(alice).get(f"/tasks/{task['id']}/occurrences").json() == {"occurrences": []}
    assert complete(client(alice), task) is None
    other = client(alice).create(due_date=due_date)
    response = client(alice).patch(f"/tasks/{other['id']}", {"recurrence_rule": rule, "is_recurring": True})
    assert response.status_code == 200, response.text
    assert complete(client(alice), other, catch_up=True) is None


def test_a_whole_time_of_day_has_no_fraction_without_a_due_date(client, alice):
    rule = "FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0"
    task = client(alice).create(is_recurring=True, recurrence_rule=rule)
    tried = client(alice).post("/occurrences", {"recurrence_rule": rule}).json()["occurrences"]
    coming = client(alice).get(f"/tasks/{task['id']}/occurrences").json()["occurrences"]
    for due_date in (complete(client(alice), task)["due_date"], tried[0], coming[0]):
        assert due_date.endswith("T09:00:00Z")


def test_catch_up_takes_the_first_occurrence_after_now(client, alice):
    task = recurring(client(alice), "FREQ=DAILY", "2020-01-01T00:00:00Z")
    late = complete(client(alice), task)
    assert late["due_date"] == "2020-01-02T00:00:00Z"
    caught_up = complete(client(alice), late, catch_up=True)
    assert caught_up["due_date"] > caught_up["created_at"][:19]


def test_without_a_due_date_the_next_is_counted_from_the_completion(client, alice):
    task = client(alice).create(is_recurring=True, recurrence_rule="FREQ=DAILY")
    done = client(alice).post(f"/tasks/{task['id']}/toggle").json()
    assert done["new_task"]["due_date"][11:19] <= done["task"]["updated_at"][11:19]
    assert done["new_task"]["due_date"] > done["task"]["updated_at"]


def test_put_of_what_was_read_begins_no_new_series(client, alice):
    first = recurring(client(alice), "FREQ=DAILY;COUNT=3")
    second = complete(client(alice), first)
    assert client(alice).put(f"/tasks/{second['id']}", second).json() == second
    third = complete(client(alice), second)
    assert complete(client(alice), third) is None


def test_a_bad_rule_for_a_task_that_is_not_there_is_404(client, alice):
    response = client(alice).patch(
        "/tasks/7d1c6a52-2a6b-4e43-9a5e-0a9f2f3c4d5e", {"recurrence_rule": "FREQ=NEVER"}
    )
    assert response.status_code == 404
