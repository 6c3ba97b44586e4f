"""What is a rule and what is not: RFC 5545, section 3.3.10, and RFC 7529."""

from datetime import UTC, date, datetime

import pytest

from app.recurrence.rules import InvalidRule, InvalidZone, Rule, parse_rule
from app.recurrence.series import check_rule, check_zone

SYNTAX = [
    "",
    "   ",
    "RRULE:",
    ";",
    "DAILY",
    "FREQ",
    "FREQ=",
    "FREQ=DAILY;",
    ";FREQ=DAILY",
    "FREQ=DAILY;;COUNT=2",
    "INTERVAL=2",
    "FREQ=DAILY;FREQ=WEEKLY",
    "FREQ=DAILY;COUNT=2;COUNT=3",
    "FREQ=DAILY; COUNT=2",
    "FREQ=DAILY\nFREQ=WEEKLY",
    "FREQ=DAILY\r\nRRULE:FREQ=WEEKLY",
    "RRULE:RRULE:FREQ=DAILY",
    "DTSTART:20260101T000000Z",
    "DTSTART:20260101T000000Z\nRRULE:FREQ=DAILY",
    "DTSTART;TZID=Europe/Berlin:20260101T000000",
    "RDATE:20260101T000000Z",
    "EXDATE:20260101T000000Z",
    "EXRULE:FREQ=DAILY",
    "FREQ=DAILY;COUNT=\u0662",
    "FREQ=DAILY;COUNT=2\x00",
]
UNKNOWN = [
    "FREQ=DAILY;BYEASTER=0",
    "FREQ=DAILY;INTERVALL=2",
    "FREQ=DAILY;DTSTART=20260101",
    "FREQ=DAILY;X-NAME=1",
    "FREQ=YEARLY;BYWEEKDAY=MO",
]
VALUES = [
    "FREQ=FORTNIGHTLY",
    "FREQ=DAILY,WEEKLY",
    "FREQ=DAILY;INTERVAL=0",
    "FREQ=DAILY;INTERVAL=-1",
    "FREQ=DAILY;INTERVAL=1.5",
    "FREQ=DAILY;INTERVAL=+2",
    "FREQ=DAILY;INTERVAL=1,2",
    "FREQ=DAILY;COUNT=0",
    "FREQ=DAILY;COUNT=-1",
    "FREQ=DAILY;COUNT=X",
    "FREQ=DAILY;UNTIL=TOMORROW",
    "FREQ=DAILY;UNTIL=2026",
    "FREQ=DAILY;UNTIL=20260230",
    "FREQ=DAILY;UNTIL=20260101Z",
    "FREQ=DAILY;UNTIL=20260101T250000Z",
    "FREQ=DAILY;UNTIL=20260101T0900",
    "FREQ=DAILY;UNTIL=20260101T090061Z",
    "FREQ=DAILY;UNTIL=2026-01-01",
    "FREQ=DAILY;UNTIL=20260101T090000+0100",
    "FREQ=DAILY;BYMONTH=0",
    "FREQ=DAILY;BYMONTH=13",
    "FREQ=DAILY;BYMONTH=-1",
    "FREQ=DAILY;BYMONTH=5L",
    "FREQ=DAILY;BYMONTH=1,",
    "FREQ=DAILY;BYMONTH=1,,2",
    "FREQ=DAILY;BYMONTH=001",
    "FREQ=MONTHLY;BYMONTHDAY=0",
    "FREQ=MONTHLY;BYMONTHDAY=32",
    "FREQ=MONTHLY;BYMONTHDAY=-32",
    "FREQ=YEARLY;BYYEARDAY=0",
    "FREQ=YEARLY;BYYEARDAY=367",
    "FREQ=YEARLY;BYYEARDAY=-367",
    "FREQ=YEARLY;BYWEEKNO=0",
    "FREQ=YEARLY;BYWEEKNO=54",
    "FREQ=YEARLY;BYWEEKNO=-54",
    "FREQ=DAILY;BYHOUR=24",
    "FREQ=DAILY;BYHOUR=-1",
    "FREQ=DAILY;BYMINUTE=60",
    "FREQ=DAILY;BYSECOND=61",
    "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0",
    "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367",
    "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1;WKST=XX",
    "FREQ=WEEKLY;WKST=1MO",
    "FREQ=WEEKLY;BYDAY=MONDAY",
    "FREQ=WEEKLY;BYDAY=M",
    "FREQ=MONTHLY;BYDAY=0MO",
    "FREQ=YEARLY;BYDAY=54MO",
    "FREQ=MONTHLY;BYDAY=MO(2)",
    "FREQ=MONTHLY;BYDAY=MO2",
    "FREQ=MONTHLY;SKIP=NEVER",
    "RSCALE=CHINESE;FREQ=YEARLY",
    "RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=5L;BYMONTHDAY=8;SKIP=FORWARD",
]
COMBINATIONS = [
    "FREQ=DAILY;COUNT=2;UNTIL=20270101",
    "FREQ=MONTHLY;BYWEEKNO=20",
    "FREQ=WEEKLY;BYWEEKNO=20",
    "FREQ=DAILY;BYWEEKNO=20",
    "FREQ=HOURLY;BYWEEKNO=20",
    "FREQ=DAILY;BYYEARDAY=100",
    "FREQ=WEEKLY;BYYEARDAY=100",
    "FREQ=MONTHLY;BYYEARDAY=100",
    "FREQ=WEEKLY;BYMONTHDAY=15",
    "FREQ=WEEKLY;BYDAY=1MO",
    "FREQ=DAILY;BYDAY=-1MO",
    "FREQ=HOURLY;BYDAY=2MO",
    "FREQ=YEARLY;BYWEEKNO=20;BYDAY=1MO",
    "FREQ=MONTHLY;BYSETPOS=1",
    "FREQ=MONTHLY;BYSETPOS=-1;WKST=SU;INTERVAL=2",
    "FREQ=DAILY;BYMONTHDAY=31;SKIP=BACKWARD",
    "FREQ=HOURLY;BYMONTHDAY=-30;SKIP=FORWARD",
    "FREQ=HOURLY;BYYEARDAY=366;SKIP=BACKWARD",
    "FREQ=YEARLY;BYYEARDAY=366;BYMONTHDAY=31;SKIP=BACKWARD",
    "FREQ=YEARLY;BYYEARDAY=-366;BYMONTH=1;SKIP=FORWARD",
    "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=12;SKIP=FORWARD",
    "FREQ=YEARLY;BYWEEKNO=20;BYMONTHDAY=31;SKIP=BACKWARD",
    "FREQ=YEARLY;BYWEEKNO=-53;BYYEARDAY=1;SKIP=BACKWARD",
]
REFUSED = [
    *((rule, "recurrence_rule_syntax") for rule in SYNTAX),
    *((rule, "recurrence_rule_part_unknown") for rule in UNKNOWN),
    *((rule, "recurrence_rule_value") for rule in VALUES),
    *((rule, "recurrence_rule_combination") for rule in COMBINATIONS),
    ("FREQ=MINUTELY", "recurrence_rule_too_fine"),
    ("FREQ=SECONDLY;INTERVAL=86400", "recurrence_rule_too_fine"),
    ("FREQ=DAILY;BYSECOND=" + "1," * 240 + "1", "recurrence_rule_too_long"),
]


@pytest.mark.parametrize(("text", "type"), REFUSED)
def test_what_is_not_a_rule_is_refused_with_a_code_and_a_message(text: str, type: str) -> None:
    with pytest.raises(InvalidRule) as refused:
        check_rule(text, None, None)
    assert refused.value.type == type
    assert refused.value.message


def test_a_message_tells_what_was_probably_meant() -> None:
    with pytest.raises(InvalidRule, match=r"did you mean INTERVAL\?"):
        parse_rule("FREQ=DAILY;INTERVALL=2")


def test_every_part_is_read() -> None:
    text = (
        "SKIP=FORWARD;RSCALE=GREGORIAN;WKST=SU;BYSETPOS=-1,3,+2;BYSECOND=60,0,59;BYMINUTE=30;BYHOUR=09,8;"
        "BYDAY=MO,-1FR,+2TU,2TU;BYMONTHDAY=-1,15;BYYEARDAY=-365,100;BYMONTH=12,1;UNTIL=20271231T235960Z;INTERVAL=02;FREQ=YEARLY"
    )
    assert parse_rule(text) == Rule(
        frequency="YEARLY",
        interval=2,
        until=datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC),
        months=(1, 12),
        yeardays=(-365, 100),
        monthdays=(-1, 15),
        days=((-1, 4), (0, 0), (2, 1)),
        hours=(8, 9),
        minutes=(30,),
        seconds=(0, 59),
        positions=(-1, 2, 3),
        week_start=6,
        skip="FORWARD",
    )
    assert parse_rule("FREQ=YEARLY;BYWEEKNO=-1,20;UNTIL=20271231").weeks == (-1, 20)
    assert parse_rule("FREQ=YEARLY;UNTIL=20271231").until == date(2027, 12, 31)
    assert parse_rule("FREQ=YEARLY;UNTIL=20271231T090000").until == datetime(2027, 12, 31, 9)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("FREQ=DAILY", "FREQ=DAILY"),
        (" freq=weekly;byday=mo,we \n", "FREQ=WEEKLY;BYDAY=MO,WE"),
        ("RRULE:FREQ=DAILY", "FREQ=DAILY"),
        ("rrule: byday=mo;freq=weekly", "BYDAY=MO;FREQ=WEEKLY"),
    ],
)
def test_a_rule_is_stored_as_sent_in_upper_case(text: str, stored: str) -> None:
    assert check_rule(text, "Europe/Berlin", None) == stored
    assert check_rule(stored, None, None) == stored


@pytest.mark.parametrize(
    "name", ["Europe/Berlin", "Asia/Katmandu", "Asia/Kathmandu", "US/Eastern", "UTC", "Etc/GMT+5", "Zulu"]
)
def test_zones_and_their_aliases_are_known(name: str) -> None:
    assert check_zone(name) == name
    assert check_zone(name.lower()) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Berlin",
        "Europe/Berlln",
        "Europe",
        "Europe/",
        "../Europe/Berlin",
        "Europe/../Europe/Berlin",
        "/usr/share/zoneinfo/Europe/Berlin",
        "/etc/localtime",
        "posixrules",
        "localtime",
        "Factory",
        "posix/Europe/Berlin",
        "right/Europe/Berlin",
        "zone.tab",
        "Europe/Berlin\x00",
        " Europe/Berlin",
        "EST5EDT4,M3.2.0,M11.1.0",
        "+01:00",
        "x" * 10_000,
    ],
)
def test_anything_else_is_no_zone(name: str) -> None:
    with pytest.raises(InvalidZone) as refused:
        check_zone(name)
    assert refused.value.type == "timezone_unknown"
    with pytest.raises(InvalidZone):
        check_rule("FREQ=DAILY", name, None)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("pacific standard time", "America/Los_Angeles"),
        ("New York", "America/New_York"),
        ("berlin", "Europe/Berlin"),
        ("Europe/Berln", "Europe/Berlin"),
        ("america/newyork", "America/New_York"),
        ("Pacific Time", None),
        ("CEST", None),
        ("GMT+1", None),  # Etc/GMT+1 is an hour behind UTC
        ("Mars/Olympus", None),
        ("", None),
        ("x" * 60_000, None),
    ],
)
def test_a_zone_is_hinted_at_only_where_one_is_near(name: str, meant: str | None) -> None:
    with pytest.raises(InvalidZone) as refused:
        check_zone(name)
    hint = f"; did you mean {meant}?" if meant else ""
    assert refused.value.message == f"must be the name of an IANA time zone, such as Europe/Berlin{hint}"


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;SKIP=BACKWARD",
        "FREQ=WEEKLY;SKIP=FORWARD",
        "FREQ=DAILY;BYMONTHDAY=28;SKIP=BACKWARD",
        "FREQ=YEARLY;BYYEARDAY=-365;BYMONTH=1;SKIP=FORWARD",
        "FREQ=YEARLY;BYWEEKNO=52;BYMONTH=12;SKIP=FORWARD",
        "FREQ=YEARLY;BYYEARDAY=366;BYMONTHDAY=31;SKIP=OMIT",
    ],
)
def test_skip_may_stand_where_it_has_nothing_to_move(rule: str) -> None:
    assert parse_rule(rule).skip == rule.rpartition("=")[2]
