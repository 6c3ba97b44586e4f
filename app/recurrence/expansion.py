"""The wall-clock times that a rule names, zone, COUNT and UNTIL aside: RFC 5545, 3.3.10, and RFC 7529.

dateutil expands one calendar year at a time, never an open-ended rule: which days BYMONTH, BYMONTHDAY and
BYDAY choose. A calendar year has only 28 shapes (its first weekday, and whether it, the year before or the
year after is a leap year), so 28 expansions say all about a rule's days for ever, and a rule that never
comes due is soon found out. INTERVAL then keeps some periods, which is arithmetic, and hours, minutes and
seconds are laid upon what is left. No period is stepped through in vain.

Where dateutil departs from the RFC it is not asked: numbered weeks, BYDAY with and without numbers in one
list, numbers beyond what a month can hold, BYSETPOS, SKIP. BYWEEKNO, too, chooses among the days of the
calendar year.

Times are counted in whole seconds from the first day of year 1. A *slot* is the second at which a day
(HOURLY: an hour) that the rule chooses begins. It belongs to a *period*, a year, month, week, day or hour as
FREQ has it, numbered from the period of the start.
"""

from bisect import bisect_left
from calendar import isleap, monthrange
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import MAXYEAR, MINYEAR, date, datetime, timedelta
from functools import cache, lru_cache, partial
from itertools import groupby
from math import gcd
from operator import itemgetter

from dateutil.rrule import YEARLY, rrule, weekday

from app.recurrence.rules import Rule

DAY, HOUR, MINUTE = 86_400, 3_600, 60
CENTURY = 36_525 * DAY
"""How far ahead the next time is searched for: 100 years."""

MAX_YEAR = 366
MONTHS = tuple(range(1, 13))
MAX_WEEKDAYS = 5
"""How often a month can have one weekday."""
REACH = 10
"""Days beyond its year, on either side, to which SKIP can move a day or a week."""

Days = tuple[tuple[int, int], ...]
"""(month, days after January 1). Where SKIP moved a day, the month is the one that lacked it, and the days
may lead beyond the year."""

Slots = Iterable[tuple[int, int]]
"""(period, slot)"""


def moments(rule: Rule, start: datetime, since: datetime) -> Iterator[datetime]:
    """The times of the rule from `since` on, ascending, through the century after it.

    All are naive wall-clock times to the second. `start`, where the series began, sets the phase of INTERVAL
    and whatever the rule leaves open.
    """
    rule = _completed(rule, start)
    slots = partial(_slots, rule, start, _day(since), partial(_days, _dated(rule)))
    grouped = bool(rule.positions) and rule.frequency in {"YEARLY", "MONTHLY", "WEEKLY"}
    first, last = _second(since), _second(since) + CENTURY
    for moment in (_picked if grouped else _every)(rule, slots, since):
        if moment > last:
            return
        if moment >= first:
            yield datetime.min + timedelta(seconds=moment)


def _completed(rule: Rule, start: datetime) -> Rule:
    """The rule with what it leaves open taken from the start, "derived from DTSTART" (section 3.3.10)."""
    if not (rule.yeardays or rule.monthdays or rule.days):
        if rule.frequency == "WEEKLY" or rule.weeks:
            rule = replace(rule, days=((0, start.weekday()),))
        elif rule.frequency == "MONTHLY":
            rule = replace(rule, monthdays=(start.day,))
        elif rule.frequency == "YEARLY":
            rule = replace(rule, months=rule.months or (start.month,), monthdays=(start.day,))
    hours = rule.hours or (start.hour,)
    if rule.frequency == "HOURLY":
        apart = gcd(rule.interval, 24)
        hours = tuple(hour for hour in rule.hours or range(24) if (hour - start.hour) % apart == 0)
    return replace(
        rule,
        months=rule.months or (MONTHS if rule.frequency == "MONTHLY" else ()),
        hours=hours,
        minutes=rule.minutes or (start.minute,),
        seconds=rule.seconds or (start.second,),
    )


def _every(rule: Rule, slots: Callable[[int], Slots], since: datetime) -> Iterator[int]:
    """All times, or those that BYSETPOS picks within each day (HOURLY: hour), the same in all of them."""
    hours, within = _times(rule)
    if rule.positions:
        picked = _places(rule, len(hours) * len(within))
        hours, within = [0], [hours[n // len(within)] + within[n % len(within)] for n in picked]
    first, before = _second(since), -1
    for slot in _ascending(rule, slots, since) if within else ():
        if slot > max(before, first - DAY):
            before = slot
            for begin in (slot + hour for hour in hours):
                yield from (begin + time for time in within[bisect_left(within, first - begin) :])


def _ascending(rule: Rule, slots: Callable[[int], Slots], since: datetime) -> Iterator[int]:
    """The slots of all years. What SKIP can move beyond its year waits for the slots of the next one."""
    crosses = rule.skip != "OMIT" and bool(rule.yeardays or rule.weeks)
    held: list[int] = []
    for year in _years(since, crosses):
        ready: Iterable[int] = (slot for _, slot in slots(year))
        if crosses:
            held = sorted([*held, *ready])
            end = bisect_left(held, (_day(date(year + 1, 1, 1)) - REACH) * DAY)
            ready, held = held[:end], held[end:]
        yield from ready
    yield from held


def _picked(rule: Rule, slots: Callable[[int], Slots], since: datetime) -> Iterator[int]:
    """The times that BYSETPOS picks from each year, month or week."""
    hours, within = _times(rule)
    times, held, places = len(hours) * len(within), set[int](), cache(partial(_places, rule))
    pairs = (pair for year in _years(since, 1) for pair in sorted(set(slots(year))))
    for _, group in groupby(pairs, key=itemgetter(0)):
        days = [slot for _, slot in group]
        # SKIP can move a time into another period: it is held until the next period is known.
        yield from sorted(moment for moment in held if moment < days[0])
        held = {moment for moment in held if moment >= days[0]}
        for n in places(len(days) * times):
            held.add(days[n // times] + hours[n % times // len(within)] + within[n % len(within)])
    yield from sorted(held)


def _places(rule: Rule, size: int) -> list[int]:
    """What BYSETPOS picks from a set of that size, counted from 0."""
    places = {position - 1 if position > 0 else size + position for position in rule.positions}
    return sorted(place for place in places if 0 <= place < size)


def _times(rule: Rule) -> tuple[list[int], list[int]]:
    """The times of a slot, as seconds at which its hours begin and seconds within each of them."""
    hours = [0] if rule.frequency == "HOURLY" else [hour * HOUR for hour in rule.hours]
    return hours, [minute * MINUTE + second for minute in rule.minutes for second in rule.seconds]


def _slots(rule: Rule, start: datetime, since: int, days_of: Callable[[int], Days], year: int) -> Slots:
    """The (period, slot) of a year that INTERVAL keeps; slots ascend. The days of a year that it steps over
    are not even asked for; of DAILY and HOURLY, those before the day `since` are left out."""
    step, jan1, days = rule.interval, _day(date(year, 1, 1)), partial(days_of, _SHAPES[_shape(year)])
    match rule.frequency:
        case "HOURLY":
            return _hours(rule, start, jan1, since, days)
        case "YEARLY":
            base = year - start.year
            kept = [(base, day) for _, day in days()] if base % step == 0 else []
        case "MONTHLY":
            base = 12 * (year - start.year) - start.month
            kept = [(base + month, day) for month, day in days() if (base + month) % step == 0]
        case "WEEKLY":
            base = jan1 - _day(start) + (start.weekday() - rule.week_start) % 7
            kept = [((base + day) // 7, day) for _, day in days() if (base + day) // 7 % step == 0]
        case _:
            base, first = jan1 - _day(start), since - jan1
            reached = days() if -base % step < MAX_YEAR else ()
            kept = [(base + day, day) for _, day in reached if day >= first and (base + day) % step == 0]
    return [(period, (jan1 + day) * DAY) for period, day in kept]


def _hours(rule: Rule, start: datetime, jan1: int, since: int, days: Callable[[], Days]) -> Slots:
    """The (period, slot) of an HOURLY rule: of each day the hours of BYHOUR that INTERVAL meets."""
    step, base = rule.interval, 24 * (jan1 - _day(start)) - start.hour
    meeting: dict[int, list[int]] = {}
    for hour in rule.hours:
        meeting.setdefault(-hour % step, []).append(hour)
    for _, day in days() if meeting and -base % step < 24 * MAX_YEAR else ():
        if jan1 + day >= since:
            for hour in meeting.get((base + 24 * day) % step, ()):
                yield base + 24 * day + hour, (jan1 + day) * DAY + hour * HOUR


def _dated(rule: Rule) -> Rule:
    """The rule with nothing that `_days` does not look at: those that differ in the rest share their days."""
    return replace(rule, interval=1, count=None, until=None, hours=(), minutes=(), seconds=(), positions=())


@lru_cache(maxsize=512)
def _days(rule: Rule, year: int) -> Days:
    """The days of a year that the BY parts choose."""
    jan1 = date(year, 1, 1).toordinal()
    chosen = _expand(year, rule.months, rule.monthdays, rule.days)
    days = {(day.month, day.toordinal() - jan1) for day in chosen}
    if rule.yeardays:
        length = 365 + isleap(year)
        yeardays = {number - 1 if number > 0 else length + number for number in rule.yeardays}
        days = {(month, day) for month, day in days if day in yeardays}
    if rule.weeks:
        in_weeks = _in_weeks(rule, year)
        days = {(month, day) for month, day in days if day in in_weeks}
    if rule.skip != "OMIT" and rule.frequency in {"YEARLY", "MONTHLY"}:
        days |= _moved(rule, year)
    return tuple(sorted(days, key=itemgetter(1, 0)))


def _expand(
    year: int, months: tuple[int, ...], monthdays: tuple[int, ...], days: tuple[tuple[int, int], ...]
) -> Iterator[datetime]:
    """The days of a year by dateutil. With months, BYDAY's numbers count within each month, else in the
    year."""
    if not (monthdays or days):  # every day: no need to ask
        every = (datetime(year, 1, 1) + timedelta(days=day) for day in range(365 + isleap(year)))
        yield from (day for day in every if not months or day.month in months)
        return
    plain = [weekday(day) for nth, day in days if not nth]
    numbered = [weekday(day, nth) for nth, day in days if nth and (abs(nth) <= MAX_WEEKDAYS or not months)]
    for weekdays in (plain, numbered) if days else (range(7),):
        if weekdays:
            yield from rrule(
                YEARLY,
                dtstart=datetime(year, 1, 1),
                interval=MAXYEAR,  # one year, and no next one
                wkst=0,
                bymonth=months or None,
                bymonthday=monthdays or None,
                byweekday=weekdays,
            )


def _moved(rule: Rule, year: int) -> set[tuple[int, int]]:
    """The days that SKIP puts in the place of those that a month or the year lacks, and the weeks likewise.
    BYDAY sees these (RFC 7529, 4.1). Only one of BYMONTHDAY, BYYEARDAY and BYWEEKNO can miss anything."""
    jan1, length, week1 = date(year, 1, 1).toordinal(), 365 + isleap(year), _week1(rule, year)
    moved = {(12, day) for day in _beside(rule, rule.yeardays, 0, length)}
    for month in rule.months or MONTHS:
        begin = date(year, month, 1).toordinal() - jan1
        moved |= {(month, day) for day in _beside(rule, rule.monthdays, begin, monthrange(year, month)[1])}
    for week in _beside(rule, rule.weeks, 0, (_week1(rule, year + 1) - week1) // 7):
        moved |= {(12, week1 - jan1 + 7 * week + day) for day in range(7)}
    return {(month, day) for month, day in moved if _on_weekday(rule, date.fromordinal(jan1 + day))}


def _beside(rule: Rule, numbers: tuple[int, ...], begin: int, length: int) -> Iterator[int]:
    """The valid places before (SKIP=BACKWARD) or after those that numbers name outside of a month or year.

    It begins at the place `begin` and has `length` places.
    """
    back = rule.skip == "BACKWARD"
    if max(numbers, default=0) > length:
        yield begin + length - back
    if min(numbers, default=0) < -length:
        yield begin - back


def _on_weekday(rule: Rule, day: date) -> bool:
    """Whether BYDAY lets the day through; its numbers count within the month or the year of that day."""
    if rule.frequency == "MONTHLY" or rule.months:
        place, length = day.day, monthrange(day.year, day.month)[1]
    else:
        place, length = day.timetuple().tm_yday, 365 + isleap(day.year)
    counted = (0, (place - 1) // 7 + 1, -((length - place) // 7 + 1))
    return not rule.days or any(nth in counted and weekday == day.weekday() for nth, weekday in rule.days)


def _in_weeks(rule: Rule, year: int) -> set[int]:
    """Days after January 1 whose week BYWEEKNO names; week 1 has at least four days in its year."""
    jan1, chosen = date(year, 1, 1).toordinal(), set[int]()
    for owner in (year - 1, year, year + 1):
        week1 = _week1(rule, owner)
        begin, count = week1 - jan1, (_week1(rule, owner + 1) - week1) // 7
        for week in rule.weeks:
            if abs(week) <= count:
                day = begin + 7 * (week - 1 if week > 0 else count + week)
                chosen.update(range(day, day + 7))
    return chosen


def _week1(rule: Rule, year: int) -> int:
    """The ordinal of the first day of the first week of a year."""
    fourth = date(year, 1, 4)
    return fourth.toordinal() - (fourth.weekday() - rule.week_start) % 7


def _shape(year: int) -> tuple[int, bool, bool, bool]:
    return date(year, 1, 1).weekday(), isleap(year - 1), isleap(year), isleap(year + 1)


_SHAPES = {_shape(year): year for year in range(2000, 2400)}
"""A year of each shape: the calendar repeats after 400 years."""


def _years(since: datetime, margin: int) -> range:
    """The years to look at, with a margin for weeks that reach over New Year. The last year of all is left
    out, so that no zone carries a time beyond it."""
    return range(max(since.year - margin, MINYEAR), min(since.year + 100 + margin, MAXYEAR - 1) + 1)


def _day(day: date) -> int:
    return day.toordinal() - 1


def _second(wall: datetime) -> int:
    return _day(wall) * DAY + wall.hour * HOUR + wall.minute * MINUTE + wall.second
