"""Valid rules of every kind, small enough that the oracle can walk them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import combinations
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.app.recurrence.oracle import FREQUENCIES, TABLE, WEEKDAYS
from tests.choices import Choices, chosen, either

ZONES = [
    None,
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Pacific/Auckland",
]
SPANS = {"HOURLY": 30, "DAILY": 500, "WEEKLY": 1500, "MONTHLY": 2500, "YEARLY": 6000}
"""Days that are compared."""
VALUES = {
    "BYMONTH": range(1, 13),
    "BYWEEKNO": either(range(1, 54), range(-53, 0), [1, 52, 53, -1, -52, -53]),
    "BYYEARDAY": either(range(1, 367), range(-366, 0), [1, 60, 365, 366, -1, -366]),
    "BYMONTHDAY": either(range(1, 32), range(-31, 0), [28, 29, 30, 31, -1, -31]),
    "BYHOUR": either(range(24), range(4)),
    "BYMINUTE": either(range(60), [0, 30]),
    "BYSECOND": range(61),
}
NTHS = either(range(1, 6), range(-5, 0), range(1, 54), range(-53, 0))
PLACES = either(range(-5, 0), range(1, 6), range(1, 367), range(-366, 0))
INTERVALS = either([1], either(range(1, 5), range(1, 51)))
RARELY = [False, False, False, True]
SIZES = [1, 1, 1, 1, 1, 2, 2, 3, 3, 8]
"""How many values a part has."""

MOST_CHOICES = 66
"""Of the longest rule: 8 values for each of 4 parts, and the order of 10."""


@dataclass(frozen=True)
class Example:
    """A series, and numbers that choose among its occurrences, of which it has few or many."""

    rule: str
    zone: str | None
    start: datetime
    place: int
    late: int


def examples_of_series() -> st.SearchStrategy[Example]:
    return chosen(MOST_CHOICES, example)


def example(choices: Choices) -> Example:
    start, zone = beginning(choices)
    place, late = choices.among(range(101)), choices.among(range(101))
    return Example(rule(choices, start), zone, start, place, late)


def beginning(choices: Choices) -> tuple[datetime, str | None]:
    """Where a series begins, as an aware UTC time, and its zone: often at night, when clocks change."""
    zone = choices.among(ZONES)
    day = datetime(2023, 1, 1) + timedelta(days=choices.among(range(3001)))
    at = choices.among([(0, 0, 0), (2, 0, 0), (2, 30, 0), (9, 0, 0), (23, 59, 59)])
    wall = day.replace(hour=at[0], minute=at[1], second=at[2], tzinfo=ZoneInfo(zone) if zone else UTC)
    return wall.astimezone(UTC), zone


def rule(choices: Choices, start: datetime) -> str:
    frequency = choices.among(FREQUENCIES)
    parts = {"FREQ": frequency}
    if (interval := choices.among(INTERVALS)) > 1:
        parts["INTERVAL"] = str(interval)
    by_parts = choices.among(combinations_of_parts(frequency))
    for part in by_parts:
        options = values(part, frequency, "BYWEEKNO" in by_parts)
        parts[part] = joined(choices.among(options) for _ in range(choices.among(SIZES)))
    if choices.among(RARELY) and by_parts:
        parts["BYSETPOS"] = joined(choices.among(PLACES) for _ in range(choices.among([1, 2, 3])))
    if choices.among(RARELY):
        parts["WKST"] = choices.among(WEEKDAYS)
    if choices.among(RARELY):
        parts["SKIP"] = choices.among(["OMIT", "BACKWARD", "FORWARD"] if may_skip(parts) else ["OMIT"])
    match choices.among(range(6)):
        case 4:
            parts["COUNT"] = str(choices.among(range(2, 31)))
        case 5:
            last = start + timedelta(days=choices.among(range(1, SPANS[frequency] + 1)))
            parts["UNTIL"] = last.strftime(choices.among(["%Y%m%d", "%Y%m%dT%H%M%S", "%Y%m%dT%H%M%SZ"]))
    # In any order, the last choices of all.
    left = list(parts.items())
    ordered = [left.pop(choices.among(range(len(left)))) for _ in parts]
    return ";".join(f"{part}={value}" for part, value in ordered)


def joined(items: Iterable[object]) -> str:
    return ",".join(map(str, items))


@cache
def combinations_of_parts(frequency: str) -> list[tuple[str, ...]]:
    """Up to four of the parts that the frequency allows, each number of them as likely."""
    allowed = [part for part in TABLE if TABLE[part][FREQUENCIES.index(frequency)]]
    return either(*(list(combinations(allowed, number)) for number in range(5)))


@cache
def values(part: str, frequency: str, weeks: bool) -> Sequence[int | str]:
    """The values of a part; `weeks`: beside BYWEEKNO, where BYDAY takes no number."""
    if part != "BYDAY":
        return VALUES[part]
    if weeks or frequency not in {"MONTHLY", "YEARLY"}:
        return WEEKDAYS
    return either(WEEKDAYS, [f"{nth}{day}" for nth in NTHS for day in WEEKDAYS])


def may_skip(parts: dict[str, str]) -> bool:
    """Whether SKIP has one part at most whose days it can move."""
    moving = {"BYMONTHDAY", "BYYEARDAY", "BYWEEKNO"} & parts.keys()
    if parts["FREQ"] in {"HOURLY", "DAILY"}:
        return not moving
    return len(moving) < 2 and ("BYMONTH" not in parts or moving <= {"BYMONTHDAY"})
