"""Why this exists: a controller at work among fakes, for the tests of everything that works on one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from jonar.controller import Controller
from jonar.deployments import Deployment, RolloutState
from jonar.facts import Fact
from tests.unit.services.jonar.fakes import FakeClock, FakeRuntime, settle


@dataclass
class Bench:
    """A controller at work, and everything around it."""

    clock: FakeClock = field(default_factory=FakeClock)
    runtime: FakeRuntime = field(default_factory=FakeRuntime)
    facts: list[Fact] = field(default_factory=list)
    topics: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.controller = Controller(
            self.runtime,
            self.runtime.is_ready,
            self.clock,
            note=self.facts.append,
            changed=self.topics.append,
            window=1.0,
        )

    def told(self, type_: str) -> list[Fact]:
        """The facts of one type."""
        return [fact for fact in self.facts if fact.type == type_]

    async def adopt(self, deployment: Deployment) -> Deployment:
        """Keep a deployment and let its rollout begin."""
        self.controller.adopt(deployment)
        await settle()
        return deployment

    def state(self, deployment: Deployment) -> RolloutState:
        """How far it is now."""
        return deployment.status(self.clock.now()).state


@asynccontextmanager
async def working() -> AsyncIterator[Bench]:
    """A bench whose controller works until the block ends, and is closed then."""
    bench = Bench()
    running = asyncio.create_task(bench.controller.run())
    await settle()
    try:
        yield bench
    finally:
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert bench.runtime.is_closed
        assert not bench.runtime.running
