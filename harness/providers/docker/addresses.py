"""Why this exists: where a container is reached depends on where we are ourselves.

On the engine's own machine (the usual case) at its published port on loopback. Within a container that has the
engine's socket mounted, loopback is our own: there we join the environment's network and use its addresses. An engine
on another machine publishes on that machine's loopback, which we cannot reach, and will not open to its network.
"""

import contextlib
from typing import TYPE_CHECKING, Any

from docker.errors import APIError
from testcontainers.core.config import ConnectionMode
from testcontainers.core.utils import get_running_in_container_id

from harness.core.endpoint import Endpoint
from harness.core.errors import ProviderUnavailableError
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
        self._own_id = get_running_in_container_id()
        mode = client.get_connection_mode()
        if mode is ConnectionMode.docker_host and client.host() not in _LOCAL:
            raise ProviderUnavailableError(
                f"the engine is on another machine ({client.host()}); its loopback is out of reach from here",
                hint="run the harness on that machine, or use an engine of this one",
            )

    @property
    def is_inside(self) -> bool:
        """Whether we are in a container of the same engine."""
        return self._own_id is not None

    def join(self) -> None:
        """When we are in a container ourselves, be in the environment's network."""
        if self._own_id is not None:
            self._client.client.networks.get(self._network).connect(self._own_id)

    def leave(self) -> None:
        """Be out of it again, for a network that is in use cannot be removed. Idempotent."""
        if self._own_id is not None:
            with contextlib.suppress(APIError):
                self._client.client.networks.get(self._network).disconnect(self._own_id, force=True)

    def of(self, container: "Container") -> dict[int, Endpoint]:
        """The endpoints of a started container with fresh attributes, by container port."""
        settings = container.attrs["NetworkSettings"]
        if self.is_inside:
            host = settings["Networks"][self._network]["IPAddress"]
            return {target: Endpoint(host, target, target) for target in _targets(settings)}
        return {
            int(port.partition("/")[0]): Endpoint(
                LOOPBACK, int(bindings[0]["HostPort"]), int(port.partition("/")[0])
            )
            for port, bindings in settings["Ports"].items()
            if bindings
        }


def _targets(settings: dict[str, Any]) -> list[int]:
    return [int(port.partition("/")[0]) for port in settings["Ports"] if port.endswith("/tcp")]
