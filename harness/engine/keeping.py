"""Why this exists: when the state that tests start from is kept, and when it is put back."""

import asyncio
from collections.abc import Mapping

from harness.core.errors import UsageError
from harness.engine.critical_path import KEEPING
from harness.engine.parts import Parts
from harness.engine.restarting import running_in
from harness.events.facts import StateKept, StateReset
from harness.readiness.primary import primary_endpoint
from harness.spec.model import Isolation
from harness.worlds.error import WorldError
from harness.worlds.settling import Hook, settle
from harness.worlds.stores import keep_store, load_clients
from harness.worlds.world import World


class KeptState:
    """The seeded state of an environment, where its file asks for isolation."""

    def __init__(self, parts: Parts, isolation: Isolation) -> None:
        self.isolation = isolation
        self._parts = parts
        self._world: World | None = None

    async def prepare(self) -> None:
        """Import what will be needed, while components start."""
        components = [step.component for step in self._parts.plan.steps]
        await asyncio.to_thread(load_clients, components)

    async def keep(self) -> None:
        """Keep the state as it is now.

        Raises:
            WorldError: a store cannot be kept.
        """
        parts, began = self._parts, self._parts.clock.monotonic()
        with parts.stopwatch.stretch("stores", KEEPING):
            await settle(self._hooks())
            running = [(step.component, running_in(parts, step.name)) for step in parts.plan.steps]
            keeping = [keep_store(component, its.endpoints, its.environment) for component, its in running]
            self._world = await World.keep([keep for keep in keeping if keep is not None])
        duration = parts.clock.monotonic() - began
        parts.emit(StateKept(at=parts.clock.now(), components=self._world.components, duration=duration))

    async def reset(self) -> Mapping[str, tuple[str, ...]]:
        """Put back what has changed since; what that was, by component.

        Raises:
            UsageError: no state was kept.
            WorldError: something cannot be put back; the environment is broken by that.
        """
        if self._world is None:
            raise UsageError(
                "there is no state to go back to",
                hint="`x-harness: {isolation: reset}` in the Compose file keeps the seeded one",
            )
        parts, began = self._parts, self._parts.clock.monotonic()
        try:
            await settle(self._hooks())
            changed = await self._world.reset()
        except WorldError as error:
            parts.supervision.break_with(error)
            raise
        duration = parts.clock.monotonic() - began
        parts.emit(StateReset(at=parts.clock.now(), changed=changed, duration=duration))
        return changed

    def _hooks(self) -> list[Hook]:
        """Where components that have a hook listen now."""
        parts = self._parts
        hooks = []
        for component in (step.component for step in parts.plan.steps if step.component.settings.settle):
            endpoint = primary_endpoint(component, running_in(parts, component.name).endpoints)
            if endpoint is not None:
                hooks.append(Hook(component.name, endpoint, component.settings.settle or ""))
        return hooks

    async def aclose(self) -> None:
        """Let go of the stores. Idempotent."""
        world, self._world = self._world, None
        if world is not None:
            await world.aclose()
