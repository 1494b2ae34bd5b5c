"""Faults of an open environment, on a provider that fails as it is told to."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from harness.core.errors import EnvironmentFailedError, HarnessError, UsageError
from harness.core.tasks import cancel_and_wait
from harness.events.facts import EnvironmentFailed, FaultHealed, FaultInjected, State
from harness.faults import Ground, Heal, Kill, Latency, Pause, Restart
from harness.plan.model import Step
from tests.doubles.clock import FakeClock, in_virtual_time
from tests.doubles.events import FakeEmit
from tests.doubles.opened import opened
from tests.doubles.plans import make_plan
from tests.doubles.provider import FakeProvider, FakeRestartingProvider, FakeRunning, Script

PLAN = make_plan({"db": (), "api": ("db",)})


class FakeFaultyProvider(FakeRestartingProvider):
    """One whose second start of `db` fails."""

    async def restart(self, step: Step, environment: Mapping[str, str]) -> FakeRunning:
        """Never."""
        raise EnvironmentFailedError(f"{step.name} does not come back with {dict(environment)}")


@in_virtual_time
async def test_what_is_killed_comes_back_with_what_was_laid_over_it() -> None:
    """As the last restart left it."""
    provider, emit = FakeRestartingProvider(FakeClock()), FakeEmit()
    async with opened(PLAN, provider, emit) as environment:
        await environment.restart("db", {"MODE": "slow"})
        number = await environment.faults.inject(Kill("db"))
        assert [fault.number for fault in environment.faults] == [number]
        assert emit.states("db")[-2:] == [State.STOPPING, State.STOPPED]
        await environment.faults.heal(number)
        assert list(environment.faults) == []
        assert environment.environment_of("db")["MODE"] == "slow"
        assert environment.states["db"] is State.READY
    assert emit.of(EnvironmentFailed) == []


@in_virtual_time
async def test_healing_twice_is_healing_once() -> None:
    """The second time there is nothing left to do."""
    provider, emit = FakeRestartingProvider(FakeClock()), FakeEmit()
    async with opened(PLAN, provider, emit) as environment:
        number = await environment.faults.inject(Restart("db"))
        await environment.faults.heal(number)
        await environment.faults.heal(number)
    assert len(emit.of(FaultHealed)) == 1


@in_virtual_time
async def test_what_cannot_be_healed_breaks_the_environment() -> None:
    """Who asked is told, and so is everybody else."""
    provider, emit = FakeFaultyProvider(FakeClock()), FakeEmit()
    async with opened(PLAN, provider, emit) as environment:
        number = await environment.faults.inject(Kill("db"))
        with pytest.raises(HarnessError, match="db does not come back"):
            await environment.faults.heal(number)
        assert environment.broken is not None
    assert emit.of(FaultHealed) == []
    assert len(emit.of(EnvironmentFailed)) == 1


@in_virtual_time
async def test_the_teardown_brings_nothing_back() -> None:
    """What was killed stays dead."""
    provider, emit = FakeFaultyProvider(FakeClock()), FakeEmit()
    async with opened(PLAN, provider, emit) as environment:
        await environment.faults.inject(Kill("db"))
    assert [event.reason for event in emit.of(FaultHealed)] == ["the environment ends"]
    assert emit.of(EnvironmentFailed) == []


@in_virtual_time
async def test_a_component_that_dies_of_itself_still_breaks_the_environment() -> None:
    """While a fault is on somewhere else."""
    provider, emit = (
        FakeRestartingProvider(FakeClock(), {"api": Script(exits_after=5, exit_code=1)}),
        FakeEmit(),
    )
    async with opened(PLAN, provider, emit) as environment:
        await environment.faults.inject(Kill("db"))
        assert "api ended" in (await environment.wait_broken()).message


@in_virtual_time
async def test_a_provider_that_cannot_restart_does_not_kill() -> None:
    """What could not be healed does not happen; nor does what nothing can do."""
    provider, emit = FakeProvider(FakeClock()), FakeEmit()
    async with opened(PLAN, provider, emit) as environment:
        for fault, told in (
            (Kill("db"), "cannot restart db"),
            (Restart("db"), "cannot restart db"),
            (Pause("db"), "cannot suspend db"),
            (Latency("db", 1.0), "no faults of the network"),
        ):
            with pytest.raises(UsageError, match=told):
                await environment.faults.inject(fault)
        assert environment.states["db"] is State.READY
    assert emit.of(FaultInjected) == []


@dataclass
class FakeFault:
    """One whose healing takes for ever, but for the teardown."""

    components: tuple[str, ...] = ()
    healings: int = 0

    async def inject(self, _ground: Ground) -> Heal:
        """Nothing goes wrong."""
        return self.heal

    async def heal(self) -> None:
        """The second time it works."""
        self.healings += 1
        if self.healings == 1:
            await asyncio.get_running_loop().create_future()


@in_virtual_time
async def test_a_healing_that_is_broken_off_is_done_again_by_the_teardown() -> None:
    """And stated once."""
    provider, emit, fault = FakeRestartingProvider(FakeClock()), FakeEmit(), FakeFault()
    async with opened(PLAN, provider, emit) as environment:
        number = await environment.faults.inject(fault)
        healing = asyncio.ensure_future(environment.faults.heal(number))
        while not fault.healings:  # noqa: ASYNC110 - two turns of the loop
            await asyncio.sleep(0)
        await cancel_and_wait(healing)
        assert emit.of(FaultHealed) == []
    assert [event.reason for event in emit.of(FaultHealed)] == ["the environment ends"]


@dataclass
class FakeLastingFault(FakeFault):
    """One that cannot be healed."""

    name: str = ""

    async def heal(self) -> None:
        """Never."""
        raise EnvironmentFailedError(f"{self.name} lasts")


@in_virtual_time
async def test_what_the_teardown_cannot_heal_is_told_and_costs_nothing_else() -> None:
    """Every fault of it, the latest first; and the stores are let go."""
    provider, emit, left = FakeRestartingProvider(FakeClock()), FakeEmit(), list[str]()

    async def leave_stores() -> None:
        left.append("stores")

    async def live() -> None:
        async with opened(PLAN, provider, emit) as environment:
            environment.state.aclose = leave_stores  # type: ignore[method-assign]  # in place of its own
            await environment.faults.inject(FakeLastingFault(name="the first"))
            await environment.faults.inject(FakeLastingFault(name="the second"))

    with pytest.raises(EnvironmentFailedError, match="the second lasts") as caught:
        await live()
    assert caught.value.__notes__ == ["also: the first lasts"]
    assert left == ["stores"]
