"""Why this exists: percentiles of any number of latencies in constant memory, with a known error.

The buckets of HdrHistogram: exact below 256 ns, above it 128 buckets for each doubling. A bucket is at most
1/128 as wide as its values, and its middle stands for them: a percentile is within 0.4 % of the exact one.
"""

from array import array
from math import ceil

_LINEAR_BITS = 8
_PER_DOUBLING = 1 << (_LINEAR_BITS - 1)
_MOST_BITS = 43
_LARGEST = (1 << _MOST_BITS) - 1  # nanoseconds: 2.4 hours; what is slower counts as that
_BUCKETS = (_MOST_BITS - _LINEAR_BITS + 2) * _PER_DOUBLING


class LatencyHistogram:
    """Durations in seconds, in 37 KiB whatever their number."""

    __slots__ = ("_buckets", "_longest", "_sum", "count")

    def __init__(self) -> None:
        self.count = 0
        self._buckets = array("Q", bytes(8 * _BUCKETS))
        self._sum = 0
        self._longest = 0

    def record(self, seconds: float) -> None:
        """Count one duration; negative ones (a clock's rounding) count as zero.

        It runs once for each request of a load test, hence comparisons in place of calls.
        """
        value = int(seconds * 1e9)
        if value > self._longest:
            value = min(value, _LARGEST)
            self._longest = value
        elif value < 0:
            value = 0
        shift = value.bit_length() - _LINEAR_BITS
        self._buckets[value if shift <= 0 else shift * _PER_DOUBLING + (value >> shift)] += 1
        self.count += 1
        self._sum += value

    def merge(self, other: "LatencyHistogram") -> None:
        """Count everything `other` has counted, too."""
        for index, times in enumerate(other._buckets):  # noqa: SLF001 - its own class
            if times:
                self._buckets[index] += times
        self.count += other.count
        self._sum += other._sum  # noqa: SLF001 - as above
        self._longest = max(self._longest, other._longest)  # noqa: SLF001 - as above

    @property
    def mean(self) -> float:
        """The average in seconds, exact; 0 when nothing was recorded."""
        return self._sum / self.count / 1e9 if self.count else 0.0

    @property
    def longest(self) -> float:
        """The longest duration in seconds, exact; 0 when nothing was recorded."""
        return self._longest / 1e9

    def percentile(self, percent: float) -> float:
        """The nearest-rank percentile in seconds, within 0.4 %; 0 when nothing was recorded.

        Args:
            percent: 0 to 100; 0 is the shortest duration, 100 the longest.
        """
        rank = max(1, ceil(self.count * percent / 100))
        seen = 0
        for index, times in enumerate(self._buckets):
            seen += times
            if seen >= rank:
                return min(_middle_of(index), self._longest) / 1e9
        return 0.0


def _middle_of(index: int) -> float:
    shift = max(index // _PER_DOUBLING - 1, 0)
    width = 1 << shift
    return (index - shift * _PER_DOUBLING) * width + (width - 1) / 2
