"""Why this exists: `harness doctor` on containers: the engine, how to get one, and the images that a file needs."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from harness.bootstrap.preparation.preparing import active_profiles, enabled
from harness.bootstrap.preparation.request import DEFAULT_FILE
from harness.containers.engine import connect, engine_variables
from harness.core.errors import HarnessError, ProviderUnavailableError
from harness.images.debian import PROGRAM
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


def findings(files: Sequence[Path] = ()) -> Iterator[Finding]:
    """The engine, and what the Compose files need there; without any, the one of this folder if it is there."""
    yield _maker()
    if not files and DEFAULT_FILE.exists():
        files = (DEFAULT_FILE,)
    try:
        engine = connect(_TIMEOUT)
    except ProviderUnavailableError as error:
        yield False, "container engine", _how_to_get(error)
        return
    with closing(engine):
        version = engine.version()
        told = f"{version['Version']}, API {version['ApiVersion']}, at {engine_variables()['DOCKER_HOST']}"
        yield True, "container engine", told
        if files:
            yield _images(engine, files)


def _maker() -> Finding:
    """What stand-ins are made with, for which nothing else is needed but the engine."""
    what = "images without a registry"
    if shutil.which(PROGRAM):
        return True, what, f"{PROGRAM} is installed"
    return (
        False,
        what,
        f"{PROGRAM} is missing, with which `harness images` makes them; `apt-get install {PROGRAM}`",
    )


def _how_to_get(error: ProviderUnavailableError) -> str:
    """What to do: about an engine that is not there at all, as far as can be seen here; else as the error says."""
    nobody_listens = isinstance(error.__cause__, FileNotFoundError | ConnectionRefusedError)
    if not nobody_listens or os.environ.get("DOCKER_HOST"):
        return error.line
    if shutil.which("dockerd"):
        return _START
    return _PODMAN if shutil.which("podman") else _INSTALL


def _images(engine: "DockerClient", files: Sequence[Path]) -> Finding:
    """What is there of what components run as, or are built from."""
    named = ", ".join(map(str, files))
    try:
        profiles = active_profiles(())
        ecosystem = load(tuple(files), os.environ, profiles=profiles).ecosystem
        items = [look(engine, need) for need in needed(enabled(ecosystem, profiles))]
    except HarnessError as error:
        return False, "images", f"{named}: {error.message}"
    missing = [item.need.reference for item in items if item.kind is Kind.MISSING]
    if missing:
        options = "".join(f" -f {file}" for file in files if file != DEFAULT_FILE)
        return False, "images", f"{named} needs {', '.join(missing)}; `harness images{options}` gets them"
    return (
        True,
        "images",
        ", ".join(f"{item.need.reference} ({item.kind})" for item in items) or "none needed",
    )
