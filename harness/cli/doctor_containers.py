"""Why this exists: `harness doctor` on containers: the engine, how to get one, and the images that a file needs."""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from harness.bootstrap.preparing import active_profiles, enabled
from harness.bootstrap.request import DEFAULT_FILE
from harness.containers.engine import connect, engine_variables
from harness.core.errors import HarnessError, ProviderUnavailableError
from harness.images.inventory import Kind, look
from harness.images.needs import needed
from harness.spec.loader import load

if TYPE_CHECKING:
    from docker import DockerClient

_TIMEOUT = 5.0  # seconds for one answer
_INSTALL = (
    "none is installed: `apt-get install docker.io iptables` on Debian and Ubuntu, or `apt-get install podman` and "
    "`systemctl --user start podman.socket` to do without root"
)
_START = (
    "dockerd is installed and does not run: `systemctl start docker`; where nothing manages services, as root, "
    "`setsid nohup dockerd >/var/log/dockerd.log 2>&1 &`"
)
_PODMAN = "podman is installed and does not listen: `systemctl --user start podman.socket`"

Finding = tuple[bool, str, str]  # is it well, what was looked at, what was seen or what to do


def findings() -> Iterator[Finding]:
    """The engine, and what the Compose file of this folder needs there."""
    try:
        engine = connect(_TIMEOUT)
    except ProviderUnavailableError as error:
        yield False, "container engine", _how_to_get(error)
        return
    with closing(engine):
        version = engine.version()
        told = f"{version['Version']}, API {version['ApiVersion']}, at {engine_variables()['DOCKER_HOST']}"
        yield True, "container engine", told
        if Path(DEFAULT_FILE).exists():
            yield _images(engine)


def _how_to_get(error: ProviderUnavailableError) -> str:
    """What to do: about an engine that is not there at all, as far as can be seen here; else as the error says."""
    nobody_listens = isinstance(error.__cause__, FileNotFoundError | ConnectionRefusedError)
    if not nobody_listens or os.environ.get("DOCKER_HOST"):
        return error.line
    if shutil.which("dockerd"):
        return _START
    return _PODMAN if shutil.which("podman") else _INSTALL


def _images(engine: "DockerClient") -> Finding:
    """What is there of what components run as, or are built from."""
    try:
        profiles = active_profiles(())
        ecosystem = load((DEFAULT_FILE,), os.environ, profiles=profiles).ecosystem
        items = [look(engine, need) for need in needed(enabled(ecosystem, profiles))]
    except HarnessError as error:
        return False, "images", f"{DEFAULT_FILE}: {error.message}"
    missing = [item.need.reference for item in items if item.kind is Kind.MISSING]
    if missing:
        return False, "images", f"{DEFAULT_FILE} needs {', '.join(missing)}; `harness images` gets them"
    return (
        True,
        "images",
        f"{', '.join(f'{item.need.reference} ({item.kind})' for item in items) or 'none needed'}",
    )
