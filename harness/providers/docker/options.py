"""Why this exists: what a component's container is created with, as a pure translation of its Compose service.

The names on the left are those of the SDK's `containers.create`; their meaning is Compose's own.
"""

from collections.abc import Mapping
from typing import Any

from docker.types import Mount as EngineMount
from docker.types import Ulimit

from harness.providers.docker.sockets import groups_of_sockets
from harness.spec.model import Component, Mount

LOOPBACK = "127.0.0.1"
# Our probes decide; the engine's would only load the machine every few seconds.
_NO_HEALTHCHECK = {"test": ["NONE"]}
_NANO = 1_000_000_000


def create_options(
    component: Component, volumes: Mapping[str, str], published: Mapping[int, int]
) -> dict[str, Any]:
    """Everything but image, labels and network.

    Args:
        component: With this environment's secrets in it.
        volumes: The engine's names of the file's named volumes.
        published: The host's port for each container port.
    """
    told = {
        **_process(component),
        **_isolation(component),
        **_limits(component),
        "ports": {f"{target}/tcp": (LOOPBACK, port) for target, port in published.items()},
        "mounts": [_mount(mount, volumes) for mount in component.mounts],
        "healthcheck": _NO_HEALTHCHECK,
    }
    return {name: value for name, value in told.items() if value not in (None, (), [], {}, False)}


def _process(component: Component) -> dict[str, Any]:
    return {
        "command": _words(component.command),
        "entrypoint": _words(component.entrypoint),
        "environment": dict(component.environment),
        "working_dir": component.working_dir,
        "user": component.user,
        # what is the default in a Compose file is left to the image, which may know better
        "stop_signal": None if component.stop_signal == "SIGTERM" else component.stop_signal,
        "init": component.container.init,
    }


def _isolation(component: Component) -> dict[str, Any]:
    settings = component.container
    return {
        "hostname": settings.hostname,
        "platform": settings.platform,
        "runtime": settings.runtime,
        "privileged": settings.privileged,
        "read_only": settings.read_only,
        "pid_mode": settings.pid,
        "ipc_mode": settings.ipc,
        "cap_add": list(settings.cap_add),
        "cap_drop": list(settings.cap_drop),
        "security_opt": list(settings.security_opt),
        "devices": list(settings.devices),
        "group_add": list(dict.fromkeys((*settings.group_add, *groups_of_sockets(component.mounts)))),
        "dns": list(settings.dns),
        "extra_hosts": dict(settings.extra_hosts),
        "sysctls": dict(settings.sysctls),
    }


def _limits(component: Component) -> dict[str, Any]:
    resources, settings = component.resources, component.container
    return {
        "nano_cpus": int(resources.cpus * _NANO) if resources.cpus else None,
        "mem_limit": resources.memory,
        "shm_size": settings.shm_size,
        "ulimits": [Ulimit(name=n, soft=soft, hard=hard) for n, (soft, hard) in settings.ulimits.items()],
    }


def _words(words: tuple[str, ...] | None) -> list[str] | None:
    return None if words is None else list(words)


def _mount(mount: Mount, volumes: Mapping[str, str]) -> EngineMount:
    """A volume without a name is anonymous and goes with its container."""
    source = volumes.get(mount.source or "", mount.source) if mount.kind == "volume" else mount.source
    size = mount.size if mount.kind == "tmpfs" else None
    kind: Any = mount.kind  # the SDK's type lists what Mount.kind holds
    return EngineMount(mount.target, source, type=kind, read_only=mount.read_only, tmpfs_size=size)
