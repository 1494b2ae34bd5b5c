"""Why this exists: a published port accepts before anybody listens behind it; whether somebody does can be seen.

The engine's forwarder takes every connection, and only then finds out that the container does not. Where the network
of the container is a bridge of this machine, its own address tells the truth, and for a hundredth of what reading the
container's sockets from proc(5) costs: that goes through every connection of the machine.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from harness.readiness.connection import connect_at_once
from harness.readiness.tcp import Listens

if TYPE_CHECKING:
    from docker.models.containers import Container

_INTERFACES = Path("/sys/class/net")
_SHOWN = 12  # hexadecimal digits of a network's id that its bridge is named by


def behind(container: "Container") -> Listens:
    """Tells of a started container whether it listens on a port of its own for others; None where nobody can see that.

    Args:
        container: With the attributes of a running one.
    """
    address = _address_on_a_bridge_of_ours(container)

    def listens(port: int) -> bool | None:
        if address is None:
            return None
        try:
            connection = connect_at_once(address, port)
        except ConnectionRefusedError:
            return False
        if connection is None:
            return None
        connection.close()
        return True

    return listens


def _address_on_a_bridge_of_ours(container: "Container") -> str | None:
    """None within another container, on another machine, in a virtual one, and with a rootless engine.

    There the same address may be somebody else's.
    """
    for network in container.attrs["NetworkSettings"]["Networks"].values():
        if network.get("IPAddress") and (_INTERFACES / f"br-{network['NetworkID'][:_SHOWN]}").exists():
            return str(network["IPAddress"])
    return None
