"""Why this exists: a component becomes a process in one of three ways: a server from a wheel, a fork, a command."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL, Signals

from harness.core.errors import ComponentExitedError, EnvironmentFailedError
from harness.core.tasks import cancel_and_wait
from harness.events.log import Emit
from harness.providers.base import Place
from harness.providers.logs import LogPump
from harness.providers.measuring import UNMEASURED
from harness.providers.ports import fill_ports
from harness.providers.process.addresses import Addresses
from harness.providers.process.asked import endpoint_of_server, is_forked, process_of
from harness.providers.process.children.child import Child, ExecutedChild, execute
from harness.providers.process.children.command import command_line
from harness.providers.process.children.running import RunningProcess
from harness.providers.process.children.stop_signal import polite_signal
from harness.providers.process.embedded.base import Recipe
from harness.providers.process.forking.forks import ForkedChild, ForkRequest
from harness.providers.process.premises import Premises
from harness.providers.process.servers import Servers
from harness.providers.process.storage.secret_files import place_files, point_to
from harness.providers.process.tracking.marks import marks
from harness.providers.process.tracking.ownership import END_TIMEOUT
from harness.providers.substitution import resolve_environment
from harness.spec.model import Component, ProcessSettings

Finish = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Launched:
    """A child that runs, how it is asked to end, what is left to do before it counts as started; `Launch.clients`."""

    child: Child
    polite: Signals
    finish: Finish | None = None
    clients: Mapping[str, str] = field(default_factory=dict)


class Launcher:
    """Starts the processes of an environment, or of one world of it.

    Args:
        premises: What it shares with the other worlds.
        place: The environment's name, where logs go; of which world.
        emit: Takes that a log is cut off.
        addresses: Where everything listens.
        servers: The embedded ones.
    """

    def __init__(
        self, premises: Premises, place: Place, emit: Emit, addresses: Addresses, servers: Servers
    ) -> None:
        self._premises = premises
        self._place = place
        self._emit = emit
        self._addresses = addresses
        self._servers = servers
        self._pumps: list[LogPump] = []
        self._executed: list[ExecutedChild] = []
        self._forked: list[ForkedChild] = []

    async def start(self, component: Component, overlay: Mapping[str, str]) -> RunningProcess:
        """Start a component; returns when its process runs, and is set up where that takes something.

        Args:
            component: With the secrets of this environment.
            overlay: Laid over its own variables.

        Raises:
            ComponentExitedError: it ended while it was being set up.
            EnvironmentFailedError: it cannot be started, or not be set up.
        """
        environment = self._variables(component) | dict(overlay)
        pump = self._new_pump(component.name)
        launched = await self._launch(component, environment, pump)
        running = RunningProcess(
            component,
            launched.child,
            pump,
            own=self._addresses.of(component.name),
            endpoints=self._addresses.seen_by_tests(component.name),
            environment=environment,
            directory=self._directory(component.settings.process),
            polite=launched.polite,
            clients=launched.clients,
        )
        if self._servers.recipe_of(component.name):
            self._servers.add(component.name, running)
        if launched.finish is not None:
            await _finish(component, running, launched.finish)
        return running

    async def end(self) -> None:
        """Kill what was started, also what writes over its own variables, as Redis does."""
        children: tuple[Child, ...] = (*self._executed, *self._forked)
        for child in children:
            child.send(SIGKILL)
        if self._executed:  # so that their orphans are found, and none stays a zombie
            await asyncio.wait({child.ended for child in self._executed}, timeout=END_TIMEOUT)

    def close_logs(self) -> None:
        """Nothing is read any more. Idempotent."""
        for pump in self._pumps:
            pump.close()

    async def _launch(self, component: Component, environment: Mapping[str, str], pump: LogPump) -> _Launched:
        try:
            if recipe := self._servers.recipe_of(component.name):
                return await self._launch_server(component, recipe, environment, pump)
            if is_forked(component):
                return await self._launch_fork(component, environment, pump)
            return self._launch_command(component, environment, pump)
        finally:
            pump.child_has_it()

    async def _launch_server(
        self, component: Component, recipe: Recipe, environment: Mapping[str, str], pump: LogPump
    ) -> _Launched:
        endpoint = endpoint_of_server(component, recipe, self._addresses.of(component.name))
        launch = await self._servers.launch(recipe, component, environment, endpoint)
        child = execute(
            launch.argv,
            environment=self._marks(component.name) | dict(launch.environment),
            directory=self._servers.folder_of(component.name),
            output=pump.write_end,
            account=self._premises.account,
        )
        self._executed.append(child)
        return _Launched(child, recipe.polite, launch.finish, launch.clients)

    async def _launch_fork(
        self, component: Component, environment: Mapping[str, str], pump: LogPump
    ) -> _Launched:
        process = process_of(component)
        target = {"app": process.app} if process.app else {"call": process.call or ""}
        endpoint = next(iter(self._addresses.of(component.name).values()), None)
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
        seen = self._addresses.seen_from(component.name)
        child = execute(
            command_line(component, process.command or (), seen),
            environment=environment,
            directory=self._directory(process),
            output=pump.write_end,
        )
        self._executed.append(child)
        return _Launched(child, polite_signal(component))

    def _variables(self, component: Component) -> dict[str, str]:
        """What a component's process gets: the machine's basics, its own variables, the marks of ownership."""
        own = self._addresses.of(component.name)
        process = component.settings.process
        extra = process.environment if process else {}
        written = dict(component.environment) | {
            name: fill_ports(value, component, own) for name, value in extra.items()
        }
        seen = self._addresses.seen_from(component.name)
        resolved = resolve_environment(written, seen, self._premises.secrets)
        folder = self._premises.folder_of(self._place.world)
        places = place_files(component, folder / "granted" / component.name)
        return self._premises.basics() | point_to(resolved, places) | self._marks(component.name)

    def _marks(self, name: str) -> dict[str, str]:
        return marks(self._place.environment_id, self._mark(name))

    def _mark(self, name: str) -> str:
        """What tells a component's processes from those of its namesakes in other worlds."""
        return f"{name}@{self._place.world}" if self._place.world else name

    def _new_pump(self, name: str) -> LogPump:
        premises = self._premises
        log = self._place.logs / f"{name}.log"
        pump = LogPump(log, premises.clock, premises.secret_values, emit=self._emit)
        self._pumps.append(pump)
        return pump

    def _directory(self, process: ProcessSettings | None) -> Path:
        told = process.working_dir if process else None
        return told or self._premises.ecosystem.directory


async def _finish(component: Component, running: RunningProcess, finish: Finish) -> None:
    """Do what is left, unless the child ends before it is done."""
    finishing = asyncio.ensure_future(finish())
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
