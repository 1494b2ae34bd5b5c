"""Why this exists: a published port accepts before anybody listens behind it; whether somebody does can be seen.

The engine's forwarder takes every connection, and only then finds out that the container does not. On the engine's
own machine the container's sockets are in proc(5), which costs less to read than a connection.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docker.models.containers import Container

_PROC = Path("/proc")
_LISTENING = "0A"  # TCP_LISTEN
_LOOPBACKS = {"0100007F", "00000000000000000000000001000000"}  # only for the container itself


def listens(container: "Container", port: int) -> bool | None:
    """Whether a started container listens on a port of its own for others; None when it cannot be seen from here.

    Args:
        container: With the attributes of a running one.
        port: A TCP port.
    """
    process = _PROC / str(container.attrs["State"]["Pid"])
    try:
        is_this_one = str(container.id) in (process / "cgroup").read_text()
        return any(port == listening for listening in _ports(process)) if is_this_one else None
    except OSError:
        return None


def _ports(process: Path) -> Iterator[int]:
    """The TCP ports that are listened on in the network of a process, but for its loopback."""
    for table in ("tcp", "tcp6"):
        for line in (process / "net" / table).read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            address, _, port = local.partition(":")
            if state == _LISTENING and address not in _LOOPBACKS:
                yield int(port, 16)
