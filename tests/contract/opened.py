"""Why this exists: tests of faults open a whole environment on a stage, and check that it ends like any other."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from harness.core.clock import SystemClock
from harness.engine import Environment, open_environment
from harness.events.facts import EnvironmentFailed
from harness.faults import Fault
from tests.contract.stage import Stage
from tests.doubles.events import FakeEmit


@asynccontextmanager
async def opened(stage: Stage, emit: FakeEmit) -> AsyncIterator[Environment]:
    """Everything up; nothing is left afterwards, and nothing broke it."""
    async with open_environment(
        stage.tiny.plan, stage.tiny.ecosystem, stage.provider, stage.place, clock=SystemClock(), emit=emit
    ) as environment:
        yield environment
    assert stage.living() == stage.traces() == []
    assert emit.of(EnvironmentFailed) == []


@asynccontextmanager
async def under(environment: Environment, fault: Fault) -> AsyncIterator[None]:
    """With a fault on."""
    number = await environment.faults.inject(fault)
    try:
        yield
    finally:
        await environment.faults.heal(number)
