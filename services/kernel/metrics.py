"""Why this exists: each process says in Prometheus's text format what it served, measured where it happened."""

import time
from bisect import bisect_left
from collections import Counter

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """Counts requests of one process. Not shared across processes: a scraper adds them up."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._buckets = [0] * (len(BUCKETS) + 1)
        self._seconds = 0.0
        self.in_flight = 0

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self._requests[method, route, status] += 1
        self._buckets[bisect_left(BUCKETS, seconds)] += 1
        self._seconds += seconds

    def text(self) -> str:
        """All figures in Prometheus text exposition format."""
        return "\n".join([*self._counts(), *self._histogram(), *self._gauges(), ""])

    def _counts(self) -> list[str]:
        lines = ["# TYPE requests_total counter"]
        for (method, route, status), count in sorted(self._requests.items()):
            labels = f'service="{self._service}",method="{method}",route="{route}",status="{status}"'
            lines.append(f"requests_total{{{labels}}} {count}")
        return lines

    def _histogram(self) -> list[str]:
        lines, total = ["# TYPE request_seconds histogram"], 0
        for bound, count in zip([*map(str, BUCKETS), "+Inf"], self._buckets, strict=True):
            total += count
            lines.append(f'request_seconds_bucket{{service="{self._service}",le="{bound}"}} {total}')
        lines.append(f'request_seconds_sum{{service="{self._service}"}} {self._seconds:.6f}')
        lines.append(f'request_seconds_count{{service="{self._service}"}} {total}')
        return lines

    def _gauges(self) -> list[str]:
        return [
            "# TYPE requests_in_flight gauge",
            f'requests_in_flight{{service="{self._service}"}} {self.in_flight}',
            "# TYPE process_cpu_seconds_total counter",
            f"process_cpu_seconds_total {time.process_time():.6f}",
            "# TYPE process_resident_memory_bytes gauge",
            f"process_resident_memory_bytes {_resident()}",
        ]


def _resident() -> int:
    """Bytes of memory that this process has now."""
    import psutil  # noqa: PLC0415 - figures are asked for now and then: a start does not wait for it

    resident: int = psutil.Process().memory_info().rss
    return resident
