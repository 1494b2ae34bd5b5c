"""Why this exists: when the state that tests start from is kept, and when it, or another snapshot, is put back."""

import asyncio
import unicodedata
from collections.abc import Callable, Mapping

from harness.core.data_files import DataFiles
from harness.core.errors import UsageError
from harness.engine.critical_path import KEEPING
from harness.engine.parts import Parts
from harness.engine.restarting import running_in
from harness.events.facts import StateKept, StateReset
from harness.plan.model import Step
from harness.providers.base import CanTellClients
from harness.readiness.primary import primary_endpoint
from harness.spec.model import Component, Isolation
from harness.worlds.base import SEEDED, IsComponents, Store, nobodys
from harness.worlds.error import WorldError
from harness.worlds.settling import Hook, settle
from harness.worlds.stores import Endpoints, Opening, join_store, load_clients, open_store
from harness.worlds.world import World


class KeptState:
    """The snapshots of an environment's stores, the seeded state among them, where its file asks for isolation."""

    def __init__(self, parts: Parts, isolation: Isolation) -> None:
        self.isolation = isolation
        self._parts = parts
        self._world: World | None = None
        self._joined: dict[str, Store] = {}

    async def prepare(self) -> None:
        """Import what will be needed, while components start."""
        components = [step.component for step in self._parts.plan.steps]
        await asyncio.to_thread(load_clients, components)

    async def open(self) -> None:
        """Keep the seeded state.

        Raises:
            WorldError: a store cannot be kept.
        """
        parts = self._parts
        with parts.stopwatch.stretch("stores", KEEPING):
            others = (step.component for step in parts.plan.steps if step.name not in self._joined)
            opening = [store for component in others if (store := self._store(component, open_store))]
            self._world = await World.open(opening, tuple(self._joined.values()))
            await self._keep(SEEDED)

    async def join(self, step: Step) -> None:
        """Take over a store that begins with a copy of the seeded state, and mend what the copying cost it.

        Nobody has written to it yet. Nothing happens to what is no store.

        Raises:
            WorldError: it cannot be joined.
        """
        if self.isolation is not Isolation.NONE and (store := self._store(step.component, join_store)):
            self._joined[step.name] = await store

    def _store(
        self,
        component: Component,
        way: Callable[[Component, Endpoints, Mapping[str, str], IsComponents], Opening],
    ) -> Opening:
        running = self._parts.supervision.running(component.name)
        if running is None:  # a one-shot whose work is in copied data
            return None
        provider = self._parts.provider
        is_components = provider.is_components if isinstance(provider, CanTellClients) else nobodys
        return way(component, running.endpoints, running.environment, is_components)

    async def keep_seeded(self) -> None:
        """Take the state as it is now for the seeded one: what was seeded meanwhile is part of it.

        Raises:
            UsageError: the file does not ask for isolation.
            WorldError: a store cannot be kept, or a component does not settle; what was kept before still is.
        """
        await self._keep(SEEDED)

    async def snapshot(self, name: str) -> None:
        """Keep the state as it is now, in place of what was kept under that name.

        Raises:
            UsageError: the file does not ask for isolation, or the name is none, or that of the seeded state.
            WorldError: a store cannot be kept, or a component does not settle.
        """
        if not name.strip() or any(unicodedata.category(character) == "Cc" for character in name):
            raise UsageError(
                f"{name!r} is no name for a snapshot",
                hint="take one that can be read, and typed for `harness reset`",
            )
        if name == SEEDED:
            raise UsageError(
                f"{SEEDED!r} is the name of the state that tests start from", hint="give it another name"
            )
        await self._keep(name)

    async def _keep(self, snapshot: str) -> None:
        world, parts, began = self._opened(), self._parts, self._parts.clock.monotonic()
        await settle(self._hooks(), world.activity)
        await world.keep(snapshot)
        duration = parts.clock.monotonic() - began
        at = parts.clock.now()
        parts.emit(StateKept(at=at, snapshot=snapshot, components=world.components, duration=duration))

    async def reset(
        self, snapshot: str = SEEDED, *, is_proved: bool = False
    ) -> Mapping[str, tuple[str, ...]]:
        """Put back what differs from a snapshot; what that was, by component.

        Args:
            snapshot: Its name.
            is_proved: Whether all of it is compared with the snapshot afterwards.

        Raises:
            UsageError: there is no such snapshot, or the file does not ask for isolation.
            WorldError: something cannot be put back; the environment is broken by that.
        """
        world, parts, began = self._opened(), self._parts, self._parts.clock.monotonic()
        try:
            await settle(self._hooks(), world.activity)
            changed = await world.reset(snapshot)
            if is_proved:
                _require_none(await world.differences(snapshot))
        except WorldError as error:
            parts.supervision.break_with(error)
            raise
        duration = parts.clock.monotonic() - began
        at = parts.clock.now()
        parts.emit(StateReset(at=at, snapshot=snapshot, changed=changed, duration=duration))
        return changed

    async def write_down(self) -> Mapping[str, DataFiles]:
        """Let every store write what it holds in memory; where the files of each are, by component.

        Raises:
            UsageError: the file does not ask for isolation.
            WorldError: a store cannot.
        """
        return await self._opened().write_down()

    def _opened(self) -> World:
        if self._world is None:
            raise UsageError(
                "no state is kept of this environment",
                hint="`x-harness: {isolation: reset}` in the Compose file keeps the seeded one, and others by name",
            )
        return self._world

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
        world, self._world = self._world or World(tuple(self._joined.values())), None
        await world.aclose()


def _require_none(differences: Mapping[str, tuple[str, ...]]) -> None:
    """Raises WorldError when a reset was none: never silently wrong."""
    if differences:
        raise WorldError(
            f"what was put back is not as it was kept: {', '.join(differences)}",
            evidence=[f"{component}: {', '.join(what)}" for component, what in differences.items()],
            hint="something wrote meanwhile that no `settle` hook waits for, or it is a fault of the harness",
        )
