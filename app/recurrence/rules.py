"""The grammar of a recurrence rule: its text in, a `Rule` out.

A rule is the value of an RRULE property (RFC 5545, section 3.3.10), FREQ from HOURLY to YEARLY, with
RSCALE=GREGORIAN and SKIP of RFC 7529. Letter case and the order of the parts are free. All that section
3.3.10 forbids is refused here, so that a `Rule` can always be counted; whether it ever comes due is for
`recurrence.check_rule` to say.

Two readings are ours. BYSECOND=60, the leap second, is 59, as section 3.3.12 has it for systems without leap
seconds. SKIP may stand without RSCALE, which RFC 7529 asks for but which could only say GREGORIAN.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches

LONGEST = 500
"""Code points that a rule may have."""

FREQUENCIES = ("HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
SKIPS = ("OMIT", "BACKWARD", "FORWARD")

NUMBERS = {
    "BYSECOND": ("seconds", range(61), False),
    "BYMINUTE": ("minutes", range(60), False),
    "BYHOUR": ("hours", range(24), False),
    "BYMONTH": ("months", range(1, 13), False),
    "BYMONTHDAY": ("monthdays", range(1, 32), True),
    "BYYEARDAY": ("yeardays", range(1, 367), True),
    "BYWEEKNO": ("weeks", range(1, 54), True),
    "BYSETPOS": ("positions", range(1, 367), True),
}
"""Part: the field of `Rule` it fills, the values it takes, and whether they may be negative."""

ALWAYS = {"BYMONTHDAY": 28, "BYYEARDAY": 365, "BYWEEKNO": 52}
"""The greatest number that every month or year has, in the parts of which SKIP moves something."""

PARTS = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", *NUMBERS, "WKST", "RSCALE", "SKIP")
PROPERTIES = ("DTSTART", "DTEND", "RDATE", "EXDATE", "EXRULE", "RRULE")


class InvalidRule(ValueError):
    """A rule that cannot be taken. `message` says what is wrong and what to write, `type` is a stable
    code."""

    def __init__(self, message: str, type: str = "recurrence_rule_syntax") -> None:
        super().__init__(message)
        self.message = message
        self.type = type


class InvalidZone(ValueError):
    """A name that is no IANA time zone. `message` and `type` as in `InvalidRule`."""

    def __init__(self, message: str, type: str = "timezone_unknown") -> None:
        super().__init__(message)
        self.message = message
        self.type = type


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as written. Tuples ascend without repeats; an empty one is a part that is not there.

    `days` are (ordinal, weekday), ordinal 0 for every such day, weekday 0 for Monday; `week_start` likewise.
    `until` is a date, a naive time (on the wall clock of the series' zone) or an aware one (UTC), itself
    included.
    """

    frequency: str
    interval: int = 1
    count: int | None = None
    until: date | datetime | None = None
    months: tuple[int, ...] = ()
    weeks: tuple[int, ...] = ()
    yeardays: tuple[int, ...] = ()
    monthdays: tuple[int, ...] = ()
    days: tuple[tuple[int, int], ...] = ()
    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    seconds: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()
    week_start: int = 0
    skip: str = "OMIT"


def normal_form(text: str) -> str:
    """The rule as it is stored: upper case, no blanks around it, no leading `RRULE:`. Raises InvalidRule."""
    if len(text) > LONGEST:
        raise InvalidRule(
            f"must have at most {LONGEST} characters, has {len(text)}", "recurrence_rule_too_long"
        )
    bare = text.strip().upper().removeprefix("RRULE:").strip()
    name = re.split("[:;=]", bare, maxsplit=1)[0]
    if name in PROPERTIES:
        raise InvalidRule(f"must not hold {name}: send the rule alone, such as FREQ=DAILY;COUNT=5")
    if not text.isascii() or not bare.isprintable() or " " in bare:
        raise InvalidRule("must be one rule of plain ASCII without blanks, such as FREQ=WEEKLY;BYDAY=MO")
    return bare


def parse_rule(text: str) -> Rule:
    """Read a rule. Raises InvalidRule where it breaks RFC 5545, section 3.3.10, or is finer than HOURLY."""
    values = dict(_parts(normal_form(text)))
    if "FREQ" not in values:
        raise InvalidRule("must say how often with FREQ, such as FREQ=WEEKLY")
    if values.get("RSCALE", "GREGORIAN") != "GREGORIAN":
        raise InvalidRule("RSCALE must be GREGORIAN, the only calendar known here", "recurrence_rule_value")
    rule = Rule(
        frequency=_frequency(values["FREQ"]),
        interval=_positive("INTERVAL", values.get("INTERVAL", "1")),
        count=_positive("COUNT", values["COUNT"]) if "COUNT" in values else None,
        until=_until(values["UNTIL"]) if "UNTIL" in values else None,
        days=_days(values["BYDAY"]) if "BYDAY" in values else (),
        week_start=WEEKDAYS.index(_one_of("WKST", values.get("WKST", "MO"), WEEKDAYS)),
        skip=_one_of("SKIP", values.get("SKIP", "OMIT"), SKIPS),
        **{field: _numbers(part, values[part]) for part, (field, *_) in NUMBERS.items() if part in values},
    )
    for broken, message in _limits(rule, values):
        if broken:
            raise InvalidRule(message, "recurrence_rule_combination")
    return rule


def _parts(text: str) -> Iterator[tuple[str, str]]:
    seen = set()
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if not (name and equals and value):
            raise InvalidRule(
                f"must be parts NAME=VALUE with ; between them, such as FREQ=DAILY, not {part!r}"
            )
        if name not in PARTS:
            near = get_close_matches(name, PARTS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"the parts are {', '.join(PARTS)}"
            raise InvalidRule(f"{name} is not a part of a rule: {hint}", "recurrence_rule_part_unknown")
        if name in seen:
            raise InvalidRule(f"{name} must be given once; put several values into one list: BYDAY=MO,WE")
        seen.add(name)
        yield name, value


def _limits(rule: Rule, values: dict[str, str]) -> Iterator[tuple[bool, str]]:
    """What section 3.3.10 says of parts together: (broken, message)."""
    freq, others = rule.frequency, [part for part in values if part.startswith("BY") and part != "BYSETPOS"]
    ordinal = any(nth for nth, _ in rule.days)
    yield "COUNT" in values and "UNTIL" in values, "must end with COUNT or with UNTIL, not with both"
    yield bool(rule.weeks) and freq != "YEARLY", "BYWEEKNO needs FREQ=YEARLY"
    yield (
        bool(rule.yeardays) and freq in {"DAILY", "WEEKLY", "MONTHLY"},
        f"BYYEARDAY cannot go with FREQ={freq}: use FREQ=YEARLY",
    )
    yield (
        bool(rule.monthdays) and freq == "WEEKLY",
        "BYMONTHDAY cannot go with FREQ=WEEKLY: use FREQ=MONTHLY, or BYDAY=MO",
    )
    yield (
        ordinal and freq not in {"MONTHLY", "YEARLY"},
        f"BYDAY takes a number, such as 2MO, only with FREQ=MONTHLY or FREQ=YEARLY, not with FREQ={freq}",
    )
    yield ordinal and bool(rule.weeks), "BYDAY takes no number beside BYWEEKNO: write BYWEEKNO=20;BYDAY=MO"
    yield from _skip_limits(rule, values)
    yield (
        bool(rule.positions) and not others,
        "BYSETPOS picks from another BY part: write BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    )


def _skip_limits(rule: Rule, values: dict[str, str]) -> Iterator[tuple[bool, str]]:
    """Where RFC 7529 leaves open what SKIP moves, or nothing is moved that a reader would expect to be."""
    numbers = {"BYMONTHDAY": rule.monthdays, "BYYEARDAY": rule.yeardays, "BYWEEKNO": rule.weeks}
    parts = [part for part in numbers if part in values]
    can_miss = rule.skip != "OMIT" and any(abs(n) > ALWAYS[part] for part in parts for n in numbers[part])
    yield (
        can_miss and rule.frequency in {"HOURLY", "DAILY"},
        f"SKIP moves no days with FREQ={rule.frequency}: use FREQ=MONTHLY or FREQ=YEARLY",
    )
    yield (
        can_miss and (len(parts) > 1 or ("BYMONTH" in values and parts != ["BYMONTHDAY"])),
        "SKIP moves the days of one part: write BYMONTHDAY (with or without BYMONTH), BYYEARDAY or BYWEEKNO",
    )


def _frequency(value: str) -> str:
    if value in {"SECONDLY", "MINUTELY"}:
        raise InvalidRule(f"FREQ={value} is too fine: HOURLY is the finest", "recurrence_rule_too_fine")
    return _one_of("FREQ", value, FREQUENCIES)


def _one_of(part: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise InvalidRule(f"{part} must be one of {', '.join(allowed)}, not {value}", "recurrence_rule_value")
    return value


def _positive(part: str, value: str) -> int:
    if not value.isdigit() or int(value) == 0:
        raise InvalidRule(f"{part} must be a whole number from 1, such as {part}=2", "recurrence_rule_value")
    return int(value)


def _numbers(part: str, value: str) -> tuple[int, ...]:
    _, allowed, signed = NUMBERS[part]
    numbers = set()
    for item in value.split(","):
        number = int(item) if re.fullmatch(r"[+-]?\d{1,3}" if signed else r"\d{1,2}", item) else -1000
        if (abs(number) if signed else number) not in allowed:
            span = f"{allowed[0]} to {allowed[-1]}" + (f" or -{allowed[-1]} to -1" if signed else "")
            raise InvalidRule(f"{part} takes numbers from {span}, not {item!r}", "recurrence_rule_value")
        numbers.add(min(number, 59) if part == "BYSECOND" else number)
    return tuple(sorted(numbers))


def _days(value: str) -> tuple[tuple[int, int], ...]:
    days = set()
    for item in value.split(","):
        found = re.fullmatch(rf"([+-]?\d{{1,2}})?({'|'.join(WEEKDAYS)})", item)
        nth = int(found[1] or 0) if found else 0
        if not found or abs(nth) not in (range(1, 54) if found[1] else (0,)):
            raise InvalidRule(
                f"BYDAY takes days such as MO, 2TU or -1FR, not {item!r}", "recurrence_rule_value"
            )
        days.add((nth, WEEKDAYS.index(found[2])))
    return tuple(sorted(days))


def _until(value: str) -> date | datetime:
    found = re.fullmatch(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})([0-5]\d|60)(Z?))?", value)
    try:
        if found and found[4]:
            year, month, day, hour, minute, second = map(int, found.groups()[:6])
            zone = UTC if found[7] else None
            return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone)
        if found:
            return date(*map(int, found.groups()[:3]))
    except ValueError:
        pass
    raise InvalidRule(
        f"UNTIL must be a date or a time, such as 20271231 or 20271231T090000Z, not {value}",
        "recurrence_rule_value",
    )
