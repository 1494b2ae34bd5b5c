"""Why this exists: what one environment has made on the engine: a network, volumes, containers; and their removal."""

import asyncio
import io
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from docker.errors import APIError
from docker.types import EndpointConfig

from harness.core.errors import EnvironmentFailedError
from harness.plan.model import Plan
from harness.providers.calls import Calls
from harness.providers.docker.addresses import Addresses
from harness.providers.docker.events import Exits
from harness.providers.docker.failures import refused
from harness.providers.docker.images import Images, Show
from harness.providers.docker.labels import Labels
from harness.providers.docker.options import create_options
from harness.providers.docker.proxies import Proxies, gateway_of
from harness.providers.docker.removal import clear
from harness.providers.docker.running import Feed, RunningContainer
from harness.providers.docker.seeded import note_use, remove_unused
from harness.providers.logs import LogPump
from harness.providers.reservation import Reservation
from harness.spec.model import Component, Ecosystem

if TYPE_CHECKING:
    from docker.models.containers import Container
    from testcontainers.core.docker_client import DockerClient

_SHORT = 12  # hexadecimal digits that engines show of an id


_ATTACHED = {"stdout": 1, "stderr": 1, "stream": 1}


class Workshop:
    """Makes and removes.

    Args:
        client: testcontainers' client, which knows the engine's address also from within a container; not closed here.
        calls: Runs what blocks.
        labels: What everything carries.
        ecosystem: Whose components.
        logs: Where build logs go.
        loop: What everything but making a workshop, which asks the engine, is called in.
        show: Shown what is done about images, in threads.
    """

    def __init__(
        self,
        client: "DockerClient",
        calls: Calls,
        labels: Labels,
        ecosystem: Ecosystem,
        logs: Path,
        loop: asyncio.AbstractEventLoop,
        show: Show,
    ) -> None:
        self._client = client
        self._calls = calls
        self._labels = labels
        self._name = labels.name
        self._addresses = Addresses(client, self._name)
        self._images = Images(client.client, ecosystem, logs, show)
        self.proxies = Proxies(ecosystem)
        self._volumes: dict[str, str] = {}
        self._ports: dict[tuple[str, int], Reservation] = {}
        self._ground: asyncio.Task[None] | None = None
        # Last: from here on there is something to close.
        self._exits = Exits(client.client, labels.filter, loop)

    def open(self, plan: Plan) -> None:
        """Begin to make the network and the volumes."""
        named = {
            mount.source
            for step in plan.steps
            for mount in step.component.mounts
            if mount.kind == "volume" and mount.source
        }
        self._volumes = {name: f"{self._name}-{name}" for name in sorted(named)}
        proxied = {c.name: (c, self._reserved(c, c.targets)) for c in self.proxies.wanted(plan)}
        self._ground = asyncio.create_task(self._lay_ground(proxied), name="network and volumes")

    async def _lay_ground(self, proxied: Mapping[str, tuple[Component, Mapping[int, int]]]) -> None:
        volumes = (self._calls(self._make_volume, volume) for volume in self._volumes.values())
        await asyncio.gather(self._calls(self._make_network), *volumes)
        if proxied:
            gateway = await self._calls(gateway_of, self._client.client, self._name)
            await self.proxies.lay(proxied, gateway)

    async def image_of(self, component: Component) -> str:
        """The image for its container, which is there afterwards."""
        return await self._calls.aside(self._images.ensure, component)

    async def seeded(self, image: str) -> str:
        """The image that an earlier environment has left; it counts as used from now on."""
        await self._calls(note_use, self._client.client, image)
        return image

    async def remove_unused(self) -> None:
        """Remove the images that earlier environments have left and nobody uses any more."""
        await self._calls(remove_unused, self._client.client)

    async def make(self, component: Component, image: str, *, listens: bool) -> "Container":
        """A container of `component` that is not started yet; `listens` unless its ports are of no use to anybody."""
        assert self._ground is not None  # noqa: S101 - open comes first
        await asyncio.shield(self._ground)
        return await self._calls(self._create, component, image, listens=listens)

    async def start(self, component: Component, container: "Container", pump: LogPump) -> RunningContainer:
        """Start a container; its output goes to `pump` from the first byte."""
        ended = self._exits.of(str(container.id))
        attached = await self._calls(container.attach_socket, params=_ATTACHED)
        feed = Feed(attached, pump.write_end)
        await self._calls(_started, component, container)
        own = self._addresses.of(container, component.targets)
        return RunningContainer(
            component,
            container,
            calls=self._calls,
            ended=ended,
            pump=pump,
            feed=feed,
            own=own,
            endpoints=self.proxies.before(component.name, own),
            environment=_variables(container),
        )

    def again(self, before: RunningContainer) -> "Container":
        """A stopped container, to be started once more: its addresses, volumes and files stay."""
        self._exits.forget(str(before.container.id))
        return before.container

    async def replace(self, component: Component, before: RunningContainer) -> "Container":
        """A new container in the place of a stopped one; addresses and volumes stay, other files do not.

        From the very image of the old one: its name may lead to another by now.
        """
        old = before.container
        await self._calls(old.rename, f"{old.name}-before")
        made = await self._calls(self._create, component, old.attrs["Image"], volumes_from=(str(old.id),))
        await self._calls(old.remove, force=True)
        return made

    async def clear(self) -> tuple[str, ...]:
        """Remove all that carries the environment's label; names what could not be. Idempotent."""
        if self._ground is not None:
            self._ground.cancel()
            await asyncio.gather(self._ground, return_exceptions=True)
            await self._calls.settle()
        await self.proxies.links.aclose()
        await self._calls(self._addresses.leave)
        leftovers = await self._calls(clear, self._client.client, self._labels.filter)
        self._exits.close()
        for reservation in self._ports.values():
            reservation.close()
        return leftovers

    def _make_network(self) -> None:
        settings = {"driver": "bridge", "labels": self._labels.of_environment}
        try:
            self._client.client_networks_create(self._name, settings)
        except APIError as error:
            raise refused("the engine does not make the environment's network", error) from error
        self._addresses.join()

    def _make_volume(self, name: str) -> None:
        self._client.client.volumes.create(name, labels=self._labels.of_environment)

    def _create(
        self, component: Component, image: str, *, listens: bool = True, volumes_from: tuple[str, ...] = ()
    ) -> "Container":
        is_published = listens and not self._addresses.is_inside
        published = self._published(component, image) if is_published else {}
        options = create_options(self.proxies.pointed(component), self._volumes, published)
        names = [component.name, *component.aliases]
        try:
            container = self._client.create(
                image,
                name=f"{self._name}-{component.name}",
                labels=dict(component.labels) | self._labels.of_component(component.name),
                network=self._name,
                networking_config={self._name: EndpointConfig(self._api_version, aliases=names)},
                volumes_from=list(volumes_from) or None,
                **options,
            )
        except APIError as error:
            raise _cannot_start(component, error) from error
        if component.files:
            container.put_archive("/", _packed(component))
        return container

    def _published(self, component: Component, image: str) -> dict[int, int]:
        """The host's port for each of its own, the same for every container of the component."""
        return self._reserved(component, component.targets or self._exposed(image))

    def _reserved(self, component: Component, targets: Iterable[int]) -> dict[int, int]:
        for target in targets:
            if (component.name, target) not in self._ports:
                self._ports[component.name, target] = Reservation()
        return {target: self._ports[component.name, target].port for target in targets}

    @property
    def _api_version(self) -> str:
        return str(self._client.client.api.api_version)

    def _exposed(self, image: str) -> tuple[int, ...]:
        """What the image itself says that it listens on, for a file that says nothing."""
        told = self._client.client.images.get(image).attrs["Config"].get("ExposedPorts") or {}
        return tuple(sorted(int(port.partition("/")[0]) for port in told if port.endswith("/tcp")))


def _started(component: Component, container: "Container") -> None:
    """Start it; its attributes are fresh afterwards, for the engine gives addresses at the start."""
    try:
        container.start()
    except APIError as error:
        raise _cannot_start(component, error) from error
    container.reload()


def _variables(container: "Container") -> dict[str, str]:
    """What the container was given, its image's own included."""
    told = (text.partition("=") for text in container.attrs["Config"]["Env"] or ())
    return {name: value for name, _, value in told}


def _packed(component: Component) -> bytes:
    """Configs and secrets as an archive to be laid over the container's root; readable by its user, as in Compose."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for granted in component.files:
            content = granted.source.read_bytes() if granted.source else (granted.content or "").encode()
            entry = tarfile.TarInfo(granted.target.lstrip("/"))
            entry.size, entry.mode = len(content), 0o444
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _cannot_start(component: Component, error: APIError) -> EnvironmentFailedError:
    return refused(
        f"{component.name}: the engine does not start it",
        error,
        f"{component.location} says how it is to run",
    )
