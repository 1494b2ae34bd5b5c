"""Why this exists: one way to the container engine, whoever runs it, and one clear line when there is none."""

import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core.errors import ProviderUnavailableError

if TYPE_CHECKING:
    from docker import DockerClient

OLDEST_API = (1, 40)  # Docker 19.03, Podman 3
_DOCKER_SOCKET = Path("/var/run/docker.sock")
_PODMAN_SOCKET = Path("/run/podman/podman.sock")


def connect(timeout: float = 60.0) -> "DockerClient":
    """The engine that DOCKER_HOST, the current Docker context or a socket in a usual place leads to.

    Args:
        timeout: Seconds that one answer may take, where a call does not say otherwise.

    Raises:
        ProviderUnavailableError: there is none, it may not be used, or it is too old.
    """
    try:
        import docker  # noqa: PLC0415 - an extra, and slow to import: only those who ask for Docker pay
        from docker.errors import DockerException  # noqa: PLC0415
    except ImportError:
        raise ProviderUnavailableError(
            "the Python package docker is not installed", hint="pip install 'ecosystem-harness[docker]'"
        ) from None
    address = "the address of the Docker context"
    try:
        variables = engine_variables()
        address = variables["DOCKER_HOST"]
        _knock(address, timeout)
        client = docker.DockerClient.from_env(environment=variables, timeout=int(timeout))
        client.ping()
    except (DockerException, OSError, ValueError) as error:  # ValueError: an address that is none
        raise _explained(error, address) from error
    if not _is_new_enough(client.api.api_version):
        client.close()
        raise _too_old(client.api.api_version, address)
    return client


def _knock(address: str, timeout: float) -> None:
    """Find out what is wrong with a socket before the SDK does, which leaves a socket open when it cannot connect.

    Raises:
        OSError: nothing listens there, or not for us.
    """
    kind, _, path = address.partition("://")
    if kind == "unix":
        with socket.socket(socket.AF_UNIX) as ours:
            ours.settimeout(timeout)
            ours.connect(path)


def engine_variables() -> dict[str, str]:
    """Our variables, with DOCKER_HOST as it would have to be set to reach the engine that is found."""
    return dict(os.environ) | {"DOCKER_HOST": _address(os.environ)}


def missing() -> str | None:
    """Why no container can run here, in words; None when containers can."""
    try:
        connect(timeout=5).close()
    except ProviderUnavailableError as error:
        return f"{error.message}; {error.hint}" if error.hint else error.message
    return None


def _address(environ: Mapping[str, str]) -> str:
    """Where the docker command would look: DOCKER_HOST, the context, else a socket that is there."""
    if host := environ.get("DOCKER_HOST") or _host_of_context():
        return host
    there = (path for path in _sockets(environ) if path.exists())
    return f"unix://{next(there, _DOCKER_SOCKET)}"


def _host_of_context() -> str | None:
    """Where the current Docker context leads, unless that is the default, which says nothing.

    Raises:
        ValueError: there is no such context.
    """
    from docker import ContextAPI  # noqa: PLC0415 - as in `connect`

    context = ContextAPI.get_current_context()
    if context is None:
        raise ValueError("the current Docker context is not there (`docker context ls` shows them)")
    if context.Name == "default":
        return None
    host: str | None = context.Host
    return host


def _sockets(environ: Mapping[str, str]) -> Iterator[Path]:
    """Where engines listen by default: Docker, rootless Docker, rootless Podman, Podman."""
    yield _DOCKER_SOCKET
    if folder := environ.get("XDG_RUNTIME_DIR"):
        yield Path(folder, "docker.sock")
        yield Path(folder, "podman", "podman.sock")
    yield _PODMAN_SOCKET


def _explained(error: BaseException, address: str) -> ProviderUnavailableError:
    """What went wrong on the way to the engine, for whoever has to mend it."""
    causes = list(_chain(error))
    if any(isinstance(cause, PermissionError) for cause in causes):
        return ProviderUnavailableError(
            f"you may not use the container engine at {address}: permission denied",
            hint="add yourself to the group docker and log in again, or use a rootless engine and set DOCKER_HOST",
        )
    if any(isinstance(cause, FileNotFoundError | ConnectionRefusedError) for cause in causes):
        return ProviderUnavailableError(
            f"no container engine answers at {address}",
            hint="start Docker, or set DOCKER_HOST to where an engine listens",
        )
    return ProviderUnavailableError(
        f"the container engine at {address} cannot be used: {error}",
        hint="`docker version` should answer; DOCKER_HOST says where the engine listens",
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and everything it was made from; HTTP libraries hide the cause among their arguments."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        candidate = waiting.pop()
        if not isinstance(candidate, BaseException) or id(candidate) in seen:
            continue
        seen.add(id(candidate))
        yield candidate
        waiting += [candidate.__cause__, candidate.__context__, *candidate.args]


def _is_new_enough(version: str) -> bool:
    return tuple(int(part) for part in version.split(".")) >= OLDEST_API


def _too_old(version: str, address: str) -> ProviderUnavailableError:
    oldest = ".".join(map(str, OLDEST_API))
    return ProviderUnavailableError(
        f"the container engine at {address} is too old: it speaks API {version}, {oldest} is needed",
        hint="Docker 19.03, Podman 3 or newer",
    )
