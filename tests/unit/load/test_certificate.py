"""When the generator's own figures make a result worthless, and when not."""

import pytest

from harness.load.certificate import Certificate, certify


def judged(*, cpu_share: float = 0.3, lag_p99: float = 1.0, latency_p99: float = 50.0) -> Certificate:
    """A certificate for a run that is fine but for what is given."""
    return certify(cpu_share=cpu_share, lag_p99=lag_p99, lag_max=lag_p99, latency_p99=latency_p99)


def test_an_idle_generator_is_believed() -> None:
    """Time to spare and timers in time: valid."""
    assert judged().is_valid
    assert judged().reasons == ()


def test_a_busy_generator_is_not_believed() -> None:
    """Near one whole core the generator is the limit."""
    assert judged(cpu_share=0.9).is_valid
    certificate = judged(cpu_share=0.97)
    assert not certificate.is_valid
    assert "97% of one core (limit 90%)" in certificate.reasons[0]


@pytest.mark.parametrize(
    ("lag", "latency", "expected"), [(9, 10, True), (11, 12, False), (30, 300, True), (90, 300, False)]
)
def test_lag_counts_when_it_shapes_the_latency(lag: float, latency: float, expected: bool) -> None:
    """Late timers matter above 10 ms, and only where they are a good part of the latency."""
    assert judged(lag_p99=lag, latency_p99=latency).is_valid is expected


def test_both_reasons_are_given() -> None:
    """Nothing is hidden behind the first reason."""
    assert len(judged(cpu_share=1.0, lag_p99=100).reasons) == 2
