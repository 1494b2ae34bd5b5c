"""Why this exists: one way to the container engine, whoever runs it, and one clear line when there is none."""

import importlib.util
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.containers.plain import ask
from harness.core.errors import ProviderUnavailableError

if TYPE_CHECKING:
    from docker import DockerClient

OLDEST_API = (1, 40)  # Docker 19.03, Podman 3
_PATIENCE = 5.0  # seconds for an answer where nothing has begun yet
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
        from docker.errors import DockerException  # noqa: PLC0415 - as above
    except ImportError:
        raise _not_installed() from None
    with _explaining(DockerException) as address:
        variables = engine_variables()
        address.append(variables["DOCKER_HOST"])
        # Before the SDK, which leaves a socket open when it fails.
        version = _version_at(address[-1], timeout)
        if version is not None:
            _check(version, address[-1])
        client = docker.DockerClient.from_env(environment=variables, timeout=int(timeout))
    if version is None:
        _check(client.api.api_version, address[-1])
    return client


@contextmanager
def _explaining(kind: type[Exception] = OSError) -> Iterator[list[str]]:
    """Tell errors on the way to an engine in our words; the address goes into the list once it is known.

    Addresses that are none, and answers that are no engine's, are ValueErrors.
    """
    address = ["the address of the Docker context"]
    try:
        yield address
    except (kind, OSError, ValueError) as error:
        raise _explained(error, address[-1]) from error


def _version_at(address: str, timeout: float) -> str | None:
    """The API version of what listens at a Unix socket, asked without the SDK; None for other addresses.

    Raises:
        OSError: nothing listens there, or not for us.
        ValueError: it does not answer as an engine does.
    """
    told = ask(address, "/version", timeout)
    if told is None:
        return None
    try:
        return str(told["ApiVersion"])
    except (KeyError, TypeError):
        raise ValueError(
            "what listens there does not answer as an engine does: it tells no version"
        ) from None


def engine_variables() -> dict[str, str]:
    """Our variables, with DOCKER_HOST as it would have to be set to reach the engine that is found."""
    return dict(os.environ) | {"DOCKER_HOST": _address(os.environ)}


def lacking() -> ProviderUnavailableError | None:
    """Why no container can run here; None when containers can. Loads no SDK where that can be seen without it."""
    if importlib.util.find_spec("docker") is None:
        return _not_installed()
    try:
        with _explaining() as address:
            address.append(_address(os.environ))
            version = _version_at(address[-1], _PATIENCE)
        if version is None:
            connect(_PATIENCE).close()
        else:
            _check(version, address[-1])
    except ProviderUnavailableError as error:
        return error
    return None


def image_ids(references: Iterable[str]) -> dict[str, str]:
    """Which image each of these names leads to; what is not there is left out.

    Raises:
        ProviderUnavailableError: there is no engine that we can use.
    """
    with _explaining() as address:
        address.append(_address(os.environ))
        if address[-1].startswith("unix://"):
            asked = {name: ask(address[-1], f"/images/{name}/json", _PATIENCE) for name in references}
            return {name: str(told["Id"]) for name, told in asked.items() if "Id" in told}
    return _ids_by_sdk(references)


def has_labelled(label: str) -> bool:
    """Whether there may be a container, network or volume with that label; only a Unix socket is asked.

    Raises:
        ProviderUnavailableError: there is no engine that we can use.
    """
    with _explaining() as address:
        address.append(_address(os.environ))
        query = {"all": "1", "filters": json.dumps({"label": [label]})}
        told = (
            ask(address[-1], path, _PATIENCE, query) for path in ("/containers/json", "/networks", "/volumes")
        )
        return any(_lists_something(each) for each in told)


def _lists_something(told: Any) -> bool:
    """Volumes come with a word around them; None is of an address that is not asked."""
    return told is None or bool(told.get("Volumes") if isinstance(told, dict) else told)


def _ids_by_sdk(references: Iterable[str]) -> dict[str, str]:
    client = connect()
    try:
        there = {tag: str(image.id) for image in client.images.list() for tag in image.tags}
    finally:
        client.close()
    return {name: there[name] for name in references if name in there}


def missing() -> str | None:
    """Why no container can run here, in a line; None when containers can."""
    error = lacking()
    return None if error is None else error.line


def _address(environ: Mapping[str, str]) -> str:
    """Where the docker command would look: DOCKER_HOST, the context, else a socket that is there."""
    if host := environ.get("DOCKER_HOST") or _host_of_context(environ):
        return host
    there = (path for path in _sockets(environ) if path.exists())
    return f"unix://{next(there, _DOCKER_SOCKET)}"


def _host_of_context(environ: Mapping[str, str]) -> str | None:
    """Where the current Docker context leads, unless that is the default, which says nothing.

    Raises:
        ProviderUnavailableError: there is no such context.
    """
    name = environ.get("DOCKER_CONTEXT")
    if not name and not _names_a_context(environ):
        return None
    from docker import ContextAPI  # noqa: PLC0415 - as in `connect`

    context = ContextAPI.get_context(name or None)
    if context is None:
        named = f"Docker context {name}, which DOCKER_CONTEXT names," if name else "current Docker context"
        raise ProviderUnavailableError(
            f"the {named} is not there", hint="`docker context ls` shows those that are"
        )
    if context.Name == "default":
        return None
    host: str | None = context.Host
    return host


def _names_a_context(environ: Mapping[str, str]) -> bool:
    """Whether the docker command's settings may name one; what they say exactly is for the SDK to read."""
    folder = environ.get("DOCKER_CONFIG") or Path(environ.get("HOME", "/"), ".docker")
    try:
        return b"currentContext" in Path(folder, "config.json").read_bytes()
    except OSError:
        return False


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
        chosen = "DOCKER_HOST says so: start the engine there, or unset it for an engine of this machine"
        found = "start Docker, or set DOCKER_HOST to where an engine listens"
        return ProviderUnavailableError(
            f"no container engine answers at {address}",
            hint=chosen if os.environ.get("DOCKER_HOST") else found,
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


def _not_installed() -> ProviderUnavailableError:
    return ProviderUnavailableError(
        "the Python package docker is not installed", hint="pip install 'ecosystem-harness[docker]'"
    )


def _check(version: str, address: str) -> None:
    """Whether an engine's API is new enough.

    Raises:
        ProviderUnavailableError: it is not.
    """
    if tuple(int(part) for part in version.split(".")) >= OLDEST_API:
        return
    oldest = ".".join(map(str, OLDEST_API))
    raise ProviderUnavailableError(
        f"the container engine at {address} is too old: it speaks API {version}, {oldest} is needed",
        hint="Docker 19.03, Podman 3 or newer",
    )
