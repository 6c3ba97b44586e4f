"""Series at 02:30 through every change of clocks from 2024 to 2030.

The changes are found by looking at each hour of those years, not by asking the service.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from app.recurrence.series import Series, next_occurrence, occurrences, shift_reminder

ZONES = {
    "America/New_York": 14,
    "Europe/Berlin": 14,
    "Australia/Lord_Howe": 14,
    "America/Sao_Paulo": 0,
    "Asia/Kathmandu": 0,
    "Pacific/Auckland": 14,
}
"""How often the clocks change in those years."""
FIRST, LAST = datetime(2024, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
HALF_PAST_TWO = time(2, 30)
SERIES = [("FREQ=DAILY", 1, 0), *(("FREQ=WEEKLY", 7, weekday) for weekday in range(7))]


@cache
def changes(zone: ZoneInfo) -> list[tuple[datetime, timedelta]]:
    """The first half hour of each new offset, and how far the clock went ahead."""
    step = timedelta(minutes=30)
    moments = [FIRST + n * step for n in range((LAST - FIRST) // step)]
    offsets = [moment.astimezone(zone).utcoffset() or timedelta() for moment in moments]
    return [
        (moment, after - before)
        for moment, before, after in zip(moments[1:], offsets, offsets[1:], strict=False)
        if before != after
    ]


def series_dues(rule: str, zone: str, start: datetime, end: datetime) -> list[datetime]:
    found, series = [start], Series(rule, zone, start)
    while (following := next_occurrence(series)) and following.due < end:
        found.append(following.due)
        series = Series(rule, zone, start, following.index, following.due)
    return found


def shown(moment: datetime, zone: ZoneInfo) -> time:
    return moment.astimezone(zone).time()


@pytest.mark.parametrize(("name", "number"), ZONES.items())
def test_the_clocks_change_as_often_as_the_tz_database_says(name: str, number: int) -> None:
    assert len(changes(ZoneInfo(name))) == number


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize(("rule", "days", "offset"), SERIES)
def test_half_past_two_stays_half_past_two(name: str, rule: str, days: int, offset: int) -> None:
    zone = ZoneInfo(name)
    first = date(2024, 1, 1) + timedelta(days=offset)
    found = series_dues(rule, name, datetime.combine(first, HALF_PAST_TWO, zone).astimezone(UTC), LAST)

    wall_days = [moment.astimezone(zone).date() for moment in found]
    assert wall_days == [first + timedelta(days=days * n) for n in range(len(found))]
    ahead = {(at - gap).astimezone(zone).date(): gap for at, gap in changes(zone)}
    for moment, day in zip(found, wall_days, strict=True):
        exists = (
            datetime.combine(day, HALF_PAST_TWO, zone).astimezone(UTC).astimezone(zone).time()
            == HALF_PAST_TWO
        )
        late = timedelta() if exists else ahead[day]
        assert shown(moment, zone) == (datetime.combine(day, HALF_PAST_TWO) + late).time()


@pytest.mark.parametrize(
    ("name", "rule", "start", "expected"),
    [
        # skipped: read with the offset from before, so later on the clock
        ("America/New_York", "FREQ=DAILY", "2024-03-09T07:30", "2024-03-10T07:30 2024-03-11T06:30"),
        ("Europe/Berlin", "FREQ=DAILY", "2024-03-30T01:30", "2024-03-31T01:30 2024-04-01T00:30"),
        ("Pacific/Auckland", "FREQ=DAILY", "2024-09-27T14:30", "2024-09-28T14:30 2024-09-29T13:30"),
        # Lord Howe skips half an hour, from 02:00 to 02:30
        ("Australia/Lord_Howe", "FREQ=DAILY", "2024-10-04T15:45", "2024-10-05T15:45 2024-10-06T15:15"),
        # twice: the first of the two
        ("America/New_York", "FREQ=DAILY", "2024-11-02T05:30", "2024-11-03T05:30 2024-11-04T06:30"),
        ("Australia/Lord_Howe", "FREQ=DAILY", "2024-04-05T14:45", "2024-04-06T14:45 2024-04-07T15:15"),
        # midnight skipped in São Paulo, while it still changed its clocks
        ("America/Sao_Paulo", "FREQ=DAILY", "2018-11-03T03:00", "2018-11-04T03:00 2018-11-05T02:00"),
        # 02:00 (as 03:00) and 03:00 are one instant, and count once
        (
            "America/New_York",
            "FREQ=HOURLY;COUNT=4",
            "2024-03-10T06:00",
            "2024-03-10T07:00 2024-03-10T08:00 2024-03-10T09:00",
        ),
        # the hour that comes twice is taken once, then the clock goes on
        ("America/New_York", "FREQ=HOURLY", "2024-11-03T04:00", "2024-11-03T05:00 2024-11-03T07:00"),
        # a time that was skipped comes after one that was not, though its wall-clock time is earlier
        (
            "America/New_York",
            "FREQ=DAILY;BYHOUR=2,3;BYMINUTE=10,45;BYSETPOS=2,3",
            "2024-03-09T08:10",
            "2024-03-10T07:10 2024-03-10T07:45 2024-03-11T06:45 2024-03-11T07:10",
        ),
        # a time that was skipped and is before the start on the clock is not of the series
        ("Australia/Lord_Howe", "FREQ=HOURLY;BYMINUTE=1", "2023-09-30T15:30", "2023-09-30T16:01"),
        ("Europe/Berlin", "FREQ=DAILY;BYHOUR=2;BYMINUTE=30", "2026-03-29T01:10", "2026-03-30T00:30"),
        # but it is if the series began before the gap
        ("Australia/Lord_Howe", "FREQ=HOURLY;BYMINUTE=1", "2023-09-30T15:29", "2023-09-30T15:31"),
        # Samoa had no December 30 in 2011
        ("Pacific/Apia", "FREQ=DAILY", "2011-12-29T19:00", "2011-12-30T19:00 2011-12-31T19:00"),
        # a start in the second pass of an hour keeps its instant, and goes on with the clock's next day
        ("Europe/Berlin", "FREQ=DAILY", "2024-10-27T01:30", "2024-10-28T01:30"),
    ],
)
def test_skipped_and_repeated_times(name: str, rule: str, start: str, expected: str) -> None:
    series = Series(rule, name, datetime.fromisoformat(start).replace(tzinfo=UTC))
    dues = [each.due.strftime("%Y-%m-%dT%H:%M") for each in occurrences(series, len(expected.split()))]
    assert dues == expected.split()


@pytest.mark.parametrize(
    ("reminder", "due", "next_due", "expected"),
    [
        ("2024-03-09T13:00", "2024-03-09T14:00", "2024-03-10T13:00", "2024-03-10T12:00"),
        # the evening before stays 18:00
        ("2024-03-08T23:00", "2024-03-09T14:00", "2024-03-10T13:00", "2024-03-09T23:00"),
        # a reminder at a skipped time comes late, but not after the task is due
        ("2024-03-09T07:30", "2024-03-09T08:10", "2024-03-10T07:10", "2024-03-10T07:10"),
    ],
)
def test_a_reminder_keeps_its_distance_on_the_clock(
    reminder: str, due: str, next_due: str, expected: str
) -> None:
    at, before, after = (datetime.fromisoformat(each + "Z") for each in (reminder, due, next_due))
    shifted = shift_reminder(at, before, after, "America/New_York")
    assert shifted.strftime("%Y-%m-%dT%H:%M") == expected
