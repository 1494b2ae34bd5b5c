"""Why this exists: the ecosystem as processes of this machine; needs nothing but what pip installs."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, Signals
from types import MappingProxyType

from harness.core.clock import Clock
from harness.core.endpoint import Endpoint
from harness.core.errors import ComponentExitedError, EnvironmentFailedError, UsageError
from harness.core.ids import new_secret
from harness.core.tasks import cancel_and_wait
from harness.events.log import Emit, nobody
from harness.faults.base import TESTS
from harness.faults.links import Links
from harness.plan.model import Plan, Step
from harness.providers.base import Place
from harness.providers.existing import Attached
from harness.providers.logs import LogPump
from harness.providers.process.account import Account, server_account
from harness.providers.process.child import Child, ExecutedChild, execute
from harness.providers.process.command import command_line, fill_ports
from harness.providers.process.disks import mount_disk
from harness.providers.process.embedded import recipe_for
from harness.providers.process.embedded.base import Ground, Recipe
from harness.providers.process.folders import make_data_folder, remove
from harness.providers.process.forks import ForkRequest, ForkServer
from harness.providers.process.granted import place_files, point_to
from harness.providers.process.marks import PRELOADER, UNMEASURED, marks
from harness.providers.process.ownership import END_TIMEOUT, end
from harness.providers.process.polite import polite_signal
from harness.providers.process.preloading import HeadStart, Imports, begin
from harness.providers.process.refusal import refusal
from harness.providers.process.running import RunningProcess
from harness.providers.reservation import LOOPBACK, Reservation
from harness.providers.resolving import resolve_component
from harness.providers.substitution import Endpoints, Secret, make_secrets, resolve_environment
from harness.spec.model import Component, Ecosystem, Mount, ProcessSettings

# What a component inherits of our own variables; the rest would make runs differ between machines.
_INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SSL_CERT_FILE")
_DEFAULT_APP_PORT = 8000


@dataclass(frozen=True, slots=True)
class _Launched:
    """A child that runs, how it is asked to end, and what is left to do before it counts as started."""

    child: Child
    polite: Signals
    finish: Callable[[], Awaitable[None]] | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """Measure the Python components: data files into `folder`."""

    folder: Path


class ProcessProvider:
    """Python applications forked from a process that has imported already, servers from wheels, any command.

    Args:
        place: The environment's name and folders.
        cache: What stays between runs.
        clock: For the stamps in logs.
        coverage: Where coverage of the Python components goes; None measures nothing.
        attached: Components that run already, by name: the others are pointed to them.
        head_start: What imports already, if anything does.
        emit: Takes that a log is cut off.
    """

    name = "process"

    def __init__(
        self,
        place: Place,
        cache: Path,
        clock: Clock,
        coverage: Coverage | None = None,
        attached: Mapping[str, Attached] = MappingProxyType({}),
        head_start: HeadStart | None = None,
        emit: Emit = nobody,
    ) -> None:
        self._place = place
        self._cache = cache
        self._clock = clock
        self._coverage = coverage
        self._attached = attached
        self._head_start = head_start
        self._emit = emit
        self._ecosystem: Ecosystem | None = None
        self._secrets: tuple[Secret, ...] = ()
        self._reservations: list[Reservation] = []
        self._endpoints: dict[str, dict[int, Endpoint]] = {}
        self._links = Links()
        self._forks: ForkServer | None = None
        self._warming: dict[str, asyncio.Task[None]] = {}
        self._pumps: list[LogPump] = []
        self._executed: list[ExecutedChild] = []
        self._account = Account()
        self._disks: dict[str, dict[str, Path]] = {}
        self._data = Path()

    def refusal(self, component: Component) -> str | None:
        """Why a component cannot run as a process; None when it can."""
        return None if component.name in self._attached else refusal(component)

    async def prepare(self, ecosystem: Ecosystem, plan: Plan) -> None:
        """Reserve every port, draw the secrets, and begin what takes long: imports and initdb."""
        self._ecosystem = ecosystem
        self._account = server_account()
        self._cache.mkdir(parents=True, exist_ok=True)
        self._place.logs.mkdir(parents=True, exist_ok=True)
        self._data = make_data_folder(self._place.environment_id)
        (self._data / "tmp").mkdir(mode=0o700)
        own = [step for step in plan.steps if step.name not in self._attached]
        given = {name: attached.environment for name, attached in self._attached.items()}
        self._secrets = make_secrets(ecosystem, new_secret, given)
        self._endpoints = {name: dict(attached.endpoints) for name, attached in self._attached.items()}
        for step in own:
            self._endpoints[step.name] = {t: self._reserve(t) for t in _targets(step.component)}
            if step.component.settings.faults or ecosystem.settings.faults:
                await self._lay_links(step.name, plan)
        if any(_is_forked(step.component) for step in own):
            self._forks = self._start_fork_server(ecosystem)
        for step in own:
            if recipe := recipe_for(step.component):
                warming = recipe.warm(self._resolved(step), self._ground(step.component))
                self._warming[step.name] = asyncio.create_task(warming, name=f"warm {step.name}")

    @property
    def links(self) -> Links:
        """The proxies before those components that the file gives one."""
        return self._links

    async def start(self, step: Step) -> RunningProcess | Attached:
        """Start one component; returns when its process runs. What runs already is attached to."""
        if step.name in self._attached:
            return self._attached[step.name].as_planned(step)
        return await self._start(self._resolved(step), {})

    async def restart(self, step: Step, environment: Mapping[str, str]) -> RunningProcess:
        """Start it anew at the same addresses, `environment` laid over its own; the old one must be stopped.

        Raises:
            UsageError: it runs already, started by somebody else.
        """
        if step.name in self._attached:
            raise UsageError(f"{step.name} is only attached to: whoever started it has to restart it")
        return await self._start(self._resolved(step), environment)

    async def aclose(self) -> tuple[str, ...]:
        """End every process of the environment, give back ports and folders; names what stays. Idempotent."""
        for task in self._warming.values():
            task.cancel()
        await asyncio.gather(*self._warming.values(), return_exceptions=True)
        if self._forks is not None:
            await self._forks.aclose()
        for child in self._executed:  # also what writes over its own variables, as Redis does
            child.send(SIGKILL)
        if self._executed:  # so that their orphans are found, and none stays a zombie
            await asyncio.wait({child.ended for child in self._executed}, timeout=END_TIMEOUT)
        leftovers = await end(self._place.environment_id, END_TIMEOUT)
        await self._links.aclose()
        for pump in self._pumps:
            pump.close()
        for reservation in self._reservations:
            reservation.close()
        if self._data != Path():
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
            environment_id=self._place.environment_id,
            directory=self._directory(component.settings.process),
            polite=launched.polite,
        )
        running.disks = self._disks.get(component.name, {})
        if launched.finish is not None:
            await _finish(component, running, launched)
        return running

    async def _launch(self, component: Component, environment: Mapping[str, str], pump: LogPump) -> _Launched:
        try:
            if recipe := recipe_for(component):
                return await self._launch_embedded(component, recipe, environment, pump)
            if _is_forked(component):
                return await self._launch_fork(component, environment, pump)
            return self._launch_command(component, environment, pump)
        finally:
            pump.child_has_it()

    async def _launch_embedded(
        self, component: Component, recipe: Recipe, environment: Mapping[str, str], pump: LogPump
    ) -> _Launched:
        await self._warming[component.name]
        ground = self._ground(component)
        endpoint = _endpoint_of_server(component, recipe, self._endpoints[component.name])
        launch = await recipe.launch(component, environment, endpoint, ground)
        child = execute(
            launch.argv,
            environment=self._marks(component.name) | dict(launch.environment),
            directory=ground.folder,
            output=pump.write_end,
            account=self._account,
        )
        self._executed.append(child)
        return _Launched(child, recipe.polite, launch.finish)

    async def _launch_fork(
        self, component: Component, environment: Mapping[str, str], pump: LogPump
    ) -> _Launched:
        process = _process_of(component)
        target = {"app": process.app} if process.app else {"call": process.call or ""}
        endpoint = next(iter(self._endpoints[component.name].values()), None)
        request = ForkRequest(
            name=component.name,
            target=target,
            port=endpoint.port if endpoint else 0,
            environment=environment,
            directory=self._directory(process),
            is_measured=self._coverage is not None and UNMEASURED not in environment,
        )
        if self._forks is None:
            raise EnvironmentFailedError(f"{component.name}: nothing is preloaded; prepare was not called")
        return _Launched(await self._forks.fork(request, pump.write_end), polite_signal(component))

    def _launch_command(
        self, component: Component, environment: Mapping[str, str], pump: LogPump
    ) -> _Launched:
        process = _process_of(component)
        child = execute(
            command_line(component, process.command or (), self._seen_from(component.name)),
            environment=environment,
            directory=self._directory(process),
            output=pump.write_end,
        )
        self._executed.append(child)
        return _Launched(child, polite_signal(component))

    def _resolved(self, step: Step) -> Component:
        return resolve_component(step.component, self._secrets)

    def _environment_of(self, component: Component) -> dict[str, str]:
        """What the component's process gets: the machine's basics, its own variables, the marks of ownership."""
        own = self._endpoints[component.name]
        process = component.settings.process
        extra = process.environment if process else {}
        written = dict(component.environment) | {
            name: fill_ports(v, component, own) for name, v in extra.items()
        }
        resolved = resolve_environment(written, self._seen_from(component.name), self._secrets)
        places = place_files(component, self._data / "granted" / component.name)
        return self._basics() | point_to(resolved, places) | self._marks(component.name)

    async def _lay_links(self, name: str, plan: Plan) -> None:
        """Put proxies before a component: one for each other component, one for the tests."""
        sources = (*(step.name for step in plan.steps), TESTS)
        await self._links.lay(name, self._endpoints[name].values(), sources, LOOPBACK)

    def _seen_from(self, source: str) -> Endpoints:
        """Where a component reaches the others, by every name that it may know them by."""
        components = self._ecosystem.components if self._ecosystem else {}
        seen = {name: self._links.seen_from(source, name, own) for name, own in self._endpoints.items()}
        aliases = {
            alias: seen[name]
            for name, component in components.items()
            for alias in component.aliases
            if name in seen
        }
        return aliases | seen

    def _pythonpath(self) -> tuple[Path, ...]:
        """What the file says, and the project directory itself."""
        if self._ecosystem is None:
            return ()
        return (*self._ecosystem.settings.pythonpath, self._ecosystem.directory)

    def _basics(self) -> dict[str, str]:
        """What every component gets; temporary files go where they are removed with the rest."""
        return self._machines_variables() | {"TMPDIR": str(self._data / "tmp")}

    def _machines_variables(self) -> dict[str, str]:
        """The few variables of ours that programs need, and where Python finds its modules."""
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        programs = [str(Path(sys.executable).parent), inherited.get("PATH", os.defpath)]
        return inherited | {
            "PATH": os.pathsep.join(programs),
            "PYTHONPATH": os.pathsep.join(map(str, self._pythonpath())),
        }

    def _marks(self, name: str) -> dict[str, str]:
        return marks(self._place.environment_id, name)

    def _start_fork_server(self, ecosystem: Ecosystem) -> ForkServer:
        folder = self._coverage.folder if self._coverage else None
        settings = ecosystem.settings
        imports = Imports(
            settings.preload,
            self._machines_variables(),
            ecosystem.directory,
            folder,
            settings.coverage if folder else (),
        )
        begun = self._head_start.take(imports) if self._head_start else None
        preloading = begun or begin(imports, self._marks(PRELOADER))
        return ForkServer(preloading, self._new_pump("preloader", preloading.output))

    def _new_pump(self, name: str, read_end: int | None = None) -> LogPump:
        secrets = [secret.actual for secret in self._secrets]
        pump = LogPump(self._place.logs / f"{name}.log", self._clock, secrets, read_end, self._emit)
        self._pumps.append(pump)
        return pump

    def _reserve(self, target: int) -> Endpoint:
        reservation = Reservation()
        self._reservations.append(reservation)
        return Endpoint(LOOPBACK, reservation.port, target)

    def _ground(self, component: Component) -> Ground:
        folder = self._data / component.name
        if not folder.exists():
            folder.mkdir(mode=0o700)
            self._account.give(folder)
            for mount in _bounds(component)[:1]:
                if mount_disk(folder, mount.size or 0, self._account):
                    self._disks[component.name] = {mount.target: folder}
        return Ground(folder, self._cache, self._account)

    def _directory(self, process: ProcessSettings | None) -> Path:
        told = process.working_dir if process else None
        return told or (self._ecosystem.directory if self._ecosystem else Path.cwd())


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


def _targets(component: Component) -> tuple[int, ...]:
    """The ports to reserve: those of the file, x-harness.process.port first, 8000 for an application without any."""
    process = component.settings.process
    named = (process.port,) if process and process.port else ()
    listed = tuple(dict.fromkeys(named + component.targets))
    if listed:
        return listed
    recipe = recipe_for(component)
    if recipe is not None:
        return (recipe.port,)
    return (_DEFAULT_APP_PORT,) if process and process.app else ()


def _endpoint_of_server(component: Component, recipe: Recipe, own: Mapping[int, Endpoint]) -> Endpoint:
    """Where an embedded server listens: at x-harness.process.port, at its usual port, or at the first there is."""
    process = component.settings.process
    asked = process.port if process else None
    return own.get(asked or recipe.port) or next(iter(own.values()))


def _bounds(component: Component) -> list[Mount]:
    """The tmpfs with a size that the Compose file puts an embedded server's data on; empty when it does not."""
    recipe = recipe_for(component)
    return [m for m in component.mounts if m.kind == "tmpfs" and m.size and recipe and recipe.uses(m)]


def _is_forked(component: Component) -> bool:
    process = component.settings.process
    return process is not None and (process.app is not None or process.call is not None)


def _process_of(component: Component) -> ProcessSettings:
    process = component.settings.process
    if process is None:
        raise EnvironmentFailedError(
            f"{component.name} cannot run as a process: the plan should have skipped it"
        )
    return process
