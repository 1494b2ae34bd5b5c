"""Chance for whole columns."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data.drawing import Drawing


def chance(seed: int) -> random.Random:
    """A generator that gives the same every time."""
    return random.Random(seed)  # noqa: S311  nothing secret


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6000), st.lists(st.integers(0, 5000), max_size=6), st.integers(0, 5))
def test_what_is_drawn_does_not_depend_on_how_much_at_a_time(size: int, counts: list[int], seed: int) -> None:
    """Odd numbers, small and large portions, few and many values: the same as all at once."""
    together = Drawing(range(size), chance(seed)).take(sum(counts))
    drawing = Drawing(range(size), chance(seed))
    assert [value for count in counts for value in drawing.take(count)] == together


@pytest.mark.parametrize("size", [1, 2, 3, 10, 512, 4096, 5000])
def test_all_values_are_about_as_likely(size: int) -> None:
    """None is left out, and none is much likelier than another."""
    seen = Counter(Drawing(range(size), chance(1)).take(100 * size))
    assert set(seen) == set(range(size))
    assert max(seen.values()) < 200


def test_the_same_on_every_machine() -> None:
    """What a seed gives is written down here."""
    assert Drawing("abcdefgh", chance(7)).take(12) == list("fcchabbdffda")
