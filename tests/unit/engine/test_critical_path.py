"""The chain that decided the duration is found among everything that happened at once."""

from hypothesis import given
from hypothesis import strategies as st

from harness.engine.critical_path import (
    COMPLETING,
    KEEPING,
    PREPARING,
    PROBING,
    SEEDING,
    STARTING,
    WAITING,
    Stretch,
    critical_path,
)
from harness.plan.model import Plan
from harness.spec.model import Condition
from tests.doubles.plans import completed, make_plan, plans, started


def test_the_slower_of_two_decides() -> None:
    """A dependant's chain goes through what was ready last."""
    plan = make_plan({"db": [], "cache": [], "api": ["db", "cache"]})
    stretches = [
        Stretch("db", STARTING, 0, 1),
        Stretch("db", PROBING, 1, 5),
        Stretch("cache", STARTING, 0, 2),
        Stretch("cache", PROBING, 2, 3),
        Stretch("api", WAITING, 0, 5),
        Stretch("api", STARTING, 5, 6),
        Stretch("api", PROBING, 6, 8),
    ]
    assert critical_path(plan, stretches) == (
        ("db", STARTING, 1),
        ("db", PROBING, 4),
        ("api", STARTING, 1),
        ("api", PROBING, 2),
    )


def test_what_is_only_started_is_not_waited_for_further() -> None:
    """Of a component that had only to be started, its probing decided nothing."""
    plan = make_plan({"db": [], "api": [started("db")]})
    stretches = [
        Stretch("db", STARTING, 0, 1),
        Stretch("db", PROBING, 1, 3),
        Stretch("api", WAITING, 0, 1),
        Stretch("api", STARTING, 1, 2),
        Stretch("api", PROBING, 2, 9),
    ]
    assert critical_path(plan, stretches) == (
        ("db", STARTING, 1),
        ("api", STARTING, 1),
        ("api", PROBING, 7),
    )


def test_preparing_seeding_and_keeping_frame_the_chain() -> None:
    """What everything waits for comes first, what waits for everything last; one-shots count to their end."""
    plan = make_plan({"migrations": [], "api": [completed("migrations")]})
    stretches = [
        Stretch("stores", KEEPING, 8, 9),
        Stretch("seed data", SEEDING, 7, 8),
        Stretch("fake provider", PREPARING, 0, 2),
        Stretch("migrations", STARTING, 2, 3),
        Stretch("migrations", COMPLETING, 3, 4),
        Stretch("api", STARTING, 4, 5),
        Stretch("api", PROBING, 5, 7),
    ]
    assert [(who, what) for who, what, _ in critical_path(plan, stretches)] == [
        ("fake provider", PREPARING),
        ("migrations", STARTING),
        ("migrations", COMPLETING),
        ("api", STARTING),
        ("api", PROBING),
        ("seed data", SEEDING),
        ("stores", KEEPING),
    ]


def test_nothing_recorded_is_no_path() -> None:
    """A start-up that failed before anything was started has none."""
    assert critical_path(make_plan({"db": []}), []) == ()


@given(plan=plans(), data=st.data())
def test_the_path_lasts_as_long_as_the_start_up(plan: Plan, data: st.DataObject) -> None:
    """When every component starts as soon as it may, the links of the path add up to the whole duration."""
    starts: dict[str, float] = {}
    ends: dict[str, float] = {}
    stretches: list[Stretch] = []
    for step in plan.steps:
        begin = max((_met(starts, ends, w.component, w.condition) for w in step.waits_for), default=0)
        starts[step.name] = begin + data.draw(st.integers(0, 9))
        ends[step.name] = starts[step.name] + data.draw(st.integers(0, 9))
        stretches += [
            Stretch(step.name, STARTING, begin, starts[step.name]),
            Stretch(step.name, PROBING, starts[step.name], ends[step.name]),
        ]
    assert sum(seconds for _, _, seconds in critical_path(plan, stretches)) == max(ends.values())


def _met(starts: dict[str, float], ends: dict[str, float], name: str, condition: Condition) -> float:
    return starts[name] if condition is Condition.STARTED else ends[name]
