"""Why this exists: the ecosystem as processes of this machine; needs nothing but what pip installs."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from signal import SIGKILL, Signals
from types import MappingProxyType

from harness.core.clock import Clock
from harness.core.data_files import DataFiles
from harness.core.endpoint import Endpoint
from harness.core.errors import ComponentExitedError, EnvironmentFailedError, UsageError
from harness.core.tasks import cancel_and_wait
from harness.events.log import Emit, nobody
from harness.faults.base import TESTS
from harness.faults.links import Links
from harness.plan.model import Plan, Step
from harness.providers.base import Place
from harness.providers.existing import Attached
from harness.providers.logs import LogPump
from harness.providers.process.asked import bounds, endpoint_of_server, is_forked, process_of, targets
from harness.providers.process.child import Child, ExecutedChild, execute
from harness.providers.process.command import command_line, fill_ports
from harness.providers.process.copies import Server, SetAside, copy_servers, discard, lay_out
from harness.providers.process.disks import mount_disk
from harness.providers.process.embedded import recipe_for
from harness.providers.process.embedded.base import Ground, Recipe
from harness.providers.process.folders import remove
from harness.providers.process.forks import ForkedChild, ForkRequest
from harness.providers.process.granted import place_files, point_to
from harness.providers.process.marks import UNMEASURED, marks
from harness.providers.process.ownership import END_TIMEOUT, owned
from harness.providers.process.polite import polite_signal
from harness.providers.process.preloading import HeadStart
from harness.providers.process.premises import Coverage, KeptData, Premises
from harness.providers.process.refusal import refusal
from harness.providers.process.running import RunningProcess
from harness.providers.process.sockets import is_connected
from harness.providers.reservation import LOOPBACK, Reservation
from harness.providers.resolving import resolve_component
from harness.providers.substitution import Endpoints, resolve_environment
from harness.spec.model import Component, Ecosystem, ProcessSettings

# Beside the folders of components, whose names never begin with a dot.
_COPIED, _WORLDS, _ASIDE = ".copied", ".worlds", ".aside"


@dataclass(frozen=True, slots=True)
class _Launched:
    """A child that runs, how it is asked to end, and what is left to do before it counts as started."""

    child: Child
    polite: Signals
    finish: Callable[[], Awaitable[None]] | None = None


class ProcessProvider:
    """Python applications forked from a process that has imported already, servers from wheels, any command.

    Args:
        premises: What it shares with the other worlds of its environment; they are its own where it is for none.
        place: The environment's name and folders; of which world.
        emit: Takes that a log is cut off.
        copied: What its servers begin with: a folder that holds one for each. None for their first start ever.
    """

    name = "process"

    def __init__(
        self, premises: Premises, place: Place, emit: Emit = nobody, copied: Path | None = None
    ) -> None:
        self._premises = premises
        self._place = place
        self._emit = emit
        self._is_world = bool(place.world)
        self._begin_with = copied
        self._reservations: list[Reservation] = []
        self._endpoints: dict[str, dict[int, Endpoint]] = {}
        self._links = Links()
        self._warming: dict[str, asyncio.Task[None]] = {}
        self._pumps: list[LogPump] = []
        self._executed: list[ExecutedChild] = []
        self._forked: list[ForkedChild] = []
        self._disks: dict[str, dict[str, Path]] = {}
        self._grounds: dict[str, Ground] = {}
        self._servers: dict[str, RunningProcess] = {}

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
        attached = self._premises.attached
        if not self._is_world:
            self._premises.open(ecosystem)
        self._place.logs.mkdir(parents=True, exist_ok=True)
        own = [step for step in plan.steps if step.name not in attached]
        self._endpoints = {name: dict(its.endpoints) for name, its in attached.items()}
        for step in own:
            self._endpoints[step.name] = {t: self._reserve(t) for t in targets(step.component)}
            if step.component.settings.faults or ecosystem.settings.faults:
                await self._lay_links(step.name, plan)
        if not self._is_world and any(is_forked(step.component) for step in own):
            self._premises.preload(self._place.logs, self._emit)
        self._make_data_folder()
        for step in own:
            if recipe := recipe_for(step.component):
                warming = self._warm(recipe, self._resolved(step))
                self._warming[step.name] = asyncio.create_task(warming, name=f"warm {step.name}")

    async def _warm(self, recipe: Recipe, component: Component) -> None:
        """Do what a server needs before it can be launched."""
        ground = self._ground(component)
        if self._begin_with is None:
            await recipe.warm(component, ground)
        else:
            await lay_out(self._begin_with / component.name, ground)

    async def copy_data(self, files: Mapping[str, DataFiles]) -> None:
        """Copy the folders of embedded servers, in place of what was copied before.

        Raises:
            EnvironmentFailedError: there is no room, or a store is no embedded server.
        """
        discard(self._copied)
        await self._copy(files, self._copied)

    async def set_aside(self, files: Mapping[str, DataFiles]) -> SetAside:
        """Copy the folders of embedded servers, to be saved elsewhere later. Raises as `copy_data` does."""
        aside = self._premises.data / _ASIDE
        await self._copy(files, aside)
        return SetAside(aside, self._premises.account)

    async def _copy(self, files: Mapping[str, DataFiles], folder: Path) -> None:
        if others := ", ".join(files.keys() - self._servers.keys()):
            raise EnvironmentFailedError(f"{others} has its data where the harness does not know it")
        servers = [Server(name, self._servers[name], self._grounds[name], its) for name, its in files.items()]
        await copy_servers(servers, folder)

    def clone(self, place: Place, emit: Emit) -> "ProcessProvider":
        """The same components once more, on the copied data.

        Raises:
            UsageError: components are only attached to, and know nobody but those that they run with.
        """
        if attached := ", ".join(self._premises.attached):
            raise UsageError(f"{attached} runs already, and once: it cannot be part of several worlds")
        return ProcessProvider(self._premises, place, emit, self._copied)

    def _make_data_folder(self) -> None:
        """For a world of its own; that of the environment is there."""
        if self._is_world:
            for folder in (self._data.parent, self._data):
                folder.mkdir(exist_ok=True)
                folder.chmod(0o711)  # whatever the umask said

    @property
    def _data(self) -> Path:
        """Where what this provider starts has its files."""
        return self._premises.data / _WORLDS / self._place.world if self._is_world else self._premises.data

    @property
    def _copied(self) -> Path:
        return self._premises.data / _COPIED

    @property
    def links(self) -> Links:
        """The proxies before those components that the file gives one."""
        return self._links

    async def start(self, step: Step) -> RunningProcess | Attached:
        """Start one component; returns when its process runs. What runs already is attached to."""
        if attached := self._premises.attached.get(step.name):
            return attached.as_planned(step)
        return await self._start(self._resolved(step), {})

    def is_components(self, host: str, port: int) -> bool:  # noqa: ARG002 - all are on this machine
        """Whether a connection is that of a process of the environment, or comes through a proxy of ours."""
        processes = owned(self._place.environment_id)
        proxies = [os.getpid()] if any(True for _ in self._links) else []
        pids = [*proxies, *(process.pid for process in processes)]
        for process in processes:
            process.close()
        return is_connected(pids, port)

    async def restart(self, step: Step, environment: Mapping[str, str]) -> RunningProcess:
        """Start it anew at the same addresses, `environment` laid over its own; the old one must be stopped.

        Raises:
            UsageError: it runs already, started by somebody else.
        """
        if step.name in self._premises.attached:
            raise UsageError(f"{step.name} is only attached to: whoever started it has to restart it")
        return await self._start(self._resolved(step), environment)

    async def renew(self, components: Collection[str]) -> None:
        """What is forked from now on has the code as it is now.

        Raises:
            EnvironmentFailedError: it cannot be imported; forks go on having the code as it was.
        """
        known = self._premises.ecosystem.components
        if any(is_forked(known[name]) for name in components):
            await self._premises.preload_anew(self._place.logs, self._emit)

    async def aclose(self) -> tuple[str, ...]:
        """End every process of the environment, give back ports and folders; names what stays. Idempotent."""
        for task in self._warming.values():
            task.cancel()
        await asyncio.gather(*self._warming.values(), return_exceptions=True)
        children: tuple[Child, ...] = (*self._executed, *self._forked)
        for child in children:  # also what writes over its own variables, as Redis does
            child.send(SIGKILL)
        if self._executed:  # so that their orphans are found, and none stays a zombie
            await asyncio.wait({child.ended for child in self._executed}, timeout=END_TIMEOUT)
        leftovers = [] if self._is_world else await self._premises.end_processes()
        await self._links.aclose()
        for pump in self._pumps:
            pump.close()
        for reservation in self._reservations:
            reservation.close()
        if self._premises.is_open:
            leftovers += await asyncio.to_thread(remove, self._data)
        return tuple(leftovers)

    async def _start(self, component: Component, overlay: Mapping[str, str]) -> RunningProcess:
        environment = self._environment_of(component) | dict(overlay)
        pump = self._new_pump(component.name)
        launched = await self._launch(component, environment, pump)
        running = RunningProcess(
            component,
            launched.child,
            pump,
            own=(own := self._endpoints[component.name]),
            endpoints=self._links.seen_from(TESTS, component.name, own),
            environment=environment,
            directory=self._directory(component.settings.process),
            polite=launched.polite,
        )
        running.disks = self._disks.get(component.name, {})
        if recipe_for(component):
            self._servers[component.name] = running
        if launched.finish is not None:
            await _finish(component, running, launched)
        return running

    async def _launch(self, component: Component, environment: Mapping[str, str], pump: LogPump) -> _Launched:
        try:
            if recipe := recipe_for(component):
                return await self._launch_embedded(component, recipe, environment, pump)
            if is_forked(component):
                return await self._launch_fork(component, environment, pump)
            return self._launch_command(component, environment, pump)
        finally:
            pump.child_has_it()

    async def _launch_embedded(
        self, component: Component, recipe: Recipe, environment: Mapping[str, str], pump: LogPump
    ) -> _Launched:
        await self._warming[component.name]
        is_first = component.name not in self._servers
        ground = replace(self._ground(component), is_copy=is_first and self._begin_with is not None)
        endpoint = endpoint_of_server(component, recipe, self._endpoints[component.name])
        launch = await recipe.launch(component, environment, endpoint, ground)
        child = execute(
            launch.argv,
            environment=self._marks(component.name) | dict(launch.environment),
            directory=ground.folder,
            output=pump.write_end,
            account=self._premises.account,
        )
        self._executed.append(child)
        return _Launched(child, recipe.polite, launch.finish)

    async def _launch_fork(
        self, component: Component, environment: Mapping[str, str], pump: LogPump
    ) -> _Launched:
        process = process_of(component)
        target = {"app": process.app} if process.app else {"call": process.call or ""}
        endpoint = next(iter(self._endpoints[component.name].values()), None)
        request = ForkRequest(
            name=self._mark(component.name),
            target=target,
            port=endpoint.port if endpoint else 0,
            environment=environment,
            directory=self._directory(process),
            is_measured=self._premises.coverage is not None and UNMEASURED not in environment,
        )
        if self._premises.forks is None:
            raise EnvironmentFailedError(f"{component.name}: nothing is preloaded; prepare was not called")
        child = await self._premises.forks.fork(request, pump.write_end)
        self._forked.append(child)
        return _Launched(child, polite_signal(component))

    def _launch_command(
        self, component: Component, environment: Mapping[str, str], pump: LogPump
    ) -> _Launched:
        process = process_of(component)
        child = execute(
            command_line(component, process.command or (), self._seen_from(component.name)),
            environment=environment,
            directory=self._directory(process),
            output=pump.write_end,
        )
        self._executed.append(child)
        return _Launched(child, polite_signal(component))

    def _resolved(self, step: Step) -> Component:
        return resolve_component(step.component, self._premises.secrets)

    def _environment_of(self, component: Component) -> dict[str, str]:
        """What the component's process gets: the machine's basics, its own variables, the marks of ownership."""
        own = self._endpoints[component.name]
        process = component.settings.process
        extra = process.environment if process else {}
        written = dict(component.environment) | {
            name: fill_ports(v, component, own) for name, v in extra.items()
        }
        resolved = resolve_environment(written, self._seen_from(component.name), self._premises.secrets)
        places = place_files(component, self._data / "granted" / component.name)
        return self._premises.basics() | point_to(resolved, places) | self._marks(component.name)

    async def _lay_links(self, name: str, plan: Plan) -> None:
        """Put proxies before a component: one for each other component, one for the tests."""
        sources = (*(step.name for step in plan.steps), TESTS)
        await self._links.lay(name, self._endpoints[name].values(), sources, LOOPBACK)

    def _seen_from(self, source: str) -> Endpoints:
        """Where a component reaches the others, by every name that it may know them by."""
        components = self._premises.ecosystem.components
        seen = {name: self._links.seen_from(source, name, own) for name, own in self._endpoints.items()}
        aliases = {
            alias: seen[name]
            for name, component in components.items()
            for alias in component.aliases
            if name in seen
        }
        return aliases | seen

    def _marks(self, name: str) -> dict[str, str]:
        return marks(self._place.environment_id, self._mark(name))

    def _mark(self, name: str) -> str:
        """What tells a component's processes from those of its namesakes in other worlds."""
        return f"{name}@{self._place.world}" if self._is_world else name

    def _new_pump(self, name: str) -> LogPump:
        premises = self._premises
        log = self._place.logs / f"{name}.log"
        pump = LogPump(log, premises.clock, premises.secret_values, emit=self._emit)
        self._pumps.append(pump)
        return pump

    def _reserve(self, target: int) -> Endpoint:
        reservation = Reservation()
        self._reservations.append(reservation)
        return Endpoint(LOOPBACK, reservation.port, target)

    def _ground(self, component: Component) -> Ground:
        """Where a server lives, made at the first call."""
        if component.name not in self._grounds:
            self._grounds[component.name] = self._new_ground(component)
        return self._grounds[component.name]

    def _new_ground(self, component: Component) -> Ground:
        folder, account = self._data / component.name, self._premises.account
        folder.mkdir(mode=0o700)
        account.give(folder)
        for mount in bounds(component)[:1]:
            if mount_disk(folder, mount.size or 0, account):
                self._disks[component.name] = {mount.target: folder}
        return Ground(folder, self._premises.cache, account)

    def _directory(self, process: ProcessSettings | None) -> Path:
        told = process.working_dir if process else None
        return told or self._premises.ecosystem.directory


async def _finish(component: Component, running: RunningProcess, launched: _Launched) -> None:
    """Do what is left, unless the child ends before it is done."""
    assert launched.finish is not None  # noqa: S101 - the caller asks
    finishing = asyncio.ensure_future(launched.finish())
    exiting = asyncio.ensure_future(running.exited())
    try:
        await asyncio.wait({finishing, exiting}, return_when=asyncio.FIRST_COMPLETED)
        if not finishing.done():
            raise ComponentExitedError(
                f"{component.name} ended with {exiting.result()} while it was being set up",
                evidence=running.tail(),
            )
        await finishing
    finally:
        await cancel_and_wait(finishing, exiting)
