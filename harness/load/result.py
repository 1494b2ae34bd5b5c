"""Why this exists: what a load run found, as frozen values for assertions and reports."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.load.certificate import Certificate
from harness.load.histogram import LatencyHistogram

FIRST_ERROR_STATUS = 400
"""Answers from this status on count as errors."""

_MILLISECONDS = 1000.0


def error_kind(status: int) -> str:
    """The kind of error an HTTP status is, such as `status_5xx`."""
    return f"status_{status // 100}xx"


@dataclass(frozen=True, slots=True)
class Latency:
    """Response times in milliseconds, from when a request was due or wanted to its answer's last byte.

    `avg` and `max` are exact, percentiles within 0.4 %. All are 0 when nothing was answered.
    """

    avg: float
    p50: float
    p95: float
    p99: float
    max: float

    @classmethod
    def of(cls, histogram: LatencyHistogram) -> "Latency":
        """The summary of a histogram."""
        p50, p95, p99 = (histogram.percentile(percent) * _MILLISECONDS for percent in (50, 95, 99))
        return cls(histogram.mean * _MILLISECONDS, p50, p95, p99, histogram.longest * _MILLISECONDS)


@dataclass(frozen=True, slots=True)
class Figures:
    """What happened to a set of requests.

    Args:
        count: Requests that ended, well or not.
        errors: How many ended badly, by kind: `connection`, `timeout`, `protocol`, `status_4xx`, …
        statuses: How many were answered, by HTTP status.
        latency: Of all that were answered or timed out.
    """

    count: int
    errors: Mapping[str, int]
    statuses: Mapping[int, int]
    latency: Latency

    @property
    def error_count(self) -> int:
        """Requests that ended badly."""
        return sum(self.errors.values())

    @property
    def error_rate(self) -> float:
        """The share of requests that ended badly, 0 to 1; 1 when none ended: no evidence passes no limit."""
        return self.error_count / self.count if self.count else 1.0


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What a load run found.

    Args:
        total: Over all requests.
        by_name: By request name, in the order the names first ended.
        elapsed: Seconds from the start to the end of the last request.
        unsent: Planned requests that were not sent: the duration ended first or, in the open model, the
            users had nothing more to send.
        examples: For each kind of error its first occurrence, as one line.
        certificate: Whether the generator itself can be trusted to have kept up.
    """

    total: Figures
    by_name: Mapping[str, Figures]
    elapsed: float
    unsent: int
    examples: Mapping[str, str]
    certificate: Certificate

    @property
    def throughput(self) -> float:
        """Requests per second that ended well."""
        return (self.total.count - self.total.error_count) / self.elapsed if self.elapsed else 0.0

    @property
    def is_complete(self) -> bool:
        """Whether everything planned was sent."""
        return self.unsent == 0

    @property
    def is_valid(self) -> bool:
        """False when the generator was the bottleneck: then the figures say nothing about the services."""
        return self.certificate.is_valid

    @property
    def reason(self) -> str:
        """Why the result is not valid; empty when it is."""
        return "; ".join(self.certificate.reasons)

    def figures(self) -> dict[str, float]:
        """The main figures by name: times in milliseconds, throughput in requests per second."""
        return {
            "count": self.total.count,
            "throughput": self.throughput,
            "error_rate": self.total.error_rate,
            "avg_response_time": self.total.latency.avg,
            "p50_response_time": self.total.latency.p50,
            "p95_response_time": self.total.latency.p95,
            "p99_response_time": self.total.latency.p99,
            "max_response_time": self.total.latency.max,
        }
