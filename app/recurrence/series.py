"""When a task that recurs is due next.

A series is counted from where it began, on the wall clock of its zone, by the tz database of the tzdata
package. A wall-clock time that a change of clocks skips is read with the offset from before it (02:30
becomes 03:30), of one that comes twice the first is meant (RFC 5545, sections 3.3.5 and 3.8.5.3). Two
wall-clock times that so fall on one instant are one occurrence. The start is the first occurrence even where
it does not match the rule. Fractions of a second are the start's own throughout.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import MAXYEAR, UTC, date, datetime, timedelta, tzinfo
from difflib import get_close_matches
from functools import cache
from heapq import heappop, heappush
from importlib.resources import files
from itertools import islice
from zoneinfo import ZoneInfo

from tzlocal.windows_tz import win_tz

from app.recurrence.expansion import CENTURY, moments
from app.recurrence.rules import InvalidRule, InvalidZone, Rule, normal_form, parse_rule

MAX_OCCURRENCES = 100
"""Of a preview."""

MAX_ZONE = 100
"""Characters of a name for which a zone is guessed."""

MAX_PASSED = 1_000
"""Occurrences that are counted one by one when a task is completed late."""

BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Series:
    """Where a series stands: `due`, the occurrence that was completed, has the place `index` in it, 1 being
    the start. Times are aware. Without `due` it stands at its start; without `timezone` it is counted in
    UTC."""

    rule: str
    timezone: str | None
    start: datetime
    index: int = 1
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Occurrence:
    """`due` is aware, in UTC; `index` is its place in the series."""

    due: datetime
    index: int


def check_rule(rule: str, timezone: str | None, start: datetime | None) -> str:
    """The rule as it is to be stored. Raises InvalidRule or InvalidZone. No start: as if it began now.

    A series that COUNT or UNTIL has ended already is valid: people move and import the last task of one.
    """
    stored = normal_form(rule)
    endless = replace(parse_rule(stored), count=None, until=None)
    if next(_coming(Series(stored, timezone, start or datetime.now(UTC)), endless), None) is None:
        raise InvalidRule(
            "never comes due within 100 years of its start: check INTERVAL and the BY parts, "
            "or write a rule such as FREQ=MONTHLY;BYMONTHDAY=-1",
            "recurrence_rule_never",
        )
    return stored


def check_zone(timezone: str) -> str:
    """The name of the zone in its own spelling; aliases stay what they are. Raises InvalidZone."""
    name = _names().get(timezone.lower())
    if name is None:
        meant = _meant_zone(timezone)
        hint = f"; did you mean {meant}?" if meant else ""
        raise InvalidZone(f"must be the name of an IANA time zone, such as Europe/Berlin{hint}")
    return name


def _meant_zone(timezone: str) -> str | None:
    """The zone of a Windows name (by CLDR), of a city, or of a name that is nearly spelled like a zone's."""
    if len(timezone) > MAX_ZONE:
        return None
    windows = {name.lower(): zone for name, zone in win_tz.items()}
    name = "_".join(timezone.lower().split())
    # Not Etc/GMT+1, which is an hour behind UTC, nor abbreviations, which are near to each other.
    places = [each for each in _names() if "/" in each and not each.startswith("etc/")]
    cities = {each.rpartition("/")[2]: each for each in reversed(places)}
    near = get_close_matches(name, places, n=1, cutoff=0.85)
    meant = windows.get(timezone.lower()) or cities.get(name) or (near[0] if near else "")
    return _names().get(meant.lower())


def instant_of(wall: datetime, timezone: str | None) -> datetime:
    """The moment, in UTC, at which the clock of the zone shows a naive time.

    Raises:
        InvalidZone: there is no such zone.
        OverflowError: the moment is not within the years 1 to 9999.
    """
    return wall.replace(tzinfo=_zone(timezone)).astimezone(UTC)


def next_occurrence(series: Series, after: datetime | None = None) -> Occurrence | None:
    """The first occurrence after `series.due`, and after `after` too. None after the last one.

    What `after` passes over is counted, but no more than MAX_PASSED occurrences, enough for any COUNT up to
    that number; what a task is further behind is leapt over.
    """
    passed = None
    for each in islice(_coming(series), MAX_PASSED):
        if after is None or each.due > after:
            return each
        passed = each
    at = passed or Occurrence(series.due or series.start, series.index)
    if after is None or (passed is None and after - at.due <= timedelta(seconds=CENTURY)):
        return None
    return next(_coming(replace(series, index=at.index, due=max(after, at.due))), None)


def occurrences(series: Series, limit: int) -> list[Occurrence]:
    """The occurrences after `series.due`, at most `limit` and at most 100."""
    return list(islice(_coming(series), min(limit, MAX_OCCURRENCES)))


def shift_reminder(reminder: datetime, due: datetime, next_due: datetime, timezone: str | None) -> datetime:
    """The reminder as far before `next_due` on the wall clock as it was before `due`, never after
    `next_due`."""
    zone = _zone(timezone)
    before = _wall(due, zone) - _wall(reminder, zone)
    return min(_instant(_wall(next_due, zone) - before, zone), next_due)


def _coming(series: Series, rule: Rule | None = None) -> Iterator[Occurrence]:
    """All occurrences after `series.due`, through the 100 years that follow it; `rule` replaces its own."""
    rule, zone = rule or parse_rule(series.rule), _zone(series.timezone)
    start, due, index = _wall(series.start, zone), series.due or series.start, series.index
    fraction = timedelta(microseconds=start.microsecond)
    if due.year == MAXYEAR:
        return
    # A time that the clock skipped just before `due` may come after it: look from the smaller offset on. But
    # the series has no time that the clock shows, or would show, before its start.
    day = min(timedelta(days=1), due - BEGINNING)
    since = max(start, min(_wall(due, zone), _wall(due - day, zone) + day))
    last = _last(rule, zone)
    walls = moments(rule, start.replace(microsecond=0), since.replace(microsecond=0))
    for instant in _ascending(walls, zone):
        if last is not None and instant > last:
            return
        if instant + fraction > due:
            index += 1
            if rule.count is not None and index > rule.count:
                return
            yield Occurrence(instant + fraction, index)


def _ascending(walls: Iterator[datetime], zone: tzinfo) -> Iterator[datetime]:
    """The instants of ascending wall-clock times, ascending and none twice. A time that the clock skipped
    comes late, and waits until nothing can come before it."""
    waiting: list[datetime] = []
    before = None
    for wall in walls:
        instant = _instant(wall, zone)
        earliest = min(instant, _instant(wall.replace(fold=1), zone))
        while waiting and waiting[0] <= earliest:
            first = heappop(waiting)
            if first != before:
                yield first
                before = first
        heappush(waiting, instant)
    yield from sorted(set(waiting) - {before})


def _last(rule: Rule, zone: tzinfo) -> datetime | None:
    """The last instant that UNTIL allows; a date includes all of its day."""
    match rule.until:
        case datetime(tzinfo=None) as wall:
            return _instant(wall, zone)
        case datetime() as instant:
            return instant
        case date() as day:
            return _instant(datetime(day.year, day.month, day.day, 23, 59, 59), zone)
    return None


def _wall(instant: datetime, zone: tzinfo) -> datetime:
    try:
        return instant.astimezone(zone).replace(tzinfo=None, fold=0)
    except OverflowError:  # on the first or the last day of time, which no offset may leave
        return instant.replace(tzinfo=None)


def _instant(wall: datetime, zone: tzinfo) -> datetime:
    try:
        return wall.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        return wall.replace(tzinfo=UTC)


def _zone(timezone: str | None) -> tzinfo:
    return UTC if timezone is None else _load(check_zone(timezone))


@cache
def _names() -> dict[str, str]:
    lines = files("tzdata").joinpath("zones").read_text("ascii").split()
    return {name.lower(): name for name in lines if name != "Factory"}


@cache
def _load(name: str) -> ZoneInfo:
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, name)
