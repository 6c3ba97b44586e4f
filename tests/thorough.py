"""How much ``make test`` tries, and how much ``make test-all`` does.

Tests at random draw fewer examples in ``make test``, and the plans are checked with fewer rows: the same
assertions, in a fraction of the time. ``make test-all`` sets TEST_THOROUGH=1.
"""

import os

THOROUGH = os.environ.get("TEST_THOROUGH") == "1"


def examples(usual: int, thorough: int) -> int:
    """The number of examples of a test at random."""
    return thorough if THOROUGH else usual
