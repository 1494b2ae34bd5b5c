"""Why this exists: replicas belong where Jonar is: its network, its variables, its labels, its way to be reached.

Jonar looks at its own container, so nobody has to hand these over. Whoever removes containers by a label of Jonar's
(`docker compose down`, a test harness) removes its replicas with it. Pure but for `look_around`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self

from jonar.runtime.base import Order
from jonar.runtime.engine import Engine, EngineError

COMPONENT = "runeframeos.component"  # on images: whose code they hold
REPLICA = "jonar.replica"
PARENT = "jonar.container"  # the container of the Jonar that made it
_PORT = "8000/tcp"  # where every service's image listens
_ONE_OFF = "com.docker.compose.oneoff"
_LEAST_MEMORY = 6 * 2**20  # bytes; engines refuse to reserve less
_SHARES = 1024  # of one core


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What replicas get from Jonar's own container.

    Args:
        container: Its id.
        name: Its name, with which theirs begin.
        network: The network that they join.
        variables: What it was given beyond what its image sets.
        labels: The same, of labels.
        publish: The address of the machine on which its port is published, and so are theirs; None for not at all.
    """

    container: str
    name: str
    network: str
    variables: Mapping[str, str]
    labels: Mapping[str, str]
    publish: str | None

    @classmethod
    def of(cls, container: Mapping[str, Any], image: Mapping[str, Any]) -> Self:
        """From what an engine tells of Jonar's container and of its image.

        Raises:
            EngineError: it is in no network in which others could reach it.
        """
        own, made = container["Config"], image["Config"]
        networks = container["NetworkSettings"]["Networks"]
        joined = sorted(name for name, endpoint in networks.items() if endpoint["IPAddress"])
        if not joined:
            raise EngineError(
                f"Jonar's container is in no network that replicas could join: {sorted(networks)}"
            )
        return cls(
            container=container["Id"],
            name=container["Name"].lstrip("/"),
            network=joined[0],
            variables=dict(_beyond(_pairs(own["Env"]), _pairs(made["Env"]))),
            labels=_labels(own["Labels"] or {}, made["Labels"] or {}),
            publish=_published(container["NetworkSettings"]["Ports"]),
        )

    def wanted(self, order: Order, app: str, image: str) -> dict[str, Any]:
        """The container of a replica, in the engine's words. Requests are no limits, as in Kubernetes."""
        marks = {"JONAR_DEPLOYMENT_ID": order.deployment_id, "JONAR_REPLICA_ID": order.replica_id}
        bindings = {} if self.publish is None else {_PORT: [{"HostIp": self.publish, "HostPort": ""}]}
        return {
            "Image": image,
            "Cmd": ["uvicorn", app],
            "Env": [f"{name}={value}" for name, value in {**self.variables, **marks}.items()],
            "Labels": {**self.labels, REPLICA: order.replica_id, PARENT: self.container},
            "ExposedPorts": {_PORT: {}},
            "HostConfig": {
                "NetworkMode": self.network,
                "PortBindings": bindings,
                "CpuShares": max(2, int(order.cpu * _SHARES)),
                "MemoryReservation": max(_LEAST_MEMORY, order.memory),
                "SecurityOpt": ["no-new-privileges"],
            },
        }

    def url(self, container: Mapping[str, Any]) -> str:
        """Where Jonar reaches a replica's container; empty when it does not run any more."""
        address = container["NetworkSettings"]["Networks"][self.network]["IPAddress"]
        return f"http://{address}:{_PORT.partition('/')[0]}" if address else ""

    def public_url(self, container: Mapping[str, Any]) -> str:
        """Where others do: as they reach Jonar, at a port of the machine or within the network."""
        for binding in container["NetworkSettings"]["Ports"].get(_PORT) or ():
            return f"http://{binding['HostIp']}:{binding['HostPort']}"
        return self.url(container)


async def look_around(engine: Engine, hostname: str) -> Surroundings:
    """What is around the container with that host name: Jonar's own.

    Raises:
        EngineError: the engine does not answer, or knows no such container.
    """
    try:
        container = await engine.get(f"/containers/{hostname}/json")
    except EngineError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        raise EngineError(
            f"the engine has no container {hostname}: with JONAR_RUNTIME=docker Jonar has to run in a container "
            "of the engine whose socket it has, under the host name that the engine gave it"
        ) from error
    return Surroundings.of(container, await engine.get(f"/images/{container['Image']}/json"))


def _pairs(variables: list[str] | None) -> dict[str, str]:
    parts = (text.partition("=") for text in variables or ())
    return {name: value for name, _, value in parts}


def _beyond(own: Mapping[str, str], images: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in own.items() if images.get(name) != value}


def _labels(own: Mapping[str, str], images: Mapping[str, str]) -> dict[str, str]:
    """Compose takes replicas for what `docker compose run` makes: removed by `down`, no concern of `up`."""
    kept = _beyond(own, images)
    return kept | {_ONE_OFF: "True"} if _ONE_OFF in kept else kept


def _published(ports: Mapping[str, list[dict[str, str]] | None]) -> str | None:
    return next((binding["HostIp"] for bindings in ports.values() for binding in bindings or ()), None)
