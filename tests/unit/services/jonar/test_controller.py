"""Replicas are kept as many and as ready as wanted, whatever happens to them."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jonar.controller import next_period
from jonar.deployments import ReplicaState, RolloutState
from jonar.orchestrator import NotRunningError
from tests.unit.services.jonar.bench import Bench, working
from tests.unit.services.jonar.fakes import START, make_deployment, settle


async def test_three_replicas_become_ready() -> None:
    """A rollout is available when every readiness check has answered, and says so once."""
    async with working() as bench:
        bench.controller._is_ready = _never
        deployment = await bench.adopt(make_deployment(3))
        assert len(bench.runtime.running) == 3
        assert bench.state(deployment) is RolloutState.PROGRESSING
        bench.controller._is_ready = _always
        await bench.clock.advance(1.0)
        status = deployment.status(bench.clock.now())
        assert (status.state, status.ready_replicas, status.available_replicas) == (
            RolloutState.AVAILABLE,
            3,
            3,
        )
        await bench.clock.advance(20.0)
        assert [fact.details for fact in bench.told("ready")] == [{"ready_replicas": 3}]
        assert "deployment:dep_1" in bench.topics


async def _never(_url: str) -> bool:
    return False


async def _always(_url: str) -> bool:
    return True


async def test_a_killed_replica_is_replaced_at_once() -> None:
    """The loss is told with process and signal, raises an alert, and heals."""
    async with working() as bench:
        deployment = await bench.adopt(make_deployment(2))
        victim = next(iter(bench.runtime.running))
        bench.runtime.end(victim, -9)
        await settle()
        (lost,) = bench.told("exited")
        assert lost.details == {"replica_id": victim, "pid": 40001, "exit_code": -9}
        assert lost.published == "replica.exited"
        assert lost.alert is not None
        assert lost.alert.type == "replica_exited"
        assert "ended with signal 9; replaced at once" in lost.alert.message
        assert len(bench.runtime.running) == 2
        assert bench.state(deployment) is RolloutState.AVAILABLE
        assert len(bench.told("ready")) == 2


async def test_a_replica_that_keeps_dying_is_restarted_less_and_less_often() -> None:
    """Replacements come after 0, 0.5, 1, 2, 4 seconds, not in a busy loop."""
    async with working() as bench:
        await bench.adopt(make_deployment(1))
        starts = [bench.clock.now()]
        while len(starts) < 6:
            before = len(bench.runtime.orders)
            bench.runtime.end(next(iter(bench.runtime.running)), 1)
            await settle()
            while len(bench.runtime.orders) == before:
                await bench.clock.advance(0.125)
            starts.append(bench.clock.now())
        pauses = [round(later - earlier, 3) for earlier, later in pairwise(starts)]
        assert pauses == [0.0, 0.5, 1.0, 2.0, 4.0]


async def test_losing_all_replicas_together_heals() -> None:
    """Several exits at one instant leave no replacement behind."""
    async with working() as bench:
        deployment = await bench.adopt(make_deployment(3))
        for victim in list(bench.runtime.running):
            bench.runtime.end(victim, -9)
        await bench.clock.advance(2.0)
        assert bench.state(deployment) is RolloutState.AVAILABLE


async def test_a_start_that_fails_is_told_and_tried_again() -> None:
    """No room at first, room later."""
    async with working() as bench:
        bench.runtime.refusals = 2
        deployment = await bench.adopt(make_deployment(1))
        assert not bench.runtime.running
        await bench.clock.advance(0.5)
        assert bench.state(deployment) is RolloutState.AVAILABLE
        assert [fact.alert.type for fact in bench.told("not_started") if fact.alert] == [
            "replica_not_started"
        ] * 2


async def test_scaling_up_and_down() -> None:
    """New replicas join; the youngest leave, and leaving is no alarm."""
    async with working() as bench:
        deployment = await bench.adopt(make_deployment(2))
        first = set(bench.runtime.running)
        await bench.clock.advance(5.0)
        bench.controller.scale("dep_1", 4, "busy")
        await bench.clock.advance(0.1)
        assert len(bench.runtime.running) == 4
        bench.controller.scale("dep_1", 4, "the same again")
        bench.controller.scale("dep_1", 2, "idle")
        await settle()
        assert set(bench.runtime.running) == first
        assert bench.state(deployment) is RolloutState.AVAILABLE
        assert [fact.details["to_replicas"] for fact in bench.told("scaled")] == [4, 2]
        assert bench.told("exited") == []


async def test_another_version_is_rolled_out_without_a_gap() -> None:
    """At every moment as many replicas take requests as are wanted; in the end all are of the new version."""
    async with working() as bench:
        deployment = await bench.adopt(make_deployment(2))
        first = set(bench.runtime.running)
        bench.controller.update("dep_1", "2")
        assert bench.state(deployment) is RolloutState.PROGRESSING
        for _ in range(20):
            assert deployment.status(bench.clock.now()).ready_replicas >= 2
            await bench.clock.advance(0.1)
        assert bench.state(deployment) is RolloutState.AVAILABLE
        assert not first & set(bench.runtime.running)
        assert [order.version for order in bench.runtime.orders] == ["1", "1", "2", "2"]
        (updated,) = bench.told("updated")
        assert updated.details == {"from_version": "1", "to_version": "2"}
        assert len(bench.told("ready")) == 2
        assert bench.told("exited") == []
        bench.controller.update("dep_1", "2")
        bench.controller.update("dep_unknown", "2")
        assert len(bench.told("updated")) == 1


async def test_a_version_that_never_serves_leaves_the_old_one_serving() -> None:
    """The rollout is overdue and fails; who asks is answered all the same."""
    async with working() as bench:
        deployment = await bench.adopt(make_deployment(2))
        first = set(bench.runtime.running)
        bench.controller._is_ready = _only(first)
        bench.controller.update("dep_1", "2")
        await bench.clock.advance(40.0)
        assert bench.state(deployment) is RolloutState.FAILED
        assert {replica.id for replica in deployment.ready} == first
        assert len(bench.runtime.running) == 3


async def test_a_replica_is_found_as_long_as_it_lives() -> None:
    """By its id, whichever deployment it is of."""
    async with working() as bench:
        deployment = await bench.adopt(make_deployment(1))
        (replica,) = deployment.live
        assert bench.controller.reach(replica.id) is replica
        bench.controller.remove("dep_1")
        await settle()
        assert bench.controller.reach(replica.id) is None


def _only(replicas: set[str]) -> Callable[[str], Awaitable[bool]]:
    async def is_ready(url: str) -> bool:
        return url.removeprefix("http://") in replicas

    return is_ready


async def test_a_replica_that_stops_answering_takes_no_requests() -> None:
    """Three checks in a row decide; one answer brings it back."""
    async with working() as bench:
        deployment = await bench.adopt(make_deployment(2))
        sick, well = list(deployment.replicas.values())
        bench.runtime.unready.add(sick.id)
        await bench.clock.advance(1.2)
        assert sick.state is ReplicaState.UNREADY
        assert [bench.controller.pick("dep_1") for _ in range(3)] == [well] * 3
        assert bench.state(deployment) is RolloutState.PROGRESSING
        bench.runtime.unready.clear()
        await bench.clock.advance(1.0)
        assert bench.state(deployment) is RolloutState.AVAILABLE


async def test_requests_take_turns() -> None:
    """Every ready replica gets the same share."""
    async with working() as bench:
        deployment = await bench.adopt(make_deployment(3))
        picked = [bench.controller.pick("dep_1") for _ in range(6)]
        assert picked == list(deployment.replicas.values()) * 2
        assert bench.controller.pick("dep_unknown") is None


async def test_available_only_after_min_ready_seconds() -> None:
    """Ready is not yet available; the rollout settles when time has shown it."""
    async with working() as bench:
        deployment = await bench.adopt(make_deployment(2, min_ready_seconds=5.0))
        status = deployment.status(bench.clock.now())
        assert (status.ready_replicas, status.available_replicas) == (2, 0)
        await bench.clock.advance(4.9)
        assert bench.told("ready") == []
        await bench.clock.advance(0.2)
        assert len(bench.told("ready")) == 1


async def test_a_rollout_that_does_not_settle_raises_one_alert() -> None:
    """After its deadline, and not again; it may still come right."""
    async with working() as bench:
        bench.controller._is_ready = _never
        deployment = await bench.adopt(make_deployment(1))
        await bench.clock.advance(29.0)
        assert bench.told("overdue") == []
        await bench.clock.advance(60.0)
        (overdue,) = bench.told("overdue")
        assert overdue.alert is not None
        assert overdue.alert.message == "dep_1: 0 of 1 replicas available after 30 s"
        assert deployment.status(bench.clock.now()).is_settled
        bench.controller._is_ready = _always
        await bench.clock.advance(1.0)
        assert bench.state(deployment) is RolloutState.AVAILABLE


async def test_a_loss_long_after_the_rollout_is_no_overdue_rollout() -> None:
    """The deadline begins anew when something was lost."""
    async with working() as bench:
        await bench.adopt(make_deployment(1))
        await bench.clock.advance(500.0)
        bench.runtime.end(next(iter(bench.runtime.running)), -9)
        await bench.clock.advance(5.0)
        assert bench.told("overdue") == []
        assert len(bench.told("ready")) == 2


async def test_a_removed_deployment_leaves_nothing() -> None:
    """Its replicas end, that is recorded, and it is forgotten; a second removal finds nothing to do."""
    async with working() as bench:
        deployment = await bench.adopt(make_deployment(3))
        other = await bench.adopt(make_deployment(1, name="dep_2"))
        bench.controller.remove("dep_1")
        await settle()
        assert bench.controller.find("dep_1") is None
        assert bench.state(deployment) is RolloutState.STOPPED
        assert len(bench.told("stopped")) == 1
        assert set(bench.runtime.running) == set(other.replicas)
        bench.controller.remove("dep_1")
        bench.controller.scale("dep_1", 5, "too late")
        await settle()
        assert len(bench.runtime.running) == 1


async def test_the_end_of_the_controller_is_the_end_of_all() -> None:
    """Every replica ends, each deployment is recorded as stopped, and no further order is taken."""
    async with working() as bench:
        await bench.adopt(make_deployment(2))
        await bench.adopt(make_deployment(1, name="dep_2"))
    assert [fact.deployment_id for fact in bench.told("stopped")] == ["dep_1", "dep_2"]
    assert bench.controller.deployments() == []
    with pytest.raises(NotRunningError, match="starting or ending"):
        bench.controller.adopt(make_deployment(1))


def test_a_replica_is_asked_often_at_first() -> None:
    """Checks begin at 5 ms and slow down to once a second."""
    periods, period = [], 0.0
    for failures in range(1, 20):
        period = next_period(failures, period)
        periods.append(period)
    assert periods[0] == 0.005
    assert periods == sorted(periods)
    assert periods[-1] == next_period(0, period) == 1.0


steps = st.lists(
    st.one_of(
        st.tuples(st.just("scale"), st.integers(1, 6)),
        st.tuples(st.just("kill"), st.integers(0, 5)),
        st.tuples(st.just("refuse"), st.integers(1, 3)),
        st.tuples(st.just("sicken"), st.integers(0, 5)),
        st.tuples(st.just("update"), st.integers(1, 3)),
        st.tuples(st.just("pass"), st.integers(0, 3)),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), steps)
def test_whatever_happens_it_comes_right(replicas: int, happenings: list[tuple[str, int]]) -> None:
    """After any history of losses, refusals and wishes there are exactly as many ready replicas as wanted."""
    asyncio.run(_comes_right(replicas, happenings))


async def _comes_right(replicas: int, happenings: list[tuple[str, int]]) -> None:
    async with working() as bench:
        deployment = await bench.adopt(make_deployment(replicas))
        for what, number in happenings:
            await _happen(bench, what, number)
        bench.runtime.refusals = 0
        bench.runtime.unready.clear()
        await bench.clock.advance(65.0)
        assert len(bench.runtime.running) == deployment.desired
        assert bench.state(deployment) is RolloutState.AVAILABLE
        assert bench.clock.now() > START


async def _happen(bench: Bench, what: str, number: int) -> None:
    alive = list(bench.runtime.running)
    match what:
        case "scale":
            bench.controller.scale("dep_1", number, "a wish")
        case "update":
            bench.controller.update("dep_1", str(number))
        case "kill" if alive:
            bench.runtime.end(alive[number % len(alive)], 1)
        case "refuse":
            bench.runtime.refusals = number
        case "sicken" if alive:
            bench.runtime.unready.add(alive[number % len(alive)])
        case "pass":
            await bench.clock.advance(float(number))
    await settle()
