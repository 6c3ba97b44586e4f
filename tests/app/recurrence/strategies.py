"""Valid rules of every kind, small enough that the oracle can walk them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.app.recurrence.oracle import FREQUENCIES, TABLE, WEEKDAYS

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
    "BYMONTH": st.integers(1, 12),
    "BYWEEKNO": st.integers(1, 53) | st.integers(-53, -1) | st.sampled_from([1, 52, 53, -1, -52, -53]),
    "BYYEARDAY": st.integers(1, 366) | st.integers(-366, -1) | st.sampled_from([1, 60, 365, 366, -1, -366]),
    "BYMONTHDAY": st.integers(1, 31) | st.integers(-31, -1) | st.sampled_from([28, 29, 30, 31, -1, -31]),
    "BYHOUR": st.integers(0, 23) | st.integers(0, 3),
    "BYMINUTE": st.integers(0, 59) | st.sampled_from([0, 30]),
    "BYSECOND": st.integers(0, 60),
}
RARELY = st.sampled_from([False, False, False, True])
PLACES = st.integers(-5, -1) | st.integers(1, 5) | st.integers(1, 366) | st.integers(-366, -1)


@st.composite
def starts(draw: st.DrawFn) -> tuple[datetime, str | None]:
    """Where a series begins, as an aware UTC time, and its zone: often at night, when clocks change."""
    zone = draw(st.sampled_from(ZONES))
    day = datetime(2023, 1, 1) + timedelta(days=draw(st.integers(0, 3000)))
    at = draw(st.sampled_from([(0, 0, 0), (2, 0, 0), (2, 30, 0), (9, 0, 0), (23, 59, 59)]))
    wall = day.replace(hour=at[0], minute=at[1], second=at[2], tzinfo=ZoneInfo(zone) if zone else UTC)
    return wall.astimezone(UTC), zone


@st.composite
def rules(draw: st.DrawFn, start: datetime) -> str:
    frequency = draw(st.sampled_from(FREQUENCIES))
    parts = {"FREQ": frequency}
    if draw(st.booleans()):
        parts["INTERVAL"] = str(draw(st.integers(1, 4) | st.integers(1, 50)))
    allowed = [part for part in TABLE if TABLE[part][FREQUENCIES.index(frequency)]]
    chosen = draw(st.lists(st.sampled_from(allowed), max_size=4, unique=True))
    for part in chosen:
        item = VALUES.get(part, weekdays(frequency, "BYWEEKNO" in chosen)).map(str)
        parts[part] = ",".join(draw(st.lists(item, min_size=1, max_size=draw(st.sampled_from([1, 2, 3, 8])))))
    if draw(RARELY) and chosen:
        parts["BYSETPOS"] = ",".join(draw(st.lists(PLACES.map(str), min_size=1, max_size=3)))
    if draw(RARELY):
        parts["WKST"] = draw(st.sampled_from(WEEKDAYS))
    if draw(RARELY):
        parts["SKIP"] = draw(
            st.sampled_from(["OMIT", "BACKWARD", "FORWARD"] if may_skip(parts) else ["OMIT"])
        )
    match draw(st.integers(0, 5)):
        case 4:
            parts["COUNT"] = str(draw(st.integers(2, 30)))
        case 5:
            last = start + timedelta(days=draw(st.integers(1, SPANS[frequency])))
            parts["UNTIL"] = last.strftime(
                draw(st.sampled_from(["%Y%m%d", "%Y%m%dT%H%M%S", "%Y%m%dT%H%M%SZ"]))
            )
    return ";".join(f"{part}={value}" for part, value in draw(st.permutations(list(parts.items()))))


def may_skip(parts: dict[str, str]) -> bool:
    """Whether SKIP has one part at most whose days it can move."""
    moving = {"BYMONTHDAY", "BYYEARDAY", "BYWEEKNO"} & parts.keys()
    if parts["FREQ"] in {"HOURLY", "DAILY"}:
        return not moving
    return len(moving) < 2 and ("BYMONTH" not in parts or moving <= {"BYMONTHDAY"})


def weekdays(frequency: str, weeks: bool) -> st.SearchStrategy[str]:
    plain = st.sampled_from(WEEKDAYS)
    if weeks or frequency not in {"MONTHLY", "YEARLY"}:
        return plain
    nths = st.integers(1, 5) | st.integers(-5, -1) | st.integers(1, 53) | st.integers(-53, -1)
    return plain | st.builds("{}{}".format, nths, plain)
