"""The histogram against exact percentiles of the same numbers."""

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.load.histogram import LatencyHistogram

durations = st.lists(st.floats(min_value=1e-9, max_value=8000.0), min_size=1, max_size=200)


def exact(values: list[float], percent: float) -> float:
    """The nearest-rank percentile by sorting."""
    return sorted(values)[max(1, ceil(len(values) * percent / 100)) - 1]


def recorded(values: list[float]) -> LatencyHistogram:
    """A histogram of the values."""
    histogram = LatencyHistogram()
    for value in values:
        histogram.record(value)
    return histogram


@given(durations, st.floats(min_value=0, max_value=100))
def test_percentile_is_within_one_percent(values: list[float], percent: float) -> None:
    """Any percentile of any durations is within 1 % (and the clock's nanosecond) of the sorted one."""
    found = recorded(values).percentile(percent)
    assert found == pytest.approx(exact(values, percent), rel=0.01, abs=1.01e-9)


@given(durations)
def test_mean_longest_and_count_are_exact(values: list[float]) -> None:
    """What is kept beside the buckets is exact to the nanosecond."""
    histogram = recorded(values)
    assert histogram.count == len(values)
    assert histogram.longest == pytest.approx(max(values), abs=1.01e-9)
    assert histogram.mean == pytest.approx(sum(values) / len(values), abs=1.01e-9)


@given(durations, durations)
def test_merging_equals_recording_both(first: list[float], second: list[float]) -> None:
    """A merged histogram tells the same as one that recorded everything."""
    merged, both = recorded(first), recorded(first + second)
    merged.merge(recorded(second))
    for percent in (0, 50, 99, 100):
        assert merged.percentile(percent) == both.percentile(percent)
    assert (merged.count, merged.mean, merged.longest) == (both.count, both.mean, both.longest)


def test_empty_histogram_is_all_zero() -> None:
    """Nothing recorded gives zeros, not errors."""
    empty = LatencyHistogram()
    assert (empty.count, empty.mean, empty.longest, empty.percentile(99)) == (0, 0.0, 0.0, 0.0)


def test_durations_beyond_the_range_count_at_its_ends() -> None:
    """A negative duration counts as zero, one of days as the largest."""
    histogram = recorded([-1.0, 1e6])
    assert histogram.percentile(0) == 0.0
    assert 8000 < histogram.percentile(100) < 9000
