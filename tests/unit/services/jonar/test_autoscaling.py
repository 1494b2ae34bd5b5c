"""The autoscaler's arithmetic, against what Kubernetes documents."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jonar.autoscaling import TOLERANCE, Observation, Recommendation, Stabiliser, combine, decide, recommend
from tests.unit.services.jonar.fakes import make_policy

figures = st.floats(min_value=0, max_value=1e6)
targets = st.floats(min_value=0.01, max_value=1e4)


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    """Any observation with at least one figure."""
    values = tuple(draw(st.lists(figures, min_size=1, max_size=12)))
    return Observation("requests/s", draw(targets), values, draw(st.integers(0, 5)))


def _observed(*values: float, target: float = 10.0, missing: int = 0) -> Observation:
    return Observation("requests/s", target, values, missing)


def _replicas(current: int, observation: Observation) -> int:
    recommendation = recommend(current, observation)
    assert recommendation is not None
    return recommendation.replicas


@pytest.mark.parametrize(
    ("current", "values", "expected"),
    [
        (1, (20.0,), 2),  # the documentation's example: 200m against 100m doubles
        (4, (5.0, 5.0, 5.0, 5.0), 2),  # and 50m against 100m halves
        (3, (11.0, 11.0, 11.0), 3),  # 1.1 is within the tolerance
        (3, (11.2, 11.2, 11.2), 4),
        (3, (9.0, 9.0, 9.0), 3),
        (10, (8.8,) * 10, 9),
        (2, (0.0, 0.0), 0),
    ],
)
def test_the_formula(current: int, values: tuple[float, ...], expected: int) -> None:
    """Replicas are ceil(current * average / target), unless the ratio is within the tolerance."""
    assert _replicas(current, _observed(*values)) == expected


@given(st.integers(1, 50), targets, st.floats(0, 20))
def test_even_load_gives_the_formula_itself(current: int, target: float, ratio: float) -> None:
    """With figures of every replica nothing but the formula and the tolerance decides."""
    got = _replicas(current, Observation("requests/s", target, (target * ratio,) * current))
    if abs(ratio - 1.0) < TOLERANCE - 1e-6:
        assert got == current
    elif abs(ratio - 1.0) > TOLERANCE + 1e-6:
        assert got in {math.ceil(current * ratio - 1e-6), math.ceil(current * ratio + 1e-6)}


@given(st.integers(1, 20), observations(), st.integers(1, 5))
def test_missing_figures_only_dampen(current: int, observation: Observation, more: int) -> None:
    """A replica without a figure never makes a scale-up larger, nor a scale-down deeper."""
    measured = Observation("requests/s", observation.target, observation.values)
    partly = Observation("requests/s", observation.target, observation.values, more)
    whole = len(observation.values)
    assert (
        abs(_replicas(whole + more, partly) - (whole + more))
        <= abs(_replicas(whole, measured) - whole) + more
    )
    ratio = sum(observation.values) / whole / observation.target
    if ratio > 1.0:
        assert _replicas(current, partly) >= current
    if ratio < 1.0:
        assert _replicas(current, partly) <= current


@given(st.integers(1, 20), observations())
def test_the_direction_is_that_of_the_load(current: int, observation: Observation) -> None:
    """Load above the target never lowers the number of replicas, load below never raises it."""
    got = _replicas(current, observation)
    ratio = sum(observation.values) / len(observation.values) / observation.target
    assert got == current or (got > current) == (ratio > 1.0)


@given(st.lists(observations(), min_size=1, max_size=3), st.integers(1, 20))
def test_the_busiest_metric_decides(several: list[Observation], current: int) -> None:
    """Of several metrics the highest recommendation counts."""
    combined = combine(current, several)
    assert combined is not None
    assert combined.replicas == max(_replicas(current, observation) for observation in several)


def test_a_metric_without_figures_holds_back_a_scale_down() -> None:
    """What cannot be seen may be busy."""
    idle, unknown = _observed(0.0, 0.0, 0.0), _observed()
    held = combine(3, [idle, unknown])
    assert held is not None
    assert held.replicas == 3
    assert "no figures" in held.reason
    busy = combine(1, [_observed(20.0), unknown])
    assert busy is not None
    assert busy.replicas == 2


def test_without_any_figure_nothing_is_recommended() -> None:
    """No figures, no opinion."""
    assert combine(3, [_observed(), _observed(missing=3)]) is None
    assert combine(3, []) is None


def test_the_reason_shows_the_figures() -> None:
    """A person sees what was measured, what was wanted and what follows."""
    recommendation = recommend(1, _observed(25.0, missing=1))
    assert recommendation is not None
    assert recommendation.reason == (
        "requests/s 25 per replica against a target of 10 (ratio 2.5, 1 measured, 1 without figures): 1 -> 3"
    )


def test_a_scale_down_waits_for_the_window() -> None:
    """The highest recommendation of the window counts, however idle it is now."""
    stabiliser = Stabiliser(window=60.0)
    assert stabiliser.steady(0.0, 2, 5) == 5
    assert stabiliser.steady(30.0, 5, 1) == 5
    assert stabiliser.steady(60.0, 5, 1) == 5
    assert stabiliser.steady(61.0, 5, 2) == 2
    assert stabiliser.steady(90.0, 2, 1) == 2


def test_what_was_there_at_first_counts_as_recommended() -> None:
    """A deployment that is idle from the start is not scaled down before the window is over."""
    stabiliser = Stabiliser(window=60.0)
    assert stabiliser.steady(0.0, 3, 1) == 3
    assert stabiliser.steady(60.5, 3, 1) == 1


def test_replicas_that_a_person_added_are_kept_for_the_window() -> None:
    """More replicas than were ever recommended were somebody's wish."""
    stabiliser = Stabiliser(window=60.0)
    stabiliser.steady(0.0, 1, 1)
    assert stabiliser.steady(10.0, 4, 1) == 4
    assert stabiliser.steady(71.0, 4, 1) == 1


@given(st.floats(0, 100), st.lists(st.tuples(st.floats(0, 50), st.integers(0, 20)), min_size=1, max_size=30))
def test_stabilised_is_the_highest_of_the_window(window: float, steps: list[tuple[float, int]]) -> None:
    """Whatever was recommended, and whenever: never below it, never above the window's highest or what was there."""
    stabiliser, now, current = Stabiliser(window), 0.0, 3
    told: list[tuple[float, int]] = []
    for pause, recommended in steps:
        now += pause
        before, current = current, stabiliser.steady(now, current, recommended)
        told.append((now, recommended))
        recent = [replicas for at, replicas in told if at >= now - window]
        assert max(recent) <= current <= max([*recent, before])


@given(st.integers(0, 50), st.integers(1, 10), st.integers(0, 10))
def test_decisions_stay_within_the_bounds(recommended: int, least: int, more: int) -> None:
    """Never fewer than the least, never more than the most, and the reason says when that decided."""
    policy = make_policy(least=least, most=least + more)
    decision = decide(least, Recommendation(recommended, "because"), policy, Stabiliser(0.0), 0.0)
    assert least <= decision.replicas <= least + more
    assert ("limited to" in decision.reason) == (decision.replicas != max(recommended, least, 0))
