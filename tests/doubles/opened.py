"""Why this exists: opening an environment on a fake provider takes one line in a test."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from harness.core.errors import EnvironmentFailedError
from harness.engine import Environment, Seeder, open_environment
from harness.events.log import Emit
from harness.plan.model import Plan
from tests.doubles.plans import PLACE, make_ecosystem
from tests.doubles.provider import FakeProvider


def opened(
    plan: Plan,
    provider: FakeProvider,
    emit: Emit,
    seeder: Seeder | None = None,
    hurry: asyncio.Event | None = None,
) -> AbstractAsyncContextManager[Environment]:
    """An environment of `plan`, on the provider's clock."""
    ecosystem = make_ecosystem(plan)
    return open_environment(
        plan, ecosystem, provider, PLACE, clock=provider.clock, emit=emit, seeder=seeder, seed=7, hurry=hurry
    )


@dataclass(frozen=True, slots=True)
class FakeSeeded:
    """What a fake seeder reports."""

    counts: dict[str, int]
    digest: str


@dataclass(slots=True)
class FakeSeeder:
    """Takes scripted times, in seconds, and may fail in either part."""

    provider: FakeProvider
    prepare_takes: float = 0.0
    prepare_fails: bool = False
    seed_takes: float = 0.0
    seed_fails: bool = False

    async def prepare(self) -> None:
        """Take its time."""
        await self.provider.clock.sleep(self.prepare_takes)
        if self.prepare_fails:
            raise EnvironmentFailedError("no data could be generated")
        self.provider.note("data prepared")

    async def seed(self, environment: Environment) -> FakeSeeded:
        """Take its time, then report what depends on the environment's seed."""
        self.provider.note("seeding")
        await self.provider.clock.sleep(self.seed_takes)
        if self.seed_fails:
            raise EnvironmentFailedError("the data could not be stored")
        return FakeSeeded(counts={"users": 3}, digest=f"seed {environment.seed}")
