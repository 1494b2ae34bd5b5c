"""Why this exists: one way to the container engine, whoever runs it, and one clear line when there is none."""

import os
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
    address = "the address in the Docker context"
    try:
        variables = engine_variables()
        address = variables.get("DOCKER_HOST", "") or str(_DOCKER_SOCKET)
        client = docker.DockerClient.from_env(environment=variables, timeout=int(timeout))
        client.ping()
    except (DockerException, OSError, ValueError) as error:  # ValueError: an address that is none
        raise _explained(error, address) from error
    _require_new_enough(client.api.api_version, address)
    return client


def engine_variables() -> dict[str, str]:
    """Our variables, with DOCKER_HOST as it would have to be set to reach the engine that is found."""
    return dict(os.environ) | _found(os.environ)


def missing() -> str | None:
    """Why no container can run here, in words; None when containers can."""
    try:
        connect(timeout=5).close()
    except ProviderUnavailableError as error:
        return f"{error.message}; {error.hint}" if error.hint else error.message
    return None


def _found(environ: Mapping[str, str]) -> dict[str, str]:
    """DOCKER_HOST as the docker command would understand it: set, of the context, or a socket that is there."""
    if environ.get("DOCKER_HOST"):
        return {}
    if host := _host_of_context():
        return {"DOCKER_HOST": host}
    for socket in _sockets(environ):
        if socket.exists():
            return {"DOCKER_HOST": f"unix://{socket}"}
    return {}


def _host_of_context() -> str | None:
    """Where the current Docker context leads, unless that is the default, which says nothing."""
    from docker import ContextAPI  # noqa: PLC0415 - as in `connect`

    context = ContextAPI.get_current_context()
    if context is None or context.Name == "default":
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


def _require_new_enough(version: str, address: str) -> None:
    if tuple(int(part) for part in version.split(".")) < OLDEST_API:
        oldest = ".".join(map(str, OLDEST_API))
        raise ProviderUnavailableError(
            f"the container engine at {address} is too old: it speaks API {version}, {oldest} is needed",
            hint="Docker 19.03, Podman 3 or newer",
        )
