"""Why this exists: from raw counters of a replica to rates, without inventing what was not measured.

Pure: text and samples in, figures out.
"""

import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

_LINE = re.compile(r"^(?P<name>[A-Za-z_:][\w:]*)(?:\{(?P<labels>.*)\})?\s+(?P<value>\S+)(?:\s+-?\d+)?$")
_LABEL = re.compile(r'(?P<name>[A-Za-z_]\w*)="(?P<value>(?:[^"\\]|\\.)*)"')

_TWO = 2  # points that a rate needs


@dataclass(frozen=True, slots=True)
class Series:
    """One line of the Prometheus text format."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: float

    def label(self, name: str) -> str:
        """A label's value; empty when there is none, as in Prometheus."""
        return dict(self.labels).get(name, "")


def parse(text: str) -> list[Series]:
    """The series of a Prometheus text; comments and lines of another form are passed over."""
    matches = (_LINE.match(line.strip()) for line in text.splitlines() if not line.startswith("#"))
    return [_series(match) for match in matches if match is not None]


def _series(match: re.Match[str]) -> Series:
    labels = tuple((label["name"], label["value"]) for label in _LABEL.finditer(match["labels"] or ""))
    return Series(match["name"], labels, float(match["value"]))


@dataclass(frozen=True, slots=True)
class Sample:
    """A replica's counters at one instant: requests served and CPU seconds used since its start, memory in bytes."""

    at: float
    requests: float
    cpu_seconds: float
    memory: int


@dataclass(frozen=True, slots=True)
class Rates:
    """What a replica did per second over the last window: requests, and CPU seconds (1.0 is one core)."""

    requests: float
    cpu: float


@dataclass(slots=True)
class Window:
    """A replica's samples of the last `length` seconds, and the one before, so that rates cover the whole window."""

    length: float
    _samples: deque[Sample] = field(default_factory=deque)

    def add(self, sample: Sample) -> None:
        """Record a sample; samples are added in the order they were taken."""
        self._samples.append(sample)
        while len(self._samples) > _TWO and sample.at - self._samples[1].at >= self.length:
            self._samples.popleft()

    def clear(self) -> None:
        """Forget every sample, as when the replica no longer answers."""
        self._samples.clear()

    @property
    def latest(self) -> Sample | None:
        """The youngest sample, if any was taken."""
        return self._samples[-1] if self._samples else None

    def rates(self) -> Rates | None:
        """None until the samples cover the whole window, lest a moment's burst count, and across a reset counter."""
        if len(self._samples) < _TWO:
            return None
        first, last = self._samples[0], self._samples[-1]
        elapsed = last.at - first.at
        requests, cpu = last.requests - first.requests, last.cpu_seconds - first.cpu_seconds
        if elapsed < self.length or requests < 0 or cpu < 0:
            return None
        return Rates(requests / elapsed, cpu / elapsed)


@dataclass(frozen=True, slots=True)
class Totals:
    """Figures of several replicas together; rates cover the replicas that have them."""

    measured: int
    requests: float
    cpu_seconds: float
    memory: int
    requests_per_second: float
    cpu_cores: float


def total(windows: Iterable[Window]) -> Totals:
    """Add up what was measured; replicas without a sample add nothing."""
    listed = list(windows)
    samples = [window.latest for window in listed if window.latest is not None]
    rates = [rate for rate in (window.rates() for window in listed) if rate is not None]
    return Totals(
        measured=len(samples),
        requests=sum(sample.requests for sample in samples),
        cpu_seconds=sum(sample.cpu_seconds for sample in samples),
        memory=sum(sample.memory for sample in samples),
        requests_per_second=_sum([rate.requests for rate in rates]),
        cpu_cores=_sum([rate.cpu for rate in rates]),
    )


def _sum(values: Sequence[float]) -> float:
    return float(sum(values))
