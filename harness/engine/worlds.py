"""Why this exists: workers side by side each have a world of their own, which the others cannot touch.

A world is the same plan once more in the same environment: stores on copies of the seeded data, services that know only
those. It lives as long as somebody works in it, and its facts carry its name.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from harness.core.clock import Clock
from harness.core.errors import HarnessError, UsageError
from harness.engine.environment import Environment
from harness.engine.opening import open_environment
from harness.events.facts import (
    EnvironmentFailed,
    EnvironmentStarted,
    EnvironmentStopped,
    Event,
    WorldClosed,
    WorldOpened,
    WorldsPrepared,
)
from harness.events.log import Emit
from harness.providers.base import CanClone, Provider
from harness.worlds.base import SEEDED


class Worlds:
    """The worlds of one environment beside itself.

    Args:
        environment: The one that they are copies of.
        provider: What runs it.
        clock: Where time comes from.
        emit: Takes every fact.
        hurry: Set when nobody waits for a teardown any more.
    """

    def __init__(
        self, environment: Environment, provider: Provider, clock: Clock, emit: Emit, hurry: asyncio.Event
    ) -> None:
        self._environment = environment
        self._provider = provider
        self._clock = clock
        self._emit = emit
        self._hurry = hurry
        self._is_prepared = False

    async def prepare(self) -> None:
        """Put the stores back to the seeded state and copy it: what is opened from now on begins with that.

        Raises:
            UsageError: the provider cannot clone, or no state is kept of this environment.
            HarnessError: the stores cannot be put back, or not be copied.
        """
        began = self._clock.monotonic()
        cloning = self._cloning()
        await self._environment.state.reset(SEEDED)
        files = await self._environment.state.write_down()
        await cloning.copy_data(files)
        components, duration = tuple(files), self._clock.monotonic() - began
        self._is_prepared = True
        self._emit(WorldsPrepared(at=self._clock.now(), components=components, duration=duration))

    @asynccontextmanager
    async def open(self, name: str) -> AsyncIterator[Environment]:
        """A world for the length of a block.

        Args:
            name: A folder name; of no other world that is open.

        Raises:
            UsageError: nothing is prepared for it.
            EnvironmentFailedError: it did not come up; nothing of it is left by then.
            TeardownError: not all of it could be removed.
        """
        if not self._is_prepared:
            raise UsageError("no worlds are prepared in this environment")
        environment, place, emit = self._environment, self._environment.place, _of_world(self._emit, name)
        place = replace(place, world=name, is_copy=True, logs=place.logs / name)
        async with (
            _named(name),
            open_environment(
                environment.plan,
                environment.ecosystem,
                self._cloning().clone(place, emit),
                place,
                clock=self._clock,
                emit=emit,
                seed=environment.seed,
                hurry=self._hurry,
            ) as world,
        ):
            yield world

    def _cloning(self) -> CanClone:
        if not isinstance(self._provider, CanClone):
            raise UsageError(
                f"the {self._provider.name} provider has no worlds for several workers",
                hint="run without -n, or with --isolation none",
            )
        return self._provider


@asynccontextmanager
async def _named(world: str) -> AsyncIterator[None]:
    """What goes wrong says in which world."""
    try:
        yield
    except HarnessError as error:
        error.message = f"in the world of {world}: {error.message}"
        error.args = (error.message,)
        raise


def _of_world(emit: Emit, name: str) -> Emit:
    """Facts about an environment, told as those about a world of one."""

    def tell(event: Event) -> None:
        match event:
            case EnvironmentStarted():
                emit(WorldOpened(at=event.at, world=name, duration=event.duration))
            case EnvironmentStopped():
                emit(WorldClosed(at=event.at, world=name, duration=event.duration, leftovers=event.leftovers))
            case EnvironmentFailed():
                emit(replace(event, world=name, message=f"in the world of {name}: {event.message}"))
            case _:
                emit(replace(event, world=name))

    return tell
