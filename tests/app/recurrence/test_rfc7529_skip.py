"""SKIP and RSCALE, RFC 7529: days that a month lacks are left out, or moved back or ahead, and counted all
the same."""

from datetime import UTC, datetime

import pytest

from app.recurrence.series import Series, occurrences

CASES = [
    (
        "2014-01-31",
        "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=OMIT;COUNT=4",
        "2014-01-31 2014-03-31 2014-05-31 2014-07-31",
    ),
    (
        "2014-01-31",
        "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD;COUNT=4",
        "2014-01-31 2014-02-28 2014-03-31 2014-04-30",
    ),
    (
        "2014-01-31",
        "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=FORWARD;COUNT=4",
        "2014-01-31 2014-03-01 2014-03-31 2014-05-01",
    ),
    ("2012-02-29", "RSCALE=GREGORIAN;FREQ=YEARLY;COUNT=3", "2012-02-29 2016-02-29 2020-02-29"),
    (
        "2012-02-29",
        "RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=BACKWARD;COUNT=5",
        "2012-02-29 2013-02-28 2014-02-28 2015-02-28 2016-02-29",
    ),
    (
        "2012-02-29",
        "RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=FORWARD;COUNT=5",
        "2012-02-29 2013-03-01 2014-03-01 2015-03-01 2016-02-29",
    ),
    ("2014-01-31", "FREQ=MONTHLY;SKIP=FORWARD;COUNT=4", "2014-01-31 2014-03-01 2014-03-31 2014-05-01"),
    # moved onto a day that the rule has already: once
    (
        "2025-01-31",
        "FREQ=MONTHLY;BYMONTHDAY=28,31;SKIP=BACKWARD;COUNT=4",
        "2025-01-31 2025-02-28 2025-03-28 2025-03-31",
    ),
    (
        "2025-01-31",
        "FREQ=MONTHLY;BYMONTHDAY=1,31;SKIP=FORWARD;COUNT=5",
        "2025-01-31 2025-02-01 2025-03-01 2025-03-31 2025-04-01",
    ),
    # the month that lacks the day is the one that INTERVAL counts
    (
        "2025-12-31",
        "FREQ=MONTHLY;INTERVAL=2;SKIP=FORWARD;COUNT=4",
        "2025-12-31 2026-03-01 2026-05-01 2026-07-01",
    ),
    # BYDAY looks at the day moved to
    (
        "2025-01-31",
        "FREQ=MONTHLY;BYMONTHDAY=31;BYDAY=SU;SKIP=FORWARD;COUNT=3",
        "2025-01-31 2025-08-31 2026-03-01",
    ),
    ("2025-01-01", "FREQ=MONTHLY;BYMONTHDAY=31;BYDAY=1SU;SKIP=FORWARD;COUNT=2", "2025-01-01 2026-03-01"),
    # BYSETPOS sees the moved day in the month that lacks it
    (
        "2025-01-31",
        "FREQ=MONTHLY;BYMONTHDAY=1,31;BYSETPOS=-1;SKIP=FORWARD;COUNT=4",
        "2025-01-31 2025-03-01 2025-03-31 2025-05-01",
    ),
    # a day counted from the end is missed before the first of the month (the absolute value is too great)
    (
        "2025-01-01",
        "FREQ=MONTHLY;BYMONTHDAY=-31;SKIP=BACKWARD;COUNT=4",
        "2025-01-01 2025-01-31 2025-03-01 2025-03-31",
    ),
    (
        "2025-01-01",
        "FREQ=MONTHLY;BYMONTHDAY=-31;SKIP=FORWARD;COUNT=4",
        "2025-01-01 2025-02-01 2025-03-01 2025-04-01",
    ),
    # section 4.1, item 7: a day of the year that most years lack
    (
        "2015-02-13",
        "RSCALE=GREGORIAN;FREQ=YEARLY;BYYEARDAY=366;SKIP=BACKWARD;COUNT=4",
        "2015-02-13 2015-12-31 2016-12-31 2017-12-31",
    ),
    (
        "2015-02-13",
        "RSCALE=GREGORIAN;FREQ=YEARLY;BYYEARDAY=366;SKIP=FORWARD;COUNT=4",
        "2015-02-13 2016-01-01 2016-12-31 2018-01-01",
    ),
    (
        "2015-02-13",
        "FREQ=YEARLY;BYYEARDAY=-366;SKIP=BACKWARD;COUNT=5",
        "2015-02-13 2016-01-01 2016-12-31 2017-12-31 2018-12-31",
    ),
    (
        "2015-02-13",
        "FREQ=YEARLY;BYYEARDAY=-366;SKIP=FORWARD;COUNT=4",
        "2015-02-13 2016-01-01 2017-01-01 2018-01-01",
    ),
    # both ends meet on one day, once; the year that lacks the day is the one that INTERVAL counts
    (
        "2015-12-31",
        "FREQ=YEARLY;BYYEARDAY=1,366;SKIP=FORWARD;COUNT=4",
        "2015-12-31 2016-01-01 2016-12-31 2017-01-01",
    ),
    (
        "2015-01-01",
        "FREQ=YEARLY;INTERVAL=2;BYYEARDAY=366;SKIP=FORWARD;COUNT=3",
        "2015-01-01 2016-01-01 2018-01-01",
    ),
    (
        "2015-01-01",
        "FREQ=YEARLY;BYYEARDAY=366;BYDAY=MO;SKIP=FORWARD;COUNT=3",
        "2015-01-01 2018-01-01 2024-01-01",
    ),
    (
        "2015-01-01",
        "FREQ=YEARLY;BYYEARDAY=366;BYDAY=1MO;SKIP=FORWARD;COUNT=3",
        "2015-01-01 2018-01-01 2024-01-01",
    ),
    # item 8: a week that most years lack: the last week, or the first one of the next year
    (
        "2015-02-13",
        "RSCALE=GREGORIAN;FREQ=YEARLY;BYWEEKNO=53;SKIP=BACKWARD;COUNT=5",
        "2015-02-13 2016-01-01 2016-12-30 2017-12-29 2018-12-28",
    ),
    (
        "2015-02-13",
        "RSCALE=GREGORIAN;FREQ=YEARLY;BYWEEKNO=53;SKIP=FORWARD;COUNT=5",
        "2015-02-13 2016-01-01 2017-01-06 2018-01-05 2019-01-04",
    ),
    (
        "2016-06-03",
        "FREQ=YEARLY;BYWEEKNO=-53;SKIP=BACKWARD;COUNT=4",
        "2016-06-03 2016-12-30 2017-12-29 2018-12-28",
    ),
    (
        "2016-06-03",
        "FREQ=YEARLY;BYWEEKNO=-53;SKIP=FORWARD;COUNT=4",
        "2016-06-03 2017-01-06 2018-01-05 2019-01-04",
    ),
    # the last week, which may reach into the next year, comes before what was moved behind it
    (
        "2017-12-31",
        "FREQ=YEARLY;BYWEEKNO=-1,53;BYDAY=MO,SU;WKST=WE;SKIP=FORWARD;COUNT=6",
        "2017-12-31 2018-01-01 2018-01-07 2018-01-08 2018-12-30 2018-12-31",
    ),
]


@pytest.mark.parametrize(("start", "rule", "listed"), CASES)
def test_days_that_a_month_lacks(start: str, rule: str, listed: str) -> None:
    begin = datetime.fromisoformat(start).replace(tzinfo=UTC)
    found = [begin, *(each.due for each in occurrences(Series(rule, None, begin), 100))]
    assert [moment.date().isoformat() for moment in found] == listed.split()
