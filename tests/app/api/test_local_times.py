"""A time without an offset is read on the clock of the task's time zone, by the tzdata package."""

import json
from datetime import timedelta, timezone

import pytest

from app.recurrence import series
from tests.app.api.test_refusals import faults

ANGELES = "America/Los_Angeles"
LOCAL = [
    ("2026-03-01", ANGELES, "2026-03-01T08:00:00Z"),
    ("20260301", ANGELES, "2026-03-01T08:00:00Z"),
    ("2026-03-01T09:30", ANGELES, "2026-03-01T17:30:00Z"),
    ("2026-03-01T09:30:00.1234567", ANGELES, "2026-03-01T17:30:00.123456Z"),
    ("2026-03-01 09:30:00,5", ANGELES, "2026-03-01T17:30:00.5Z"),
    ("2026-03-01T23:59:60", ANGELES, "2026-03-02T08:00:00Z"),
    ("2026-03-01T24:00", ANGELES, "2026-03-02T08:00:00Z"),
    ("2026-W09-7", ANGELES, "2026-03-01T08:00:00Z"),
    ("2026-W09-7T09:30", ANGELES, "2026-03-01T17:30:00Z"),
    ("2026W097T0930", ANGELES, "2026-03-01T17:30:00Z"),
    ("2026-060", ANGELES, "2026-03-01T08:00:00Z"),
    ("2026060T09", ANGELES, "2026-03-01T17:00:00Z"),
    ("2026-03-01T09:30Z", ANGELES, "2026-03-01T09:30:00Z"),
    ("2026-060T09:30+01:00", ANGELES, "2026-03-01T08:30:00Z"),
    ("2026-07-01", "Asia/Kathmandu", "2026-06-30T18:15:00Z"),
    ("2026-07-01", "europe/berlin", "2026-06-30T22:00:00Z"),
    ("2026-07-01", "UTC", "2026-07-01T00:00:00Z"),
    ("2026-07-01", None, "2026-07-01T00:00:00Z"),
    # The clock skips 02:30, which is read with the offset from before; or it shows 02:30 twice: the first.
    ("2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:30:00Z"),
    ("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30:00Z"),
    # A day that begins at 01:00.
    ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00Z"),
    # The first day of the calendar, on a clock that is behind UTC.
    ("0001-01-01", ANGELES, "0001-01-01T07:52:58Z"),
]


@pytest.mark.parametrize(("sent", "zone", "stored"), LOCAL)
def test_it_is_read_in_the_zone_wherever_both_come_from(client, alice, sent, zone, stored):
    mine = client(alice)
    for field in ("due_date", "reminder_at"):
        for body in ({"timezone": zone, field: sent}, {field: sent, "timezone": zone}):
            assert mine.create(**body)[field] == stored
        task = mine.create(timezone=zone)
        for change in ({field: sent}, {field: sent, "title": "x"}, {"timezone": zone, field: sent}):
            path = f"/tasks/{task['id']}"
            mine.patch(path, {field: None})
            assert mine.patch(path, change).json()[field] == stored
        # The body's zone counts, not the stored one.
        task = mine.create(timezone="Pacific/Auckland")
        assert mine.put(f"/tasks/{task['id']}", {field: sent, "timezone": zone}).json()[field] == stored
        path = f"/tasks/{task['id'][:-12]}{'0' * 11}{'1' if field == 'due_date' else '2'}"
        made = mine.put(path, {"title": "x", field: sent, "timezone": zone}, headers={"If-None-Match": "*"})
        assert made.json()[field] == stored
    trial = {"recurrence_rule": "FREQ=DAILY;INTERVAL=7", "timezone": zone, "due_date": sent}
    task = mine.create(is_recurring=True, **trial)
    foretold = mine.get(f"/tasks/{task['id']}/occurrences").json()
    assert mine.post("/occurrences", trial).json() == foretold


def test_a_change_of_the_zone_alone_moves_no_time(client, alice):
    task = client(alice).create(due_date="2026-03-01", timezone=ANGELES)
    changed = client(alice).patch(f"/tasks/{task['id']}", {"timezone": "Europe/Berlin"}).json()
    assert changed["due_date"] == "2026-03-01T08:00:00Z"
    changed = client(alice).patch(f"/tasks/{task['id']}", {"timezone": None, "due_date": "2026-03-01"}).json()
    assert (changed["timezone"], changed["due_date"]) == (None, "2026-03-01T00:00:00Z")


@pytest.mark.parametrize("zone", [ANGELES, "Europe/Berlin", "Australia/Lord_Howe", None])
def test_an_all_day_task_due_on_the_1st_stays_on_the_1st(client, alice, zone):
    rule = "FREQ=MONTHLY;BYMONTHDAY=1"
    task = client(alice).create(due_date="2026-03-01", timezone=zone, is_recurring=True, recurrence_rule=rule)
    for month in range(4, 13):
        task = client(alice).post(f"/tasks/{task['id']}/toggle").json()["new_task"]
        same = client(alice).create(due_date=f"2026-{month:02}-01", timezone=zone)
        assert task["due_date"] == same["due_date"]


def test_a_task_is_completed_and_moved_on_its_clock_at_once(client, alice):
    task = client(alice).create(
        due_date="2026-01-01", timezone=ANGELES, is_recurring=True, recurrence_rule="FREQ=DAILY"
    )
    body = {"completed": True, "due_date": "2026-060", "reminder_at": "2026-02-28T09:00"}
    assert client(alice).patch(f"/tasks/{task['id']}", body).json()["due_date"] == "2026-03-01T08:00:00Z"
    (next,) = client(alice).page(status="incomplete")["items"]
    assert (next["due_date"], next["reminder_at"]) == ("2026-03-02T08:00:00Z", "2026-03-01T17:00:00Z")


def test_a_rule_is_set_beside_a_local_time_and_checked_from_there(client, alice):
    task = client(alice).create(timezone=ANGELES)
    # In UTC, it would never come due: 2026-03-01 is 08:00 there.
    body = {
        "recurrence_rule": "FREQ=HOURLY;INTERVAL=24;BYHOUR=0",
        "is_recurring": True,
        "due_date": "2026-03-01",
    }
    assert client(alice).patch(f"/tasks/{task['id']}", body).status_code == 200
    assert client(alice).post("/tasks", {"title": "x", "timezone": ANGELES} | body).status_code == 201
    refused = client(alice).post(
        "/tasks", {"title": "x", "timezone": ANGELES} | body | {"due_date": "2026-03-01T09"}
    )
    assert faults(refused) == {"recurrence_rule": "recurrence_rule_never"}


def test_reminders_are_judged_on_the_same_clock(client, alice):
    mine = client(alice)
    stored = mine.create(timezone=ANGELES)
    for method, path, zone in (
        ("POST", "/tasks", {"title": "x", "timezone": ANGELES}),
        ("PATCH", f"/tasks/{stored['id']}", {}),
    ):
        good = {"due_date": "2026-03-01", "reminder_at": "2026-03-01T08:00:00Z"} | zone
        late = good | {"reminder_at": "2026-03-01T08:00:00.000001Z"}
        assert mine.request(method, path, json=good).status_code in (200, 201)
        assert faults(mine.request(method, path, json=late)) == {"reminder_at": "reminder_after_due"}
        # No fault is made up while another one is found.
        assert faults(mine.request(method, path, json=good | {"title": ""})) == {"title": "string_length"}
    both = late | {"title": "", "timezone": ANGELES}
    assert faults(mine.post("/tasks", both)) == {
        "reminder_at": "reminder_after_due",
        "title": "string_length",
    }


def test_all_faults_are_told_beside_a_zone_that_is_wrong(client, alice):
    body = {"due_date": "2026-03-01", "reminder_at": "soon", "timezone": "Mars/Olympus", "title": ""}
    expected = {"reminder_at": "datetime_format", "timezone": "timezone_unknown", "title": "string_length"}
    assert faults(client(alice).post("/tasks", body)) == expected
    task = client(alice).create(timezone=ANGELES)
    assert faults(client(alice).patch(f"/tasks/{task['id']}", body)) == expected
    trial = {"recurrence_rule": "FREQ=NEVER", "due_date": "2026-03-01", "timezone": "Mars/Olympus"}
    assert faults(client(alice).post("/occurrences", trial)) == {
        "recurrence_rule": "recurrence_rule_value", "timezone": "timezone_unknown",
    }  # fmt: skip


@pytest.mark.parametrize("sent", ["9999-12-31T23:59:60", "9999-365T23:59:60"])
@pytest.mark.parametrize("zone", [None, ANGELES])
def test_a_time_after_the_year_9999_is_refused(client, alice, sent, zone):
    body = {"title": "x", "due_date": sent, "timezone": zone, "recurrence_rule": "FREQ=DAILY"}
    assert faults(client(alice).post("/tasks", body)) == {"due_date": "time_range"}
    task = client(alice).create(timezone=zone)
    assert faults(client(alice).patch(f"/tasks/{task['id']}", {"due_date": sent})) == {
        "due_date": "time_range"
    }
    assert faults(client(alice).post("/occurrences", body | {"title": 1})).keys() == {"title", "due_date"}


BEYOND = [
    ("0001-01-01", "Europe/Berlin"),
    ("0001-01-01T05:00", "Asia/Kathmandu"),
    ("0001-001T00", "Asia/Tokyo"),
    ("9999-12-31T17:00", ANGELES),
    ("9999-365T23:59:59", ANGELES),
]


@pytest.mark.parametrize(("sent", "zone"), BEYOND)
@pytest.mark.parametrize("field", ["due_date", "reminder_at"])
def test_a_local_time_outside_the_calendar_is_refused(client, alice, field, sent, zone):
    mine = client(alice)
    expected = {field: "time_range"}
    body = {"title": "x", field: sent, "timezone": zone}
    assert faults(mine.post("/tasks", body)) == expected
    wrong = body | {"title": "", "recurrence_rule": "FREQ=NEVER"}
    others = {"title": "string_length", "recurrence_rule": "recurrence_rule_value"}
    # An ordinal date is read by the database, which asks for its time once the rest is right.
    told = others if sent[4:].count("-") == 1 else others | expected
    assert faults(mine.post("/tasks", wrong)) == told
    task = mine.create(timezone=zone)
    for change in ({field: sent}, {field: sent, "timezone": zone}, {field: sent, "title": "y"}):
        assert faults(mine.patch(f"/tasks/{task['id']}", change)) == expected
    operations = [{"op": "create", "body": body}, {"op": "update", "id": task["id"], "body": {field: sent}}]
    for operation in operations:
        (error,) = mine.post("/tasks/batch", {"operations": [operation]}).json()["errors"]
        assert (error["loc"], error["type"]) == (["body", "operations", 0, field], "time_range")
    assert mine.get(f"/tasks/{task['id']}").json() == task


@pytest.mark.parametrize(("sent", "zone"), BEYOND)
def test_a_rule_is_not_tried_from_outside_the_calendar(client, alice, sent, zone):
    trial = {"recurrence_rule": "FREQ=DAILY", "timezone": zone, "due_date": sent}
    assert faults(client(alice).post("/occurrences", trial)) == {"due_date": "time_range"}
    trial["recurrence_rule"] = "FREQ=NEVER"
    assert faults(client(alice).post("/occurrences", trial)).keys() == {"due_date", "recurrence_rule"}


def test_the_last_day_of_the_calendar_is_read_on_a_clock_before_utc(client, alice):
    body = {"due_date": "9999-12-31T23:59:59.999999", "timezone": "Asia/Kathmandu"}
    assert client(alice).create(**body)["due_date"] == "9999-12-31T18:14:59.999999Z"


def test_the_words_of_a_local_time_out_of_range_are_the_constraints(client, alice):
    for zone in (None, "Asia/Tokyo"):
        body = {"title": "x", "due_date": "0001-01-01", "timezone": zone}
        if zone is None:
            body["due_date"] = "0001-01-01T00:00+01:00"
        (error,) = client(alice).post("/tasks", body).json()["errors"]
        assert (error["msg"], error["type"]) == ("must lie between the years 1 and 9999", "time_range")


def test_the_tz_database_of_the_package_decides(client, alice, monkeypatch):
    monkeypatch.setattr(series, "_load", lambda name: timezone(timedelta(hours=5)))
    task = client(alice).create(timezone="Europe/Berlin", due_date="2026-03-01")
    changed = client(alice).patch(f"/tasks/{task['id']}", {"reminder_at": "2026-02-28"}).json()
    assert (task["due_date"], changed["reminder_at"]) == ("2026-02-28T19:00:00Z", "2026-02-27T19:00:00Z")
    trial = {"timezone": "Europe/Berlin", "due_date": "2026-060", "recurrence_rule": "FREQ=DAILY", "limit": 1}
    assert client(alice).post("/occurrences", trial).json() == {"occurrences": ["2026-03-01T19:00:00Z"]}


def test_an_answer_about_a_zone_that_has_changed_since_is_asked_again(client, as_user, alice):
    task = client(alice).create(timezone=ANGELES)
    body = json.dumps({"due_date": "2026-03-01"})
    session = as_user(alice)

    def update(answer=None):
        call = (
            "select api.update_task(id => $1, body => $2, lenient => false,"
            " if_match => null, if_none_match => null, answer => $3)"
        )
        status, _, response = session.value(call, task["id"], body, json.dumps(answer) if answer else None)
        return status, json.loads(response)

    status, question = update()
    assert (status, question["asked"], question["timezone"]) == (None, ["due_date"], ANGELES)
    assert question["due_date"] == "2026-03-01T00:00:00"
    client(alice).patch(f"/tasks/{task['id']}", {"timezone": "Europe/Berlin"})
    status, again = update({"due_date": "2026-03-01T08:00:00+00:00", "version": question["version"]})
    assert (status, again["asked"], again["timezone"]) == (None, ["due_date"], "Europe/Berlin")
    status, changed = update({"due_date": "2026-02-28T23:00:00+00:00", "version": again["version"]})
    assert (status, changed["due_date"]) == (200, "2026-02-28T23:00:00Z")
    # An answer counts for what was asked alone.
    client(alice).patch(f"/tasks/{task['id']}", {"timezone": None})
    version = int(client(alice).get(f"/tasks/{task['id']}").headers["etag"].strip('"'))
    status, changed = update({"due_date": "2026-02-28T23:00:00+00:00", "version": version})
    assert (status, changed["due_date"]) == (200, "2026-03-01T00:00:00Z")
