"""The engine on every provider: it comes up in order, tells what failed, and leaves nothing."""

import asyncio
from dataclasses import replace

import pytest

from harness.core.clock import SystemClock
from harness.core.errors import ComponentExitedError
from harness.engine import Environment, open_environment
from harness.events.facts import ComponentChanged, EnvironmentStopped, Event, State
from harness.events.log import Emit
from harness.plan.model import Plan, Wait
from harness.readiness.tcp import TcpProbe
from harness.spec.model import Condition
from tests.contract.ecosystem import PORT
from tests.contract.stage import Stage
from tests.doubles.events import FakeEmit


def web_after(stage: Stage, one_shot: str) -> Plan:
    """`web` starts when a one-shot has completed."""
    step = replace(stage.tiny.plan.step("web"), level=1, waits_for=(Wait(one_shot, Condition.COMPLETED),))
    return Plan((stage.tiny.plan.step(one_shot), step))


async def live(
    stage: Stage, plan: Plan, emit: Emit, inside: "asyncio.Future[Environment] | None" = None
) -> None:
    """Open the plan, hand out the environment, and stay until cancelled or broken."""
    async with open_environment(
        plan, stage.tiny.ecosystem, stage.provider, stage.place, clock=SystemClock(), emit=emit
    ) as environment:
        if inside is not None:
            inside.set_result(environment)
        await environment.wait_broken()


async def test_it_is_reachable_inside_and_gone_after_an_interrupt(stage: Stage) -> None:
    """The one-shot first, then the server; cancelling takes everything down."""
    emit = FakeEmit()
    inside: asyncio.Future[Environment] = asyncio.get_running_loop().create_future()
    running = asyncio.ensure_future(live(stage, web_after(stage, "job"), emit, inside))
    environment = await inside
    assert environment.states == {"job": State.COMPLETED, "web": State.READY}
    endpoint = environment.endpoint("web", PORT)
    assert (await TcpProbe(endpoint).check()).is_ready
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not (await TcpProbe(endpoint).check()).is_ready
    assert stage.living() == stage.traces() == []
    assert [e.leftovers for e in emit.of(EnvironmentStopped)] == [()]


async def test_a_failing_one_shot_is_told_with_its_last_line(stage: Stage) -> None:
    """Exit code, last words and who waits for it; the server never starts."""
    emit = FakeEmit()
    with pytest.raises(ComponentExitedError) as caught:
        await live(stage, web_after(stage, "failing"), emit)
    assert "failing ended with exit code 3" in caught.value.message
    assert "failing ← web" in caught.value.message
    assert any("broken" in line for line in caught.value.evidence)
    assert State.STARTING not in emit.states("web")
    assert stage.living() == stage.traces() == []


@pytest.mark.parametrize("moment", [State.STARTING, State.PROBING, State.READY])
async def test_an_interrupt_during_the_start_leaves_nothing(stage: Stage, moment: State) -> None:
    """Whatever the server was about to do."""
    emit = FakeEmit()

    def interrupt(event: Event) -> None:
        emit(event)
        if isinstance(event, ComponentChanged) and (event.component, event.new) == ("web", moment):
            running.cancel()

    plan = Plan((stage.tiny.plan.step("web"), stage.tiny.plan.step("parent")))
    running = asyncio.ensure_future(live(stage, plan, interrupt))
    with pytest.raises(asyncio.CancelledError):
        await running
    assert stage.living() == stage.traces() == []
