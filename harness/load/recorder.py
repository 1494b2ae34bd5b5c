"""Why this exists: counts what happens to requests while a load run is under way, in constant memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter

from harness.load.connection import Failure
from harness.load.histogram import LatencyHistogram
from harness.load.result import FIRST_ERROR_STATUS, Figures, Latency, error_kind


@dataclass(slots=True)
class Tally:
    """The counts of one set of requests.

    `latency` holds every request but those whose connection failed: a refusal is quick, but no answer.
    """

    statuses: dict[int, int] = field(default_factory=dict)
    failures: dict[Failure, int] = field(default_factory=dict)
    latency: LatencyHistogram = field(default_factory=LatencyHistogram)

    def answered(self, status: int, seconds: float) -> None:
        """Count an answer."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.latency.record(seconds)

    def failed(self, failure: Failure, seconds: float) -> None:
        """Count a request without an answer."""
        self.failures[failure] = self.failures.get(failure, 0) + 1
        if failure is Failure.TIMEOUT:
            self.latency.record(seconds)

    def merge(self, other: "Tally") -> None:
        """Count everything `other` has counted, too."""
        for status, times in other.statuses.items():
            self.statuses[status] = self.statuses.get(status, 0) + times
        for failure, times in other.failures.items():
            self.failures[failure] = self.failures.get(failure, 0) + times
        self.latency.merge(other.latency)

    def figures(self) -> Figures:
        """The counts so far, frozen."""
        errors: dict[str, int] = {failure.value: times for failure, times in self.failures.items()}
        for status, times in self.statuses.items():
            if status >= FIRST_ERROR_STATUS:
                errors[error_kind(status)] = errors.get(error_kind(status), 0) + times
        count = sum(self.statuses.values()) + sum(self.failures.values())
        return Figures(count, errors, dict(self.statuses), Latency.of(self.latency))


class Recorder:
    """Counts what users report, by request name.

    `last_end` is the instant (perf_counter) at which the last request ended; `examples` the first error of
    each kind.
    """

    def __init__(self) -> None:
        self.last_end = perf_counter()
        self.examples: dict[str, str] = {}
        self._tallies: dict[str, Tally] = {}

    def answered(self, name: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._tally(name).answered(status, seconds)
        if status >= FIRST_ERROR_STATUS:
            self.examples.setdefault(error_kind(status), f"{name} answered {status}")

    def failed(self, name: str, failure: Failure, detail: str, seconds: float) -> None:
        """Count a request without an answer."""
        self._tally(name).failed(failure, seconds)
        self.examples.setdefault(failure.value, f"{name}: {detail}")

    def total(self) -> Figures:
        """Over all names."""
        total = Tally()
        for tally in self._tallies.values():
            total.merge(tally)
        return total.figures()

    def by_name(self) -> Mapping[str, Figures]:
        """For each name, in the order they first ended."""
        return {name: tally.figures() for name, tally in self._tallies.items()}

    def _tally(self, name: str) -> Tally:
        self.last_end = perf_counter()
        tally = self._tallies.get(name)
        if tally is None:
            tally = self._tallies[name] = Tally()
        return tally
