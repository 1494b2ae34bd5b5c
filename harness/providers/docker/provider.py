"""Why this exists: the ecosystem as containers of a Docker engine, in a network of its own."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from harness.core.clock import Clock
from harness.core.data_files import DataFiles
from harness.core.errors import EnvironmentFailedError
from harness.core.ids import new_secret
from harness.core.tasks import run_to_end
from harness.events.facts import ImageProgress
from harness.events.log import Emit, nobody
from harness.faults.link import Link
from harness.plan.model import Plan, Step
from harness.providers.base import Place
from harness.providers.docker.calls import engine_calls
from harness.providers.docker.engine import connect
from harness.providers.docker.kept import Kept, SetAside, set_aside
from harness.providers.docker.labels import Labels
from harness.providers.docker.refusal import refusal
from harness.providers.docker.running import RunningContainer
from harness.providers.logs import LogPump
from harness.providers.names import DOCKER
from harness.providers.resolving import resolve_component
from harness.providers.substitution import Secret, make_secrets
from harness.spec.model import Component, Ecosystem

if TYPE_CHECKING:  # the SDKs take a quarter of a second to import; `prepare` does it in a thread
    from testcontainers.core.docker_client import DockerClient

    from harness.providers.docker.workshop import Workshop


@dataclass(frozen=True, slots=True)
class Copied:
    """What stores begin with.

    Args:
        folder: Holds an archive of the files of each store that no image has.
        files: Where the files of each are in its container.
        images: What the containers of others are made from, files included.
        secrets: Of a world: what replaces fixed passwords in its environment.
        given: Variables whose secrets are what they are, by component: data may have been written with them.
    """

    folder: Path
    files: Mapping[str, DataFiles]
    images: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[Secret, ...] = ()
    given: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def kept_in(cls, folder: Path, given: Mapping[str, Mapping[str, str]]) -> Self:
        """What an earlier environment has left, which `kept.has_kept` has found whole."""
        kept = Kept.read(folder)
        return cls(folder, kept.files, kept.images, given=given)


_NOTHING = Copied(Path(), MappingProxyType({}))


class DockerProvider:
    """Containers that are made ahead, started when their turn comes, and removed by their label.

    Args:
        place: The environment's name and folders; of which world.
        clock: For the stamps in logs.
        emit: Takes what is done about images, and that a log is cut off.
        copied: What stores begin with; nothing where they begin anew.
    """

    name = DOCKER

    def __init__(self, place: Place, clock: Clock, emit: Emit = nobody, copied: Copied = _NOTHING) -> None:
        self._place = place
        self._begin_with = copied
        self._plan = Plan(())
        self._copies = _NOTHING
        self._clock = clock
        self._emit = emit
        self._calls = engine_calls()
        self._secrets: tuple[Secret, ...] = ()
        self._client: DockerClient | None = None
        self._workshop: Workshop | None = None
        self._making: dict[str, asyncio.Task[Any]] = {}
        self._started: dict[str, RunningContainer] = {}
        self._pumps: list[LogPump] = []

    def refusal(self, component: Component) -> str | None:
        """Why a component cannot run as a container; None when it can."""
        return refusal(component)

    async def prepare(self, ecosystem: Ecosystem, plan: Plan) -> None:
        """Find the engine, draw the secrets, and begin to make images, volumes and containers, all side by side."""
        self._place.logs.mkdir(parents=True, exist_ok=True)
        self._plan, begin = plan, self._begin_with
        self._secrets = begin.secrets or make_secrets(ecosystem, new_secret, begin.given)
        await self._calls(self._open, ecosystem, asyncio.get_running_loop())
        self._opened().open(plan)
        starting = [step for step in plan.steps if not (step.is_one_shot and self._place.is_copy)]
        for step in starting:
            making = self._make(step, [s.name for s in starting if s.level < step.level])
            self._making[step.name] = asyncio.create_task(making, name=f"make {step.name}")

    def _open(self, ecosystem: Ecosystem, loop: asyncio.AbstractEventLoop) -> None:
        """In a thread. What it has made is kept here at once: who is cancelled meanwhile closes that too."""
        self._client = client = connect()
        from harness.providers.docker.keepers import Keeper, own_life  # noqa: PLC0415 - see above
        from harness.providers.docker.workshop import Workshop  # noqa: PLC0415 - see above

        def show(component: str, what: str, is_there: bool) -> None:
            fact = ImageProgress(at=self._clock.now(), component=component, what=what, is_there=is_there)
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody looks any more
                loop.call_soon_threadsafe(self._emit, fact)

        keeper = Keeper.here(own_life(client.client))
        labels = Labels(self._place.environment_id, self._place.runtime, keeper.label, self._place.world)
        self._workshop = Workshop(client, self._calls, labels, ecosystem, self._place.logs, loop, show)

    @property
    def links(self) -> Iterable[Link]:
        """The proxies before those components that the file gives one."""
        return self._workshop.proxies.links if self._workshop else ()

    async def start(self, step: Step) -> RunningContainer:
        """Start one component's container; returns when it runs.

        Raises:
            EnvironmentFailedError: its image, or the container, could not be made or started.
        """
        container = await self._making[step.name]
        return await self._start(self._resolved(step), container)

    async def restart(self, step: Step, environment: Mapping[str, str]) -> RunningContainer:
        """Start the stopped container again; with other variables, a new one with its addresses and volumes."""
        before, component = self._started[step.name], self._resolved(step)
        component = replace(component, environment={**component.environment, **environment})
        workshop = self._opened()
        if component.environment == before.component.environment:
            return await self._start(component, workshop.again(before))
        return await self._start(component, await workshop.replace(component, before))

    def is_components(self, host: str, port: int) -> bool:  # noqa: ARG002 - containers have addresses of their own
        """Whether a connection comes from a container of the environment; through proxies all come from one address."""
        networks = (s.container.attrs["NetworkSettings"]["Networks"] for s in self._started.values())
        addresses = {network["IPAddress"] for each in networks for network in each.values()}
        return host in addresses or any(True for _ in self.links)

    async def copy_data(self, files: Mapping[str, DataFiles]) -> None:
        """Copy the files of stores out of their containers, in place of what was copied before.

        Raises:
            EnvironmentFailedError: the engine refuses, as for files on a tmpfs.
        """
        from harness.providers.docker.copies import copy_out  # noqa: PLC0415 - see above

        folder = self._place.runtime / "copied"
        images = await self._calls(copy_out, self._started, files, folder, stays=False)
        self._copies = Copied(folder, dict(files), images, self._secrets)

    def clone(self, place: Place, emit: Emit) -> "DockerProvider":
        """The same containers once more, in a network of their own and with the copied data."""
        return DockerProvider(place, self._clock, emit, self._copies)

    async def set_aside(self, files: Mapping[str, DataFiles]) -> SetAside:
        """Copy what stores hold into images and archives, to be saved elsewhere later. Raises as `copy_data` does."""
        folder = self._place.runtime / "aside"
        done: list[SetAside] = []
        try:
            await run_to_end(
                self._calls(lambda: done.append(set_aside(self._plan, self._started, files, folder)))
            )
        except asyncio.CancelledError:  # it has been made all the same
            for aside in done:
                await self._calls(aside.discard)
            raise
        await self._opened().remove_unused()
        return done[0]

    async def aclose(self) -> tuple[str, ...]:
        """Remove every container, volume and network of the environment; names what stays. Idempotent."""
        for task in self._making.values():
            task.cancel()
        await asyncio.gather(*self._making.values(), return_exceptions=True)
        await self._calls.settle()
        leftovers = await self._workshop.clear() if self._workshop else ()
        self._workshop = None
        self._calls.close()
        if self._client is not None:
            self._client.client.close()
        for pump in self._pumps:
            pump.close()
        return leftovers

    async def _make(self, step: Step, earlier: Sequence[str]) -> Any:
        """Images side by side; containers in the plan's order, for the engine makes one at a time."""
        component, begin = self._resolved(step), self._begin_with
        kept = begin.images.get(step.name)
        image = await self._opened().seeded(kept) if kept else await self._opened().image_of(component)
        if earlier:
            await asyncio.wait({self._making[name] for name in earlier})
        container = await self._opened().make(component, image, listens=not step.is_one_shot)
        if not kept and (files := begin.files.get(step.name)) is not None:
            from harness.providers.docker.copies import archive_of, lay_out  # noqa: PLC0415 - see above

            await self._calls(lay_out, container, files, archive_of(begin.folder, step.name))
        return container

    async def _start(self, component: Component, container: Any) -> RunningContainer:
        pump = self._new_pump(component.name)
        running = await self._opened().start(component, container, pump)
        self._started[component.name] = running
        return running

    def _opened(self) -> "Workshop":
        if self._workshop is None:
            raise EnvironmentFailedError("no engine is connected; prepare was not called")
        return self._workshop

    def _resolved(self, step: Step) -> Component:
        return resolve_component(step.component, self._secrets)

    def _new_pump(self, name: str) -> LogPump:
        secrets = [secret.actual for secret in self._secrets]
        pump = LogPump(self._place.logs / f"{name}.log", self._clock, secrets, emit=self._emit)
        self._pumps.append(pump)
        return pump
