"""Facts about components become histories and one start-up."""

from dataclasses import replace

from harness.events.facts import (
    ComponentChanged,
    ComponentExited,
    EnvironmentFailed,
    EnvironmentStarted,
    EnvironmentStopped,
    Event,
    PlanMade,
    State,
    TimeSpent,
    WorldClosed,
    WorldOpened,
)
from harness.results import fold
from harness.results.environment import (
    Change,
    ComponentExit,
    EnvironmentResult,
    Failure,
    PathStep,
    Stretch,
    WorldResult,
)


def folded(*events: Event) -> EnvironmentResult:
    """The environment of a run that states these facts."""
    return fold(events).environment


def change(at: float, component: str, new: State, detail: str = "") -> ComponentChanged:
    """A component's change; what it was before does not matter to the history."""
    return ComponentChanged(at=at, component=component, old=State.PLANNED, new=new, detail=detail)


def test_a_component_has_its_states_over_time_and_its_level() -> None:
    """Components come in the order of the plan."""
    environment = folded(
        PlanMade(at=1.0, levels=(("db",), ("app",)), skipped={"mail": "profile"}),
        change(2.0, "app", State.WAITING, "for db"),
        change(2.0, "db", State.STARTING),
        change(3.0, "db", State.READY, "accepts"),
    )
    db, app = environment.components
    assert (db.name, db.level, app.name, app.level) == ("db", 0, "app", 1)
    assert db.changes == (Change(2.0, State.STARTING), Change(3.0, State.READY, "accepts"))
    assert (db.state, db.ready_at, app.state, app.ready_at) == (State.READY, 3.0, State.WAITING, None)
    assert environment.skipped == {"mail": "profile"}


def test_the_start_up_began_when_its_duration_says() -> None:
    """The engine's own figure counts, once it is stated."""
    early = (PlanMade(at=1.0, levels=(("db",),)), change(5.0, "db", State.STARTING))
    assert folded(*early).started == 5.0
    path = (("db", "starting", 1.5),)
    up = EnvironmentStarted(at=6.0, environment_id="e1", duration=1.5, critical_path=path)
    environment = folded(*early, TimeSpent(at=6.0, component="db", what="starting", duration=1.25), up)
    assert (environment.id, environment.started, environment.ready_after) == ("e1", 4.5, 1.5)
    assert environment.critical_path == (PathStep("db", "starting", 1.5),)
    assert environment.stretches == (Stretch("db", "starting", 4.75, 1.25),)


def test_what_starts_anew_later_does_not_move_the_start_up() -> None:
    """A restart between suites is part of the history, not of the timeline's begin."""
    up = EnvironmentStarted(at=2.0, environment_id="e1", duration=1.0)
    again = EnvironmentStarted(at=9.0, environment_id="e1", duration=0.2)
    environment = folded(up, change(8.0, "app", State.STARTING), again)
    assert (environment.started, environment.ready_after) == (1.0, 1.0)


def test_the_first_failure_is_the_cause() -> None:
    """What fails after it is its consequence."""
    first = EnvironmentFailed(at=1.0, message="db ended", hint="look", evidence=("line",))
    environment = folded(first, EnvironmentFailed(at=2.0, message="app has no db"))
    assert environment.failure == Failure(1.0, "db ended", "look", ("line",))


def test_only_unexpected_exits_are_crashes() -> None:
    """A one-shot that ends as it should is none."""
    environment = folded(
        ComponentExited(at=1.0, component="migrations", exit_code=0, expected=True),
        ComponentExited(
            at=2.0,
            component="app",
            exit_code=-9,
            expected=False,
            last_lines=("boom",),
            awaited_by=(("web",),),
        ),
        change(2.0, "app", State.FAILED, "signal 9"),
    )
    (app,) = environment.crashed
    assert app.crashes == (ComponentExit(2.0, -9, False, ("boom",), (("web",),)),)
    assert app.failure == Change(2.0, State.FAILED, "signal 9")


def test_leftovers_are_named_once() -> None:
    """Two environments' teardowns add up."""
    one = EnvironmentStopped(at=1.0, environment_id="a", duration=0.1, leftovers=("p1", "p2"))
    two = EnvironmentStopped(at=2.0, environment_id="b", duration=0.3, leftovers=("p2", "p3"))
    environment = folded(one, two)
    assert (environment.leftovers, environment.stopped_after) == (("p1", "p2", "p3"), 0.3)


def test_of_a_world_counts_what_concerns_the_run() -> None:
    """That it was there, how it broke, and what it left; its components are no further rows."""
    environment = folded(
        change(1.0, "db", State.READY),
        replace(change(2.0, "db", State.STARTING), world="gw1"),
        WorldOpened(at=3.0, world="gw1", duration=1.5),
        EnvironmentFailed(at=4.0, world="gw1", message="in the world of gw1: db ended"),
        WorldClosed(at=5.0, world="gw1", duration=0.1, leftovers=("process 7",)),
        EnvironmentStopped(at=6.0, environment_id="e", duration=0.2),
    )
    assert [(c.name, len(c.changes)) for c in environment.components] == [("db", 1)]
    assert environment.worlds == (WorldResult("gw1", 3.0, 1.5),)
    assert environment.failure == Failure(4.0, "in the world of gw1: db ended")
    assert environment.leftovers == ("process 7",)
    assert (environment.world_of("gw1"), environment.world_of("gw0"), environment.world_of("main")) == (
        "gw1",
        "",
        "",
    )
