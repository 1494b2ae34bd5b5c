"""Why this exists: the ecosystem as processes of this machine; needs nothing but what pip installs."""

import asyncio
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType

from harness.core.clock import Clock
from harness.core.data_files import DataFiles
from harness.core.errors import UsageError
from harness.events.log import Emit, nobody
from harness.faults.links import Links
from harness.plan.model import Plan, Step
from harness.providers.base import Place
from harness.providers.existing import Attached
from harness.providers.names import PROCESS
from harness.providers.process.addresses import Addresses
from harness.providers.process.asked import is_forked
from harness.providers.process.children.running import RunningProcess
from harness.providers.process.embedded.copies import SetAside
from harness.providers.process.forking.preloading import HeadStart
from harness.providers.process.launching import Launcher
from harness.providers.process.premises import Coverage, KeptData, Premises
from harness.providers.process.refusal import refusal
from harness.providers.process.servers import Servers
from harness.providers.process.storage.folders import remove
from harness.providers.process.tracking.ownership import owned
from harness.providers.process.tracking.sockets import is_connected
from harness.providers.resolving import resolve_component
from harness.spec.model import Component, Ecosystem


class ProcessProvider:
    """Python applications forked from a process that has imported already, servers from wheels, any command.

    Args:
        premises: What it shares with the other worlds of its environment; they are its own where it is for none.
        place: The environment's name and folders; of which world.
        emit: Takes that a log is cut off.
        copied: What its servers begin with: a folder that holds one for each. None for their first start ever.
    """

    name = PROCESS

    def __init__(
        self, premises: Premises, place: Place, emit: Emit = nobody, copied: Path | None = None
    ) -> None:
        self._premises = premises
        self._place = place
        self._emit = emit
        self._is_world = bool(place.world)
        self._addresses = Addresses(premises.attached)
        self._servers = Servers(premises, place.world, copied)
        self._launcher = Launcher(premises, place, emit, self._addresses, self._servers)

    @classmethod
    def of(
        cls,
        place: Place,
        cache: Path,
        clock: Clock,
        coverage: Coverage | None = None,
        attached: Mapping[str, Attached] = MappingProxyType({}),
        head_start: HeadStart | None = None,
        emit: Emit = nobody,
        kept: KeptData | None = None,
    ) -> "ProcessProvider":
        """A provider with premises of its own; the arguments are theirs. `kept` is what its servers begin with."""
        given = {name: its.environment for name, its in attached.items()} | dict(kept.secrets if kept else {})
        premises = Premises(place.environment_id, cache, clock, coverage, attached, head_start, given)
        return cls(premises, place, emit, kept.folder if kept else None)

    def refusal(self, component: Component) -> str | None:
        """Why a component cannot run as a process; None when it can."""
        return None if component.name in self._premises.attached else refusal(component)

    async def prepare(self, ecosystem: Ecosystem, plan: Plan) -> None:
        """Reserve every port, draw the secrets, and begin what takes long: imports and initdb."""
        premises = self._premises
        if not self._is_world:
            premises.open(ecosystem)
        self._place.logs.mkdir(parents=True, exist_ok=True)
        await self._addresses.lay(ecosystem, plan)
        own = [step for step in plan.steps if step.name not in premises.attached]
        if not self._is_world and any(is_forked(step.component) for step in own):
            premises.preload(self._place.logs, self._emit)
        premises.make_folder_of(self._place.world)
        for step in own:
            self._servers.warm(self._resolved(step))

    async def copy_data(self, files: Mapping[str, DataFiles]) -> None:
        """Copy the folders of embedded servers, in place of what was copied before.

        Raises:
            EnvironmentFailedError: there is no room, or a store is no embedded server.
        """
        await self._servers.copy(files)

    async def set_aside(self, files: Mapping[str, DataFiles]) -> SetAside:
        """Copy the folders of embedded servers, to be saved elsewhere later. Raises as `copy_data` does."""
        return await self._servers.set_aside(files)

    def clone(self, place: Place, emit: Emit) -> "ProcessProvider":
        """The same components once more, on the copied data.

        Raises:
            UsageError: components are only attached to, and know nobody but those that they run with.
        """
        if attached := ", ".join(self._premises.attached):
            raise UsageError(f"{attached} runs already, and once: it cannot be part of several worlds")
        return ProcessProvider(self._premises, place, emit, self._servers.copied)

    @property
    def links(self) -> Links:
        """The proxies before those components that the file gives one."""
        return self._addresses.links

    async def start(self, step: Step) -> RunningProcess | Attached:
        """Start one component; returns when its process runs. What runs already is attached to."""
        if attached := self._premises.attached.get(step.name):
            return attached.as_planned(step)
        return await self._launcher.start(self._resolved(step), {})

    async def restart(self, step: Step, environment: Mapping[str, str]) -> RunningProcess:
        """Start it anew at the same addresses, `environment` laid over its own; the old one must be stopped.

        Raises:
            UsageError: it runs already, started by somebody else.
        """
        if step.name in self._premises.attached:
            raise UsageError(f"{step.name} is only attached to: whoever started it has to restart it")
        return await self._launcher.start(self._resolved(step), environment)

    async def renew(self, components: Collection[str]) -> None:
        """What is forked from now on has the code as it is now.

        Raises:
            EnvironmentFailedError: it cannot be imported; forks go on having the code as it was.
        """
        known = self._premises.ecosystem.components
        if any(is_forked(known[name]) for name in components):
            await self._premises.preload_anew(self._place.logs, self._emit)

    def is_components(self, host: str, port: int) -> bool:  # noqa: ARG002 - all are on this machine
        """Whether a connection is that of a process of the environment, or comes through a proxy of ours."""
        processes = owned(self._place.environment_id)
        proxies = [os.getpid()] if any(True for _ in self.links) else []
        pids = [*proxies, *(process.pid for process in processes)]
        for process in processes:
            process.close()
        return is_connected(pids, port)

    async def aclose(self) -> tuple[str, ...]:
        """End every process of the environment, give back ports and folders; names what stays. Idempotent."""
        premises = self._premises
        await self._servers.aclose()
        await self._launcher.end()
        leftovers = [] if self._is_world else await premises.end_processes()
        await self._addresses.aclose()
        self._launcher.close_logs()
        if premises.is_open:
            leftovers += await asyncio.to_thread(remove, premises.folder_of(self._place.world))
        return tuple(leftovers)

    def _resolved(self, step: Step) -> Component:
        return resolve_component(step.component, self._premises.secrets)
