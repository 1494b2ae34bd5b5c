"""Why this exists: embedded servers have data, which is laid out before their first start and copied while they run."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from harness.core.data_files import DataFiles
from harness.core.endpoint import Endpoint
from harness.core.errors import EnvironmentFailedError
from harness.providers.process.asked import bounds
from harness.providers.process.children.running import RunningProcess
from harness.providers.process.embedded.base import Home, Launch, Recipe
from harness.providers.process.embedded.copies import Server, SetAside, copy_servers, discard, lay_out
from harness.providers.process.embedded.recipes import recipe_for
from harness.providers.process.premises import Premises
from harness.providers.process.storage.disks import mount_disk
from harness.spec.model import Component

# Beside the folders of components, whose names never begin with a dot.
_COPIED, _ASIDE = ".copied", ".aside"


class Servers:
    """The embedded servers of an environment, or of one world of it.

    Args:
        premises: What they share with those of other worlds.
        world: Which world; empty for the environment itself.
        begin_with: A folder that holds the data of each; None for their first start ever.
    """

    def __init__(self, premises: Premises, world: str, begin_with: Path | None) -> None:
        self._premises = premises
        self._world = world
        self._begin_with = begin_with
        self._recipes: dict[str, Recipe] = {}
        self._warming: dict[str, asyncio.Task[None]] = {}
        self._homes: dict[str, Home] = {}
        self._disks: dict[str, dict[str, Path]] = {}
        self._running: dict[str, RunningProcess] = {}

    def warm(self, component: Component) -> None:
        """Begin what a component needs before it can be launched, where it is an embedded server."""
        if recipe := recipe_for(component):
            self._recipes[component.name] = recipe
            warming = self._warm(recipe, component)
            self._warming[component.name] = asyncio.create_task(warming, name=f"warm {component.name}")

    def recipe_of(self, name: str) -> Recipe | None:
        """How a component runs that was warmed; None for one that is no embedded server."""
        return self._recipes.get(name)

    async def launch(
        self, recipe: Recipe, component: Component, environment: Mapping[str, str], endpoint: Endpoint
    ) -> Launch:
        """How to start a server, once it is warm."""
        await self._warming[component.name]
        is_first = component.name not in self._running
        home = replace(self._home(component), is_copy=is_first and self._begin_with is not None)
        return await recipe.launch(component, environment, endpoint, home)

    def folder_of(self, name: str) -> Path:
        """Where a server that was launched has its data."""
        return self._homes[name].folder

    def add(self, name: str, running: RunningProcess) -> None:
        """A server runs."""
        running.disks = self._disks.get(name, {})
        self._running[name] = running

    @property
    def copied(self) -> Path:
        """Where the data of all of them is copied to, for worlds to begin with."""
        return self._premises.data / _COPIED

    async def copy(self, files: Mapping[str, DataFiles]) -> None:
        """Copy their data, in place of what was copied before.

        Raises:
            EnvironmentFailedError: there is no room, or a store is none of them.
        """
        discard(self.copied)
        await self._copy_to(self.copied, files)

    async def set_aside(self, files: Mapping[str, DataFiles]) -> SetAside:
        """Copy their data, to be saved elsewhere later. Raises as `copy` does."""
        aside = self._premises.data / _ASIDE
        await self._copy_to(aside, files)
        return SetAside(aside, self._premises.account)

    async def aclose(self) -> None:
        """Nothing is warmed any more. Idempotent."""
        for task in self._warming.values():
            task.cancel()
        await asyncio.gather(*self._warming.values(), return_exceptions=True)

    async def _warm(self, recipe: Recipe, component: Component) -> None:
        home = self._home(component)
        if self._begin_with is None:
            await recipe.warm(component, home)
        else:
            await lay_out(self._begin_with / component.name, home)

    async def _copy_to(self, folder: Path, files: Mapping[str, DataFiles]) -> None:
        if others := ", ".join(files.keys() - self._running.keys()):
            raise EnvironmentFailedError(f"{others} has its data where the harness does not know it")
        servers = [Server(name, self._running[name], self._homes[name], its) for name, its in files.items()]
        await copy_servers(servers, folder)

    def _home(self, component: Component) -> Home:
        """Where a server lives, made at the first call."""
        if component.name not in self._homes:
            self._homes[component.name] = self._new_home(component)
        return self._homes[component.name]

    def _new_home(self, component: Component) -> Home:
        folder, account = self._premises.folder_of(self._world) / component.name, self._premises.account
        folder.mkdir(mode=0o700)
        account.give(folder)
        for mount in bounds(component)[:1]:
            if mount_disk(folder, mount.size or 0, account):
                self._disks[component.name] = {mount.target: folder}
        return Home(folder, self._premises.cache, account)
