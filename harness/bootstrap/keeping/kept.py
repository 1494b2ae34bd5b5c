"""Why this exists: what clients ask of an environment or a world is said to its keeper, and done by the engine."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from harness.bootstrap.preparation.order import Order
from harness.bootstrap.reuse.sameness import Sameness
from harness.core.errors import HarnessError, UsageError
from harness.engine.environment import Environment
from harness.engine.inside import Inside
from harness.engine.worlds import Worlds
from harness.faults import decode
from harness.keeper.description import EnvironmentDescription
from harness.readiness.protocols import store_url


class KeptEnvironment:
    """The engine's environment as its keeper shows it.

    Args:
        environment: What is kept, or a world of it.
        order: What was started.
        sameness: Knows whether it is what would be started now.
        worlds: Those beside it; None for one of them.
    """

    def __init__(
        self, environment: Environment, order: Order, sameness: Sameness, worlds: Worlds | None = None
    ) -> None:
        self._environment = environment
        self._order = order
        self._sameness = sameness
        self._worlds = worlds

    def describe(self) -> EnvironmentDescription:
        """What clients may know."""
        environment, order = self._environment, self._order
        return EnvironmentDescription(
            environment_id=order.environment_id,
            ecosystem=order.ecosystem.name,
            provider=order.provider,
            seed=order.seed,
            variables=environment.variables,
            endpoints=environment.endpoints,
            results=str(order.run_folder),
            world=environment.place.world,
            isolation=environment.state.isolation.value,
            stores=dict(self._stores()),
        )

    def _stores(self) -> Iterator[tuple[str, str]]:
        """Where each store is, as a URL with its credentials, by component."""
        environment = self._environment
        for name, endpoints in environment.endpoints.items():
            component = environment.plan.step(name).component
            if endpoints and (url := store_url(component, endpoints[0], environment.environment_of(name))):
                yield name, url

    @property
    def broken(self) -> HarnessError | None:
        """Why it no longer works."""
        return self._environment.broken

    async def restart(self, component: str, environment: Mapping[str, str]) -> None:
        """Stop a component and start it again."""
        await self._environment.restart(component, environment)

    async def compare(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Whether it is what would be started now."""
        return await self._sameness.compare(asked, self._environment.overlaid)

    async def renew(self, components: Sequence[str]) -> None:
        """Start components anew, from their code as it is now."""
        code = await self._sameness.look()
        code.require_readable(components)
        await self._environment.renew(components)
        self._sameness.take_over(code, components)

    @property
    def inside(self) -> Inside:
        """Its components, from within."""
        return self._environment.inside

    async def snapshot(self, name: str) -> None:
        """Keep the state of its stores as it is now."""
        await self._environment.state.snapshot(name)

    async def keep_seeded(self) -> None:
        """Take the state of its stores as it is now for the seeded one."""
        self._sameness.has_grown()
        await self._environment.state.keep_seeded()

    async def reset(self, snapshot: str, *, is_proved: bool) -> Mapping[str, tuple[str, ...]]:
        """Put back what differs from a snapshot."""
        return await self._environment.state.reset(snapshot, is_proved=is_proved)

    async def prepare_worlds(self) -> None:
        """Copy the seeded state for the worlds to come."""
        await self._beside().prepare()

    @asynccontextmanager
    async def open_world(self, name: str) -> "AsyncIterator[KeptEnvironment]":
        """A world for the length of a block."""
        async with self._beside().open(name) as world:
            yield KeptEnvironment(world, self._order, self._sameness)

    def _beside(self) -> Worlds:
        if self._worlds is None:
            raise UsageError("a world has no worlds of its own")
        return self._worlds

    async def inject(self, form: Mapping[str, Any]) -> int:
        """Make something go wrong; gives the number to heal it by."""
        return await self._environment.faults.inject(decode(form))

    async def heal(self, number: int, reason: str) -> None:
        """Undo a fault."""
        await self._environment.faults.heal(number, reason)
