"""How the times of a body and of a query are read: RFC 3339 and ISO 8601, any fraction, leap seconds,
whole days.
"""

import asyncio

import pytest

from app.database.calls import Database
from app.settings import Settings
from tests.app.api.test_refusals import faults
from tests.conftest import SECRET

READ = [
    ("2026-01-10T17:00:00.1234567890Z", "2026-01-10T17:00:00.123456Z"),
    ("2026-01-10T17:00:00.1234569999Z", "2026-01-10T17:00:00.123456Z"),
    ("2026-01-10T23:59:59.99999999Z", "2026-01-10T23:59:59.999999Z"),
    (f"2026-01-10T17:00:00.{'9' * 1000}+01:00", "2026-01-10T16:00:00.999999Z"),
    (f"2026-01-10T17:00:00.{'0' * 1000}1Z", "2026-01-10T17:00:00Z"),
    ("2026-01-10T17:00:00,5Z", "2026-01-10T17:00:00.5Z"),
    ("2026-01-10T23:59:60Z", "2026-01-11T00:00:00Z"),
    ("2026-12-31T23:59:60.25Z", "2027-01-01T00:00:00.25Z"),
    ("2026-01-10T18:29:60-05:30", "2026-01-11T00:00:00Z"),
    ("20260110T235960Z", "2026-01-11T00:00:00Z"),
    ("2026-01-10T24:00:00Z", "2026-01-11T00:00:00Z"),
    ("2026-01-10", "2026-01-10T00:00:00Z"),
    ("20260110", "2026-01-10T00:00:00Z"),
    ("2026-W02-6", "2026-01-10T00:00:00Z"),
    ("2026W026", "2026-01-10T00:00:00Z"),
    ("2026-W02-6T17:00:00Z", "2026-01-10T17:00:00Z"),
    ("2026W026T1700+0100", "2026-01-10T16:00:00Z"),
    ("2020-W53-7", "2021-01-03T00:00:00Z"),
    ("2026-010", "2026-01-10T00:00:00Z"),
    ("2026010", "2026-01-10T00:00:00Z"),
    ("2026-010T17:00", "2026-01-10T17:00:00Z"),
    ("2024-366T23:59:60Z", "2025-01-01T00:00:00Z"),
    ("2026-01-10t17:00:00z", "2026-01-10T17:00:00Z"),
    ("2026-01-10 17:00:00+00", "2026-01-10T17:00:00Z"),
    ("2026-01-10T17Z", "2026-01-10T17:00:00Z"),
    ("2026-01-10T00:00:00+23:59", "2026-01-09T00:01:00Z"),
]
REFUSED = [
    "2026-01-10T17:00:61Z", "2026-01-10T17:60:00Z", "2026-01-10T25:00:00Z", "2026-02-29", "2025-366",
    "2026-000", "2026000", "2024-367", "2026-W00-1", "2026-W02-0", "2026-W02-8", "2026-W54-1", "2025-W53-1",
    "2026-W02", "2026-01", "2026", "2026-01-10T", "2026-01-10T17:00:00.Z", "2026-01-10T17:00:00+24:00",
    "2026-01-10T17:00:00 Z",
    "0000-01-01", "2026-13-01", "10/01/2026", "tomorrow", "infinity", "now", "epoch", "-2026-01-10",
    "12026-01-10", "",
    "2026-01-10T17:00:00.12.3Z", "2026-01-10T17:00:00[Europe/Berlin]", "2026-01-10T17:00:00 Europe/Berlin",
    "\uff12026-01-10",
]  # fmt: skip


@pytest.mark.parametrize(("sent", "stored"), READ)
def test_a_time_is_read_in_any_form_of_iso_8601(client, alice, sent, stored):
    task = client(alice).create(due_date=sent)
    assert (task["due_date"], client(alice).create(reminder_at=sent)["reminder_at"]) == (stored, stored)
    found = client(alice).page(due_date_from=sent, due_date_to=stored)["items"]
    assert [each["id"] for each in found] == [task["id"]]


@pytest.mark.parametrize("sent", REFUSED)
def test_what_is_no_time_is_refused(client, alice, sent):
    for field in ("due_date", "reminder_at"):
        assert faults(client(alice).post("/tasks", {"title": "x", field: sent})) == {field: "datetime_format"}
    trial = {"recurrence_rule": "FREQ=DAILY", "due_date": sent}
    assert faults(client(alice).post("/occurrences", trial)) == {"due_date": "datetime_format"}


def test_a_bare_date_ends_after_24_hours_whatever_zone_the_session_has(as_user, client, alice):
    client(alice).create(title="late", due_date="2026-03-29T23:30:00Z")
    client(alice).create(title="next day", due_date="2026-03-30T00:00:00Z")
    days = {"due_date_from": "2026-03-29", "due_date_to": "2026-03-29"}
    assert client(alice).titles(**days) == ["late"]
    # On that day Berlin has 23 hours; on 2026-10-25 it has 25.
    session = as_user(alice)
    session.execute("set timezone = 'Europe/Berlin'")
    for day in ("2026-03-29", "2026-10-25", "2026-06-01"):
        last = session.value(
            "select (app.read_task_query(jsonb_build_object('due_date_to', array[$1::text]))).due_to", day
        )
        assert last.isoformat() == f"{day}T23:59:59.999999+00:00"


def test_the_service_has_its_own_time_zone_whatever_the_database_has(server, new_database):
    name = new_database()
    server.execute(f"alter database {name} set timezone = 'Australia/Lord_Howe'")

    async def zone() -> str:
        async with Database(Settings(database_url=server.service_url(name), jwt_secret=SECRET)) as database:
            return await database.fetch_value("select current_setting('TimeZone')")

    assert asyncio.run(zone()) == "UTC"
