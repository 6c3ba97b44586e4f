"""A series is counted from its start: places, ends, months, fractions of a second, tasks completed late."""

from datetime import UTC, datetime, timedelta

import pytest

from app.recurrence.rules import InvalidRule
from app.recurrence.series import Occurrence, Series, check_rule, next_occurrence, occurrences

START = datetime(2026, 1, 31, 9, tzinfo=UTC)


def days(rule: str, start: datetime = START, limit: int = 100) -> list[str]:
    return [each.due.strftime("%Y-%m-%d") for each in occurrences(Series(rule, None, start), limit)]


def test_the_31st_does_not_drift() -> None:
    assert days("FREQ=MONTHLY", limit=3) == ["2026-03-31", "2026-05-31", "2026-07-31"]


def test_interval_keeps_its_phase_however_late_in_the_series() -> None:
    due = datetime(2026, 2, 2, 9, tzinfo=UTC)
    series = Series("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE", None, due - timedelta(weeks=4), 9, due)
    assert next_occurrence(series) == Occurrence(due + timedelta(days=2), 10)
    series = Series(
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE", None, due - timedelta(weeks=4), 10, due + timedelta(days=2)
    )
    assert next_occurrence(series) == Occurrence(due + timedelta(weeks=2), 11)


def test_a_start_that_the_rule_does_not_name_is_the_first_of_count() -> None:
    assert days("FREQ=MONTHLY;BYMONTHDAY=1;COUNT=3") == ["2026-02-01", "2026-03-01"]


def test_count_is_held_by_the_place_in_the_series() -> None:
    due = START + timedelta(days=8)
    assert next_occurrence(Series("FREQ=DAILY;COUNT=10", None, START, 9, due)) == Occurrence(
        due + timedelta(days=1), 10
    )
    assert next_occurrence(Series("FREQ=DAILY;COUNT=10", None, START, 10, due + timedelta(days=1))) is None


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20260203", "2026-02-03"),
        ("20260203T090000Z", "2026-02-02"),
        ("20260203T140000Z", "2026-02-03"),
        ("20260203T090000", "2026-02-03"),
        ("20260203T085959", "2026-02-02"),
        ("20260203T085960", "2026-02-02"),
    ],
)
def test_until_is_a_day_a_utc_time_or_a_time_on_the_clock_of_the_zone(until: str, last: str) -> None:
    start = datetime(2026, 1, 31, 14, tzinfo=UTC)  # 09:00 in New York
    found = occurrences(Series(f"FREQ=DAILY;UNTIL={until}", "America/New_York", start), 100)
    assert found[-1].due.strftime("%Y-%m-%d") == last


def test_fractions_of_a_second_stay_and_do_not_count() -> None:
    start = START.replace(microsecond=250_000)
    rule = "FREQ=DAILY;UNTIL=20260202T090000Z"
    assert [each.due for each in occurrences(Series(rule, None, start), 5)] == [
        start + timedelta(days=1),
        start + timedelta(days=2),
    ]
    assert next_occurrence(
        Series(rule, None, start), start + timedelta(days=1, microseconds=-1)
    ) == Occurrence(start + timedelta(days=1), 2)


@pytest.mark.parametrize(
    ("rule", "late", "expected"),
    [
        ("FREQ=DAILY", timedelta(days=10), Occurrence(START + timedelta(days=11), 12)),
        ("FREQ=DAILY", timedelta(days=9, hours=23), Occurrence(START + timedelta(days=10), 11)),
        ("FREQ=DAILY", timedelta(days=-5), Occurrence(START + timedelta(days=1), 2)),
        ("FREQ=DAILY;COUNT=12", timedelta(days=10), Occurrence(START + timedelta(days=11), 12)),
        ("FREQ=DAILY;COUNT=11", timedelta(days=10), None),
        ("FREQ=DAILY;UNTIL=20260205", timedelta(days=10), None),
        ("FREQ=HOURLY;COUNT=1000", timedelta(days=7300), None),
    ],
)
def test_a_task_completed_late_takes_its_place_behind_what_was_passed_over(
    rule: str, late: timedelta, expected: Occurrence | None
) -> None:
    assert next_occurrence(Series(rule, None, START), START + late) == expected


def test_a_task_that_is_centuries_late_still_finds_its_next_occurrence() -> None:
    for years in (20, 500):
        after = START.replace(year=START.year + years)
        for rule in ("FREQ=HOURLY", "FREQ=DAILY", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"):
            found = next_occurrence(Series(rule, None, START), after)
            assert found is not None
            assert found.due > after


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTH=2,4,6,9,11;BYMONTHDAY=31",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=1",
        "FREQ=YEARLY;INTERVAL=101;UNTIL=20200101",
        "FREQ=YEARLY;INTERVAL=101",
        "FREQ=YEARLY;INTERVAL=400",
        "FREQ=DAILY;INTERVAL=36526",
        "FREQ=HOURLY;INTERVAL=999999999",
        "FREQ=HOURLY;INTERVAL=24;BYHOUR=8",
        "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
        "FREQ=MONTHLY;BYDAY=1MO;BYSETPOS=2",
    ],
)
def test_a_rule_that_does_not_come_due_within_a_hundred_years_is_refused(rule: str) -> None:
    with pytest.raises(InvalidRule) as refused:
        check_rule(rule, None, START)
    assert refused.value.type == "recurrence_rule_never"


@pytest.mark.parametrize(
    "rule", ["FREQ=YEARLY;INTERVAL=100", "FREQ=DAILY;INTERVAL=36524", "FREQ=DAILY;COUNT=2"]
)
def test_a_rule_that_just_does_is_taken(rule: str) -> None:
    assert check_rule(rule, None, START) == rule


def test_a_rule_without_a_due_date_is_checked_against_now() -> None:
    assert check_rule("freq=daily", None, None) == "FREQ=DAILY"
    with pytest.raises(InvalidRule):
        check_rule("FREQ=YEARLY;INTERVAL=101", None, None)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;COUNT=1",
        "FREQ=DAILY;UNTIL=20260131",
        "FREQ=DAILY;UNTIL=19990101T000000Z",
        "FREQ=DAILY;UNTIL=20260131T080000",
        "FREQ=MONTHLY;BYMONTHDAY=31;UNTIL=20260201",
    ],
)
def test_a_series_that_is_over_is_valid_and_nothing_follows(rule: str) -> None:
    assert check_rule(rule, None, START) == rule
    assert next_occurrence(Series(rule, None, START)) is None
    assert next_occurrence(Series(rule, None, START), START + timedelta(days=500)) is None


@pytest.mark.parametrize("zone", [None, "America/New_York", "Pacific/Auckland"])
@pytest.mark.parametrize("edge", [datetime.min, datetime.max])
@pytest.mark.parametrize("rule", ["FREQ=HOURLY", "FREQ=WEEKLY", "FREQ=YEARLY;BYMONTHDAY=1,31;BYSETPOS=1"])
def test_the_ends_of_time_are_quiet(rule: str, edge: datetime, zone: str | None) -> None:
    series = Series(rule, zone, edge.replace(tzinfo=UTC))
    assert (next_occurrence(series) is None) == (edge == datetime.max)
