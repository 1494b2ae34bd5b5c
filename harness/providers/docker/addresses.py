"""Why this exists: where a container is reached depends on where we are ourselves.

On the engine's own machine (the usual case) at its published port on loopback; also within a container that shares
its network. Within any other container of the engine loopback is our own: there we join the environment's network and
use its addresses. An engine on another machine publishes on that machine's loopback, which we cannot reach, and will
not open to its network.
"""

import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from docker.errors import APIError

from harness.core.endpoint import Endpoint
from harness.core.errors import ProviderUnavailableError
from harness.providers.docker.failures import refused
from harness.providers.docker.inside import of_network, own_container
from harness.providers.docker.options import LOOPBACK

if TYPE_CHECKING:
    from docker.models.containers import Container
    from testcontainers.core.docker_client import DockerClient

_LOCAL = {"localhost", "127.0.0.1", "::1"}


class Addresses:
    """Where the containers of one environment are.

    Args:
        client: testcontainers' client.
        network: The environment's network.

    Raises:
        ProviderUnavailableError: the engine is on another machine.
    """

    def __init__(self, client: "DockerClient", network: str) -> None:
        self._client = client
        self._network = network
        own = own_container(client.client)
        if own is None and client.host() not in _LOCAL:
            raise ProviderUnavailableError(
                f"the engine is on another machine ({client.host()}); its loopback is out of reach from here",
                hint="run the harness on that machine, or use an engine of this one",
            )
        ours = of_network(client.client, own)
        self._own_id = ours.id if ours else None

    @property
    def is_inside(self) -> bool:
        """Whether we are in a container of the same engine, with a network of its own."""
        return self._own_id is not None

    def join(self) -> None:
        """When we are in a container ourselves, be in the environment's network.

        Raises:
            EnvironmentFailedError: the engine does not let us in, as where our container has no network.
        """
        if self._own_id is None:
            return
        try:
            self._client.client.networks.get(self._network).connect(self._own_id)
        except APIError as error:
            raise refused(
                "the container that the harness runs in cannot join the environment's network",
                error,
                "start it in a bridge network, or with `--network host`",
            ) from error

    def leave(self) -> None:
        """Be out of it again, for a network that is in use cannot be removed. Idempotent."""
        if self._own_id is not None:
            with contextlib.suppress(APIError):
                self._client.client.networks.get(self._network).disconnect(self._own_id, force=True)

    def of(self, container: "Container", targets: Iterable[int]) -> dict[int, Endpoint]:
        """The endpoints of a started container with fresh attributes, by container port.

        Args:
            container: Whose.
            targets: The ports that its component has by the file; an image need not expose them.
        """
        settings = container.attrs["NetworkSettings"]
        if self.is_inside:
            host = settings["Networks"][self._network]["IPAddress"]
            listed = dict.fromkeys([*targets, *_exposed(settings)])
            return {target: Endpoint(host, target, target) for target in listed}
        return {
            int(port.partition("/")[0]): Endpoint(
                LOOPBACK, int(bindings[0]["HostPort"]), int(port.partition("/")[0])
            )
            for port, bindings in settings["Ports"].items()
            if bindings
        }


def _exposed(settings: dict[str, Any]) -> list[int]:
    return [int(port.partition("/")[0]) for port in settings["Ports"] if port.endswith("/tcp")]
