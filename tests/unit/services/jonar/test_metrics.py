"""From counters to rates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jonar.metrics import Sample, Window, parse, total
from jonar.probe import served
from kernel.metrics import Metrics


def _window(*samples: tuple[float, float, float], length: float = 2.0) -> Window:
    window = Window(length)
    for at, requests, cpu in samples:
        window.add(Sample(at, requests, cpu, 100))
    return window


def test_what_a_service_writes_can_be_read() -> None:
    """The kernel's own figures come back as they went in, without Jonar's questions."""
    metrics = Metrics("hoardwell")
    for route, times in (
        ("/ready", 7),
        ("/metrics", 5),
        ("/health", 3),
        ("/api/v1/messages/", 2),
        ("unmatched", 1),
    ):
        for _ in range(times):
            metrics.observe("GET", route, 200, 0.01)
    assert served(parse(metrics.text())) == 3


def test_labels_and_comments() -> None:
    """Comments are passed over, escaped quotes stay in the label."""
    text = '# HELP x y\nx{a="1",b="say \\"so\\", {ok}"} 2.5 1700000000\ny 3\nnot a line\n'
    first, second = parse(text)
    assert (first.name, first.label("a"), first.value) == ("x", "1", 2.5)
    assert first.label("b") == 'say \\"so\\", {ok}'
    assert first.label("c") == ""
    assert (second.name, second.labels, second.value) == ("y", (), 3.0)


def test_a_rate_needs_a_whole_window() -> None:
    """One look at a counter says nothing about speed, and a moment says little."""
    assert _window().rates() is None
    assert _window((0.0, 5, 1)).rates() is None
    assert _window((0.0, 5, 1), (1.9, 6, 1)).rates() is None
    assert _window((0.0, 5, 1), (1.9, 6, 1), (2.0, 7, 1)).rates() is not None


def test_rates_cover_the_window() -> None:
    """Older samples are dropped, except the one that the window begins within."""
    rates = _window((0.0, 0, 0.0), (1.0, 100, 0.5), (2.0, 110, 0.6), (3.0, 120, 0.9)).rates()
    assert rates is not None
    assert rates.requests == pytest.approx(10.0)
    assert rates.cpu == pytest.approx(0.2)


def test_a_counter_that_went_back_gives_no_rate() -> None:
    """It was reset; a negative rate would be an invention."""
    assert _window((0.0, 50, 1.0), (2.0, 3, 1.1)).rates() is None
    assert _window((0.0, 3, 5.0), (2.0, 5, 0.1)).rates() is None


def test_cleared_windows_know_nothing() -> None:
    """What no longer answers has no figures."""
    window = _window((0.0, 1, 0.1), (2.0, 2, 0.2))
    assert window.rates() is not None
    window.clear()
    assert window.latest is None
    assert window.rates() is None


def test_totals_add_up_what_was_measured() -> None:
    """A replica without samples adds nothing, and is not counted as measured."""
    totals = total([_window((0.0, 0, 0.0), (2.0, 20, 1.0)), _window((0.0, 7, 1.0)), _window()])
    assert (totals.measured, totals.requests, totals.cpu_seconds, totals.memory) == (2, 27, 2.0, 200)
    assert (totals.requests_per_second, totals.cpu_cores) == (10.0, 0.5)


@given(
    st.lists(st.tuples(st.floats(0.01, 5), st.floats(0, 100)), min_size=2, max_size=40), st.floats(0.1, 10)
)
def test_a_steady_counter_has_a_rate_within_its_steps(
    steps: list[tuple[float, float]], length: float
) -> None:
    """The rate over any window lies between the slowest and the fastest step."""
    window, at, served_so_far = Window(length), 0.0, 0.0
    window.add(Sample(at, served_so_far, 0.0, 0))
    for pause, rate in steps:
        at, served_so_far = at + pause, served_so_far + pause * rate
        window.add(Sample(at, served_so_far, 0.0, 0))
    rates = window.rates()
    assert (rates is None) == (at < length)
    if rates is None:
        return
    speeds = [rate for _, rate in steps]
    assert min(speeds) - 1e-6 <= rates.requests <= max(speeds) + 1e-6
