"""Many random choices out of one value of Hypothesis.

Hypothesis takes longer to make one choice than much of what is tested takes to run; and where it makes many,
it mostly varies examples that it had before. Of one value of bytes each example is new. Hypothesis still
shrinks it, byte by byte: each choice to the first of its options, which is to be the simplest.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from hypothesis import strategies as st

Option = TypeVar("Option")
Made = TypeVar("Made")


class Choices:
    """Choices that follow from bytes; after these, each is of the first option."""

    def __init__(self, content: bytes) -> None:
        self._numbers = iter(memoryview(content).cast("I"))

    def among(self, options: Sequence[Option]) -> Option:
        return options[next(self._numbers, 0) * len(options) >> 32]


def chosen(most: int, make: Callable[[Choices], Made]) -> st.SearchStrategy[Made]:
    """What is made with so many choices, or fewer."""
    return st.binary(min_size=4 * most, max_size=4 * most).map(lambda content: make(Choices(content)))


def either(*lists: Sequence[Option]) -> list[Option]:
    """What is in some lists, each list with nearly the same weight."""
    longest = max(map(len, lists))
    return [option for options in lists for option in [*options] * (longest // len(options))]
