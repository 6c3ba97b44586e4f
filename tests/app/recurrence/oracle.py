"""Recurrence by brute force: the table of RFC 5545, section 3.3.10, walked period by period over every day
and hour.

Shares nothing with the service: it has its own parser, its own weeks and months, its own reading of the
clock. It is slow and plain on purpose. Rules are taken to be valid.
"""

from calendar import isleap
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache, partial
from itertools import count, product
from zoneinfo import ZoneInfo

WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
ONE_DAY = timedelta(days=1)

# The table of section 3.3.10, less the frequencies finer than HOURLY. The two notes on BYDAY are in `_byday`.
TABLE = {
    #             HOURLY    DAILY     WEEKLY    MONTHLY   YEARLY
    "BYMONTH":    ("limit",  "limit",  "limit",  "limit",  "expand"),
    "BYWEEKNO":   (None,     None,     None,     None,     "expand"),
    "BYYEARDAY":  ("limit",  None,     None,     None,     "expand"),
    "BYMONTHDAY": ("limit",  "limit",  None,     "expand", "expand"),
    "BYDAY":      ("limit",  "limit",  "expand", "expand", "expand"),
    "BYHOUR":     ("limit",  "expand", "expand", "expand", "expand"),
    "BYMINUTE":   ("expand", "expand", "expand", "expand", "expand"),
    "BYSECOND":   ("expand", "expand", "expand", "expand", "expand"),
}  # fmt: skip
FREQUENCIES = ["HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]


def role(part: str, frequency: str) -> str | None:
    return TABLE[part][FREQUENCIES.index(frequency)]


def series(text: str, start: datetime, end: datetime, zone: str | None, most: int) -> list[datetime]:
    """The occurrences from the aware `start` to `end` as aware UTC times, the start being the first, and at
    most `most` of them."""
    rule = dict(part.split("=") for part in text.split(";"))
    tz = ZoneInfo(zone) if zone else UTC
    wall = start.astimezone(tz).replace(tzinfo=None)
    last = min(end, until(rule["UNTIL"], tz)) if "UNTIL" in rule else end
    most = min(most, int(rule.get("COUNT", most)))
    limit = last.astimezone(tz).replace(tzinfo=None) + 12 * ONE_DAY  # SKIP may move a week back from there
    found = {start}
    for moment in walls(rule, wall, limit, 2 * most):
        found.add(instant(moment, tz))
    return sorted(moment for moment in found if start <= moment <= last or moment == start)[:most]


def walls(rule: dict[str, str], start: datetime, limit: datetime, most: int) -> set[datetime]:
    """The times on the wall clock from the start to somewhat past the limit, or somewhat more than `most`."""
    found: set[datetime] = set()
    known: list[date] = []
    times_of = cache(partial(times, rule, start))
    for whole, hour in periods(rule, start):
        if whole[0] > limit.date() or len(found) > most:
            return found
        # The hours of one day have the same days.
        if whole != known:
            known, days = whole, sorted(set(period_days(rule, start, whole)))
        moments = [datetime.combine(day, at) for day in days for at in times_of(hour)]
        found.update(moment for moment in picked(rule, moments) if moment >= start)
    raise AssertionError("periods never end")


def periods(rule: dict[str, str], start: datetime) -> Iterator[tuple[list[date], int | None]]:
    """The periods of FREQ that INTERVAL keeps, each as its days (and, HOURLY, its hour)."""
    frequency, interval = rule["FREQ"], int(rule.get("INTERVAL", "1"))
    for n in count(0, interval):
        match frequency:
            case "HOURLY":
                hour = datetime.combine(start.date(), time(start.hour)) + timedelta(hours=n)
                yield [hour.date()], hour.hour
            case "DAILY":
                yield [start.date() + n * ONE_DAY], None
            case "WEEKLY":
                days = week(start.date(), rule.get("WKST", "MO"))
                yield [day + 7 * n * ONE_DAY for day in days], None
            case "MONTHLY":
                year, month = divmod(start.year * 12 + start.month - 1 + n, 12)
                yield month_days(year, month + 1), None
            case "YEARLY":
                yield year_days(start.year + n), None


@cache
def month_days(year: int, month: int) -> list[date]:
    first = date(year, month, 1)
    return [day for n in range(31) if (day := first + n * ONE_DAY).month == month]


@cache
def year_days(year: int) -> list[date]:
    return [date(year, 1, 1) + n * ONE_DAY for n in range(366 if isleap(year) else 365)]


def year_places(day: date) -> tuple[int, int]:
    place = (day - date(day.year, 1, 1)).days
    return place + 1, place - len(year_days(day.year))


def period_days(rule: dict[str, str], start: datetime, days: list[date]) -> list[date]:
    """The days of one period that the BY parts choose, in the order of the table; what none of them expands
    comes from the start. RFC 7529, section 4.1, puts SKIP between BYMONTHDAY and BYDAY."""
    frequency = rule["FREQ"]
    expanded = {part for part in TABLE if part in rule and role(part, frequency) == "expand"}
    months = numbers(rule, "BYMONTH")
    monthdays = numbers(rule, "BYMONTHDAY")
    weekdays = rule.get("BYDAY")
    if not expanded & {"BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY"}:
        if frequency == "WEEKLY":
            weekdays = WEEKDAYS[start.weekday()]
        if frequency in {"MONTHLY", "YEARLY"}:
            monthdays = [start.day]
        if frequency == "YEARLY" and not months:
            months = [start.month]
    if expanded & {"BYWEEKNO"} and not expanded & {"BYYEARDAY", "BYMONTHDAY", "BYDAY"}:
        weekdays = WEEKDAYS[start.weekday()]
    if months:
        days = [day for day in days if day.month in months]
    if weeks := numbers(rule, "BYWEEKNO"):
        wkst = rule.get("WKST", "MO")
        year = days[0].year if days else None
        days = [day for day in days if set(week_numbers(day, wkst)) & set(weeks)]
        for first in missed(week_starts(year, wkst) if year else [], weeks, rule, 7 * ONE_DAY):
            days += [first + n * ONE_DAY for n in range(7)]
    if yeardays := numbers(rule, "BYYEARDAY"):
        whole = year_days(days[0].year) if days else []
        days = [day for day in days if set(year_places(day)) & set(yeardays)]
        days += missed(whole, yeardays, rule, ONE_DAY)
    if monthdays:
        days = by_monthday(days, monthdays, rule)
    if weekdays:
        days = [day for day in days if any(_byday(day, item, rule) for item in weekdays.split(","))]
    return days


def by_monthday(days: list[date], monthdays: list[int], rule: dict[str, str]) -> list[date]:
    chosen = []
    for year, month in sorted({(day.year, day.month) for day in days}):
        whole = month_days(year, month)
        for number in monthdays:
            if -len(whole) <= number <= len(whole):
                day = whole[number - 1 if number > 0 else number]
                chosen += [day] if day in days else []
        chosen += missed(whole, monthdays, rule, ONE_DAY)
    return chosen


def missed(whole: list[date], places: list[int], rule: dict[str, str], step: timedelta) -> list[date]:
    """Where SKIP moves the places that are beyond either end of the whole (a month's or a year's)."""
    skip = rule.get("SKIP", "OMIT") if rule["FREQ"] in {"MONTHLY", "YEARLY"} else "OMIT"
    moved = []
    for place in places if whole else []:
        if place > len(whole):
            moved += {"OMIT": [], "BACKWARD": [whole[-1]], "FORWARD": [whole[-1] + step]}[skip]
        if place < -len(whole):
            moved += {"OMIT": [], "BACKWARD": [whole[0] - step], "FORWARD": [whole[0]]}[skip]
    return moved


def _byday(day: date, item: str, rule: dict[str, str]) -> bool:
    nth, weekday = item[:-2], item[-2:]
    if WEEKDAYS[day.weekday()] != weekday:
        return False
    return not nth or int(nth) in weekday_places(day, rule["FREQ"] == "MONTHLY" or "BYMONTH" in rule)


@cache
def weekday_places(day: date, in_month: bool) -> tuple[int, int]:
    """The place of the day among the same days of the week of its month or of its year, from either end."""
    span = month_days(day.year, day.month) if in_month else year_days(day.year)
    same = [other for other in span if other.weekday() == day.weekday()]
    return same.index(day) + 1, same.index(day) - len(same)


@cache
def week_numbers(day: date, wkst: str) -> tuple[int, int]:
    """The number of the day's week, counted from the first and from the last week of the year that the week
    is in: the year that has at least four of its days."""
    year = week(day, wkst)[3].year
    mondays = week_starts(year, wkst)
    place = mondays.index(week(day, wkst)[0])
    return place + 1, place - len(mondays)


@cache
def week_starts(year: int, wkst: str) -> list[date]:
    weeks = [week(day, wkst) for day in year_days(year)]
    return sorted({days[0] for days in weeks if days[3].year == year})


def week(day: date, wkst: str) -> list[date]:
    while WEEKDAYS[day.weekday()] != wkst:
        day -= ONE_DAY
    return [day + n * ONE_DAY for n in range(7)]


def times(rule: dict[str, str], start: datetime, hour: int | None) -> list[time]:
    """The times of day of one period, in order; `hour` is the one that an HOURLY period is."""
    hours = numbers(rule, "BYHOUR")
    if hour is not None:
        hours = [hour] if not hours or hour in hours else []
    elif not hours:
        hours = [start.hour]
    minutes = numbers(rule, "BYMINUTE") or [start.minute]
    seconds = numbers(rule, "BYSECOND") or [start.second]
    return sorted({time(h, m, min(s, 59)) for h, m, s in product(hours, minutes, seconds)})


def picked(rule: dict[str, str], moments: list[datetime]) -> list[datetime]:
    if "BYSETPOS" not in rule:
        return moments
    size = len(moments)
    return [moments[n - 1 if n > 0 else n] for n in numbers(rule, "BYSETPOS") if -size <= n <= size]


def numbers(rule: dict[str, str], part: str) -> list[int]:
    return listed(rule[part]) if part in rule else []


@cache
def listed(value: str) -> list[int]:
    return [int(number) for number in value.split(",")]


def until(value: str, tz: tzinfo) -> datetime:
    if value.endswith("Z"):
        return datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if "T" in value:
        return instant(datetime.strptime(value, "%Y%m%dT%H%M%S"), tz)
    return instant(datetime.strptime(value + "T235959", "%Y%m%dT%H%M%S"), tz)


def instant(wall: datetime, tz: tzinfo) -> datetime:
    """Section 3.3.5, by trial: the first instant at which the clock shows that time; where it never does, the
    offset is the one from before."""
    if tz is UTC:
        return wall.replace(tzinfo=UTC)
    # Most months have one offset, and nothing to try.
    month = date(wall.year, wall.month, 1)
    offsets = offsets_between(month, month + 31 * ONE_DAY, tz)
    if len(offsets) > 1:
        offsets = offsets_between(wall.date(), wall.date() + ONE_DAY, tz)
    tried = [(wall - offset).replace(tzinfo=UTC) for offset in offsets]
    shown = [moment for moment in tried if moment.astimezone(tz).replace(tzinfo=None) == wall]
    return min(shown) if shown else tried[0]


@cache
def offsets_between(first: date, end: date, tz: tzinfo) -> list[timedelta]:
    """The offsets of the zone from 30 hours before a day to 30 hours after another, in their order: by
    looking at its clock every three hours."""
    begin = datetime.combine(first, time(), UTC) - timedelta(hours=30)
    hours = range(0, (end - first).days * 24 + 61, 3)
    seen = [(begin + timedelta(hours=n)).astimezone(tz).utcoffset() or timedelta() for n in hours]
    return list(dict.fromkeys(seen))
