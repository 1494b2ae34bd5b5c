"""The start-up as bars over time."""

from hypothesis import given
from hypothesis import strategies as st

from harness.events.facts import ComponentChanged, EnvironmentStarted, Event, State, TimeSpent
from harness.reports.timeline import TICKS, draw
from harness.results import fold
from tests.unit.events.strategies import facts
from tests.unit.reports import sample_runs


def change(at: float, new: State, component: str = "db") -> ComponentChanged:
    """A component's change."""
    return ComponentChanged(at=at, component=component, old=State.PLANNED, new=new)


def test_bars_stand_where_the_time_went() -> None:
    """A second of ten is a tenth of the width; what is ready stays so until the end."""
    timeline = draw(
        fold(
            [
                change(0.0, State.STARTING),
                change(1.0, State.PROBING),
                change(6.0, State.READY),
                EnvironmentStarted(
                    at=10.0, environment_id="e", duration=10.0, critical_path=(("db", "probing", 5.0),)
                ),
                change(20.0, State.STOPPING),
            ]
        ).environment
    )
    assert timeline is not None
    (row,) = timeline.rows
    assert [(b.kind, b.left, b.width, b.is_critical) for b in row.bars] == [
        ("starting", 0.0, 10.0, False),
        ("probing", 10.0, 50.0, True),
        ("ready", 60.0, 40.0, False),
    ]
    assert (row.outcome, row.is_critical, row.is_failed) == ("6.00 s", True, False)
    assert [(t.left, t.label) for t in timeline.ticks][:2] == [(0.0, "0"), (20.0, "2 s")]


def test_what_is_no_component_has_a_row_before_or_after_them() -> None:
    """Preparing the provider comes first, seeding last."""
    events = [
        change(1.0, State.STARTING),
        TimeSpent(at=1.0, component="process provider", what="preparing", duration=1.0),
        TimeSpent(at=10.0, component="seed data", what="seeding", duration=2.0),
        EnvironmentStarted(at=10.0, environment_id="e", duration=10.0),
    ]
    timeline = draw(fold(events).environment)
    assert timeline is not None
    assert [row.name for row in timeline.rows] == ["process provider", "db", "seed data"]


def test_a_start_up_that_failed_ends_with_the_failure() -> None:
    """The row says when; components that were still starting were not ready."""
    timeline = draw(fold(sample_runs.broken()).environment)
    assert timeline is not None
    outcomes = {row.name: (row.outcome, row.is_failed) for row in timeline.rows}
    assert outcomes["test-jonar"] == ("failed after 276 ms", True)
    assert outcomes["test-distilera"] == ("not ready", False)
    assert outcomes["test-redis"] == ("20 ms", False)


def test_nothing_known_is_nothing_drawn() -> None:
    """An attached ecosystem has no start-up."""
    assert draw(fold([]).environment) is None


@given(st.lists(facts(st.floats(0, 1e6), st.sampled_from(["db", "app"])), max_size=20))
def test_bars_stay_within_the_picture(stated: list[Event]) -> None:
    """Whatever was stated, nothing is drawn outside, and the axis has few marks."""
    timeline = draw(fold(stated).environment)
    if timeline is None:
        return
    assert 1 <= len(timeline.ticks) <= TICKS + 1
    for row in timeline.rows:
        for bar in row.bars:
            assert 0 <= bar.left <= 100
            assert 0 <= bar.width <= 100.01 - bar.left
