"""Rules at random, counted by the service and by the oracle: 300 of them, or 6,000."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings

from app.recurrence.series import Occurrence, Series, next_occurrence, occurrences
from tests.app.recurrence import oracle
from tests.app.recurrence.strategies import SPANS, Example, examples_of_series
from tests.thorough import THOROUGH, examples

PREVIEW = 100
tried = settings(
    max_examples=examples(300, 1_500), deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


# Four shares, so that the workers of pytest-xdist divide them.
@pytest.mark.thorough
@pytest.mark.parametrize("share", range(4 if THOROUGH else 1))
@tried
@given(example=examples_of_series())
def test_every_occurrence_is_the_oracles(share: int, example: Example) -> None:
    rule, zone, start = example.rule, example.zone, example.start
    end = start + timedelta(days=SPANS[dict(part.split("=") for part in rule.split(";"))["FREQ"]])
    expected = oracle.series(rule, start, end, zone, PREVIEW + 1)[1:]
    found = occurrences(Series(rule, zone, start), PREVIEW)
    assert [each.due for each in found if each.due <= end] == expected
    assert [each.index for each in found] == list(range(2, len(found) + 2))

    series = [Occurrence(start, 1), *found]
    place = example.place % len(series)
    completed = Series(rule, zone, start, place + 1, series[place].due)
    for following in series[place + 1 : place + 2]:
        assert next_occurrence(completed) == following
        passed = series[place:-1] or [following]
        late = passed[example.late % len(passed)].due
        for after in (late, late - timedelta(seconds=1)):
            passed_over = [each for each in series[place + 1 :] if each.due > after]
            assert passed_over[:1] in ([], [next_occurrence(completed, after)])
