"""Why this exists: a job may run in a container of the very engine it uses; then addresses and life differ.

What the engine mounts into each container tells which it is, whatever the version of cgroups: with version 2 a process
sees nothing above its own group (cgroup_namespaces(7)). An id counts only if the engine knows a container of it.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docker.models.containers import Container

_MOUNTS = Path("/proc/self/mountinfo")
# Engines mount a file of their own there, from a folder named after the container (proc(5): fields 4 and 5).
_OWN = re.compile(
    r"^(?:\S+ ){3}\S*/([0-9a-f]{64})/\S* /etc/(?:hostname|hosts|resolv\.conf) ",
    re.MULTILINE,
)


def mounted_container() -> str:
    """The id of the container that this process runs in, or of its pod, whichever engine's; "" for none."""
    found = _OWN.search(_MOUNTS.read_text())
    return found[1] if found else ""


def own_container(client: Any) -> "Container | None":
    """The container of this engine that this process runs in; None when it runs in none."""
    from docker.errors import NotFound  # noqa: PLC0415 - an extra: others ask only for what is mounted

    own = mounted_container()
    try:
        return client.containers.get(own) if own else None
    except NotFound:  # another engine's
        return None


def of_network(client: Any, own: "Container | None") -> "Container | None":
    """The container whose network this process is in; None for the network of the engine's machine.

    Args:
        client: Of the engine.
        own: The container that this process runs in; it may share the network of the machine, or of another container.
    """
    if own is None:
        return None
    kind, _, other = own.attrs["HostConfig"]["NetworkMode"].partition(":")
    if kind == "container":
        return of_network(client, client.containers.get(other))
    return None if kind == "host" else own
