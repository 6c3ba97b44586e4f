"""Where dateutil departs from RFC 5545, and what the service does instead.

Each row is a departure that was found by comparing dateutil with the oracle. Should dateutil mend one, its
row fails, and what was built around it may go. What cannot be shown in a test: an INTERVAL of 0 and a rule
that never comes due keep dateutil busy for seconds or for ever.
"""

from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr

from app.recurrence.series import Series, check_rule, occurrences
from tests.app.recurrence import oracle

NAMED_DIFFERENTLY = {
    "numbered and plain days in one list must both hold": ("FREQ=MONTHLY;BYDAY=MO,2TU", "2026-01-05"),
    "a numbered week without a day is all of its days": ("FREQ=YEARLY;BYWEEKNO=20", "2026-05-11"),
    "the last week, counted from the end, that belongs to the next year": (
        "FREQ=YEARLY;BYWEEKNO=-53;BYDAY=MO,TU,WE,TH,FR,SA,SU",
        "2025-12-29",
    ),
    "the last week of a year that reaches into the next": (
        "FREQ=YEARLY;BYWEEKNO=52;BYYEARDAY=1",
        "2024-01-28",
    ),
    "the first week is picked from its start on": ("FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=2", "2026-01-07"),
    "the start does not count where the rule does not name it": (
        "FREQ=MONTHLY;BYMONTHDAY=1;COUNT=3",
        "2026-01-31",
    ),
    "a date as UNTIL ends at its midnight": ("FREQ=DAILY;UNTIL=20260203", "2026-01-31"),
}
REFUSED_BY_DATEUTIL = {
    "a fifth day at most fits into a month": ("FREQ=YEARLY;BYMONTH=12;BYDAY=MO,53MO", IndexError),
    "an hour that the interval never meets": ("FREQ=HOURLY;INTERVAL=24;BYHOUR=8", ValueError),
    "a leap second": ("FREQ=DAILY;BYSECOND=60", ValueError),
    "RFC 7529": ("FREQ=MONTHLY;SKIP=BACKWARD", ValueError),
}


@pytest.mark.parametrize(("rule", "day"), NAMED_DIFFERENTLY.values(), ids=NAMED_DIFFERENTLY)
def test_dateutil_names_other_times(rule: str, day: str) -> None:
    start = datetime.fromisoformat(day + "T09:00:00").replace(tzinfo=UTC)
    end = start + timedelta(days=2_000)
    expected = oracle.series(rule, start, end, None, 20)
    ours = [start, *(each.due for each in occurrences(Series(rule, None, start), 19))]
    assert [each for each in ours if each <= end] == expected
    naive = takewhile(
        lambda each: each <= end.replace(tzinfo=None), rrulestr(rule, dtstart=start.replace(tzinfo=None))
    )
    assert [each.replace(tzinfo=UTC) for each in islice(naive, 20)] != expected


@pytest.mark.parametrize(("rule", "error"), REFUSED_BY_DATEUTIL.values(), ids=REFUSED_BY_DATEUTIL)
def test_dateutil_breaks_on_a_rule_that_is_none_of_its_business_to_refuse(
    rule: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        list(islice(rrulestr(rule, dtstart=datetime(2026, 1, 1)), 5))


def test_dateutil_lets_a_skipped_hour_come_twice() -> None:
    zone, start = ZoneInfo("America/New_York"), datetime(2024, 3, 10, 1)
    found = [
        each.astimezone(UTC)
        for each in islice(rrulestr("FREQ=HOURLY", dtstart=start.replace(tzinfo=zone)), 4)
    ]
    assert len(set(found)) < len(found)
    ours = occurrences(Series("FREQ=HOURLY", zone.key, found[0]), 3)
    assert len({each.due for each in ours}) == len(ours)


def test_dateutil_refuses_until_on_the_clock_of_the_zone() -> None:
    rule, start = (
        "FREQ=DAILY;UNTIL=20260203T090000",
        datetime(2026, 1, 31, 9, tzinfo=ZoneInfo("Europe/Berlin")),
    )
    with pytest.raises(ValueError, match="UNTIL"):
        rrulestr(rule, dtstart=start)
    assert check_rule(rule, "Europe/Berlin", start) == rule
