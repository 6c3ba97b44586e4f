"""No rule costs much: counted in steps of the interpreter, dateutil's included, which unlike time do not
vary.

A hundred thousand steps take about a millisecond; most rules need half of that. What a hostile rule asks
for, whether it is taken or refused, stays under MAX_STEPS.
"""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any, Literal

import dateutil.rrule
import pytest

from app.recurrence import expansion
from app.recurrence.rules import InvalidRule
from app.recurrence.series import Series, check_rule, next_occurrence, occurrences

# Python 3.14 counts a few more than 3.11: for the worst of these, 1,607,671.
MAX_STEPS = 1_700_000
SHAPES, MAX_YEAR = 28, 366
START = datetime(2026, 1, 31, 4, 30, tzinfo=UTC)
HOURS, SIXTY = (",".join(map(str, range(length))) for length in (24, 60))
EVERY_SECOND = f"FREQ=DAILY;BYHOUR={HOURS};BYMINUTE={SIXTY};BYSECOND={SIXTY}"
HOSTILE = [
    EVERY_SECOND,
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30,31",
    "FREQ=YEARLY;BYYEARDAY=366;BYMONTH=1",
    "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6",
    "FREQ=YEARLY;BYMONTH=12;BYDAY=53MO",
    "FREQ=YEARLY;INTERVAL=400",
    "FREQ=YEARLY;INTERVAL=9999999999999999999999",
    "FREQ=MONTHLY;INTERVAL=1199;BYMONTHDAY=31;BYDAY=SA",
    "FREQ=WEEKLY;INTERVAL=5217;BYMONTH=2;BYDAY=MO,TU,WE,TH,FR,SA,SU",
    "FREQ=DAILY;INTERVAL=7919;BYDAY=MO;BYMONTHDAY=29;BYMONTH=2",
    "FREQ=DAILY;INTERVAL=30000;BYMONTH=1,2,3,4,5,6,7,8,9,10,11",
    "FREQ=DAILY;INTERVAL=7;BYDAY=SU,MO,TU,WE,TH,FR",
    "FREQ=HOURLY;INTERVAL=999999999",
    "FREQ=HOURLY;INTERVAL=12;BYHOUR=5",
    "FREQ=HOURLY;INTERVAL=14;BYHOUR=0;BYDAY=SU,MO,TU,WE,TH,FR",
    "FREQ=HOURLY;INTERVAL=21;BYHOUR=1,4;BYDAY=SU,MO,TU,WE,TH,FR",
    "FREQ=HOURLY;INTERVAL=8759;BYHOUR=5;BYMONTH=1,2,3,4,5,6,7,8,9,10",
    "FREQ=HOURLY;BYYEARDAY=366;BYDAY=MO;BYHOUR=23",
    f"FREQ=HOURLY;BYMINUTE={SIXTY};BYSECOND={SIXTY}",
    f"FREQ=YEARLY;BYHOUR={HOURS};BYMINUTE={SIXTY};BYSECOND={SIXTY};BYSETPOS=366",
    f"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR={HOURS};BYMINUTE={SIXTY};BYSETPOS=-366,366",
    "FREQ=HOURLY;BYSECOND=37;BYSETPOS=2",
    "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=" + ",".join(map(str, range(2, 140))),
    "FREQ=MONTHLY;BYMONTHDAY=31;BYSETPOS=" + ",".join(map(str, range(2, 140))),
    "FREQ=YEARLY;BYMONTH=8,9,10,11,12;BYYEARDAY=" + ",".join(map(str, range(1, 140))),
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30,31,30,31;BYDAY=" + ",".join(["MO"] * 130),
    "FREQ=MONTHLY;SKIP=FORWARD;BYMONTHDAY=31;BYDAY=1TU;BYMONTH=2;BYSETPOS=2",
    "FREQ=YEARLY;BYMONTH=1,2,3;BYWEEKNO=1,-1,53;BYYEARDAY=1,-366,366;BYMONTHDAY=1,-1,31;BYDAY=MO;"
    "BYHOUR=0;BYMINUTE=0;BYSECOND=0;BYSETPOS=9",
]


def steps(call: Callable[[], Any]) -> int:
    counted = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal counted
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        counted += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except InvalidRule:
        pass
    finally:
        sys.settrace(before)
    return counted


@pytest.mark.parametrize("rule", HOSTILE)
def test_a_hostile_rule_is_checked_and_counted_in_few_steps(rule: str) -> None:
    zone = "America/New_York"
    for call in (lambda: check_rule(rule, zone, START), lambda: occurrences(Series(rule, zone, START), 100)):
        expansion._days.cache_clear()  # as when the rule is first seen
        assert steps(call) < MAX_STEPS


@pytest.mark.parametrize("rule", ["FREQ=HOURLY", "FREQ=DAILY;COUNT=999999999", EVERY_SECOND, HOSTILE[-1]])
@pytest.mark.parametrize("days", [100, 7_300, 700_000])
def test_a_task_completed_very_late_is_counted_in_few_steps(rule: str, days: int) -> None:
    series = Series(rule, "Europe/Berlin", datetime(100, 3, 1, tzinfo=UTC))
    assert steps(lambda: next_occurrence(series, series.start + timedelta(days=days))) < MAX_STEPS


def test_dateutil_expands_single_years_and_at_most_one_of_each_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[datetime, list[datetime]]] = []

    def rrule(freq: Literal[0], **parts: Any) -> list[datetime]:
        found = list(expand(freq, **parts))
        asked.append((parts["dtstart"], found))
        return found

    expand = dateutil.rrule.rrule
    monkeypatch.setattr(expansion, "rrule", rrule)
    for rule in ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=HOURLY;INTERVAL=999999999"):
        asked.clear()
        expansion._days.cache_clear()
        with pytest.raises(InvalidRule):
            check_rule(rule, None, START)
        assert len(asked) <= SHAPES
        assert all(
            len(found) <= MAX_YEAR and {day.year for day in found} <= {start.year} for start, found in asked
        )
