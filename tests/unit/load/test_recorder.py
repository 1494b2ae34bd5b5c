"""What is counted, and what of it is an error or a latency."""

import pytest

from harness.load.connection import Failure
from harness.load.recorder import Recorder


def test_statuses_failures_and_errors() -> None:
    """Answers are counted by status, errors by kind, and the total is the sum of the names."""
    recorder = Recorder()
    recorder.answered("a", 200, 0.010)
    recorder.answered("a", 503, 0.030)
    recorder.answered("b", 429, 0.001)
    recorder.answered("b", 404, 0.001)
    recorder.failed("b", Failure.CONNECTION, "ConnectionResetError before an answer", 0.001)
    total, names = recorder.total(), recorder.by_name()
    assert (total.count, total.error_count, total.error_rate) == (5, 4, 0.8)
    assert total.statuses == {200: 1, 503: 1, 429: 1, 404: 1}
    assert total.errors == {"status_5xx": 1, "status_4xx": 2, "connection": 1}
    assert (names["a"].count, names["b"].count) == (2, 3)
    assert recorder.examples == {
        "status_5xx": "a answered 503",
        "status_4xx": "b answered 429",
        "connection": "b: ConnectionResetError before an answer",
    }


def test_latency_is_in_milliseconds_with_timeouts_and_without_broken_connections() -> None:
    """A timeout is slow and counts as such; a refused connection would only flatter the service."""
    recorder = Recorder()
    recorder.answered("a", 200, 0.010)
    recorder.failed("a", Failure.TIMEOUT, "no whole answer", 1.0)
    recorder.failed("a", Failure.CONNECTION, "refused", 0.000001)
    latency = recorder.total().latency
    assert latency.avg == pytest.approx(505)
    assert latency.max == pytest.approx(1000)
    assert latency.p50 == pytest.approx(10, rel=0.01)
    assert latency.p99 == pytest.approx(1000, rel=0.01)
