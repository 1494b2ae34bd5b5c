"""Why this exists: an environment is opened and closed here and nowhere else, so none is ever left half open."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType

from harness.core.clock import Clock
from harness.core.tasks import run_to_end
from harness.engine.critical_path import PREPARING, SEEDING, critical_path
from harness.engine.environment import Environment
from harness.engine.failures import first_failure, not_torn_down
from harness.engine.parts import Parts
from harness.engine.seeding import CanPrepare, Seeder
from harness.engine.startup import Startup
from harness.engine.teardown import Teardown
from harness.events.facts import DataSeeded, EnvironmentStarted, EnvironmentStopped
from harness.events.log import Emit
from harness.plan.model import Plan
from harness.providers.base import Place, Provider
from harness.spec.model import Ecosystem, Isolation


@asynccontextmanager
async def open_environment(
    plan: Plan,
    ecosystem: Ecosystem,
    provider: Provider,
    place: Place,
    *,
    clock: Clock,
    emit: Emit,
    seeder: Seeder | None = None,
    seed: int = 0,
    hurry: asyncio.Event | None = None,
) -> AsyncIterator[Environment]:
    """An environment with everything planned ready and seeded, gone when the block ends, however it ends.

    Compose's `restart` policies are not applied: in a test environment a component that ends is a finding.

    Args:
        plan: What to start, after what.
        ecosystem: What the plan was made from.
        provider: How components run; it is closed at the end.
        place: Where the environment lives, or a world of one. Its folders are made and removed by others.
        clock: Where time comes from.
        emit: Takes every fact.
        seeder: What puts data in; None for an empty environment.
        seed: What the data is generated from.
        hurry: Set when nobody waits for the teardown any more: nothing is asked to stop then, everything is ended.

    Raises:
        EnvironmentFailedError: the environment did not come up. Its parts have been torn down by then.
        TeardownError: the block ended well, but something could not be torn down. After a failure the leftovers
            are notes of that failure, and named in EnvironmentStopped.
    """
    parts = Parts.make(plan, place, provider, clock, emit)
    async with _Closing(parts, hurry or asyncio.Event()):
        startup = Startup(parts)
        environment = Environment(ecosystem, seed, parts, startup)
        if place.is_copy:
            startup.before_use = environment.state.join
        try:
            await _come_up(environment, parts, startup, seeder)
            yield environment
        finally:
            await run_to_end(_let_go(environment))


async def _let_go(environment: Environment) -> None:
    """Heal all faults, and leave the stores, also when something cannot be healed."""
    try:
        await environment.faults.aclose()
    finally:
        await environment.state.aclose()


async def _come_up(environment: Environment, parts: Parts, startup: Startup, seeder: Seeder | None) -> None:
    """Start and seed everything; state whether that went well."""
    try:
        await parts.supervision.unless_broken(_start(environment, parts, startup, seeder))
    except Exception as error:
        parts.supervision.break_with(error)
        raise
    path = critical_path(parts.plan, parts.stopwatch.stretches)
    fact = EnvironmentStarted(
        at=parts.clock.now(),
        environment_id=environment.id,
        duration=parts.stopwatch.elapsed,
        critical_path=path,
    )
    parts.emit(fact)


async def _start(environment: Environment, parts: Parts, startup: Startup, seeder: Seeder | None) -> None:
    """Components start and data is generated side by side; the data goes in when all are ready."""
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_start_components(environment, parts, startup), name="start components")
            if isinstance(seeder, CanPrepare):
                group.create_task(seeder.prepare(), name="prepare seed data")
            if environment.state.isolation is not Isolation.NONE:
                group.create_task(environment.state.prepare(), name="prepare to keep the state")
    except BaseExceptionGroup as failures:
        raise first_failure(failures) from None
    if seeder is not None:
        await _seed(environment, parts, seeder)
    if environment.state.isolation is not Isolation.NONE:
        await environment.state.open()


async def _start_components(environment: Environment, parts: Parts, startup: Startup) -> None:
    with parts.stopwatch.stretch(f"{parts.provider.name} provider", PREPARING):
        await parts.provider.prepare(environment.ecosystem, parts.plan)
    await startup.run()


async def _seed(environment: Environment, parts: Parts, seeder: Seeder) -> None:
    start = parts.clock.monotonic()
    with parts.stopwatch.stretch("seed data", SEEDING):
        seeded = await seeder.seed(environment)
    environment.seeded = seeded
    duration = parts.clock.monotonic() - start
    at = parts.clock.now()
    parts.emit(DataSeeded(at=at, counts=dict(seeded.counts), digest=seeded.digest, duration=duration))


class _Closing:
    """The teardown, entered before anything starts. It adds to an error on its way out, and never hides it."""

    def __init__(self, parts: Parts, hurry: asyncio.Event) -> None:
        self._parts = parts
        self._teardown = Teardown(parts, hurry)

    async def __aenter__(self) -> None:
        """Nothing to do: being entered is what makes the teardown certain."""

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Tear everything down.

        Raises:
            TeardownError: something is left over, and no other error is on its way.
            EnvironmentFailedError: what the teardown did could not be stated, and else all was well.
        """
        start = self._parts.clock.monotonic()
        supervision = self._parts.supervision
        was_broken = supervision.broken is not None
        leftovers = await run_to_end(self._tear_down(start))
        if error is not None:
            for leftover in leftovers:
                error.add_note(f"could not be torn down: {leftover}")
        elif leftovers:
            raise not_torn_down(leftovers)
        elif supervision.broken is not None and not was_broken:
            raise supervision.broken

    async def _tear_down(self, start: float) -> tuple[str, ...]:
        leftovers = await self._teardown.run()
        clock, place = self._parts.clock, self._parts.place
        duration = clock.monotonic() - start
        self._parts.emit(
            EnvironmentStopped(
                at=clock.now(),
                environment_id=place.environment_id,
                duration=duration,
                leftovers=leftovers,
            )
        )
        return leftovers
