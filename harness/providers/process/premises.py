"""Why this exists: what all worlds of an environment share: an account, a data folder, secrets, the preloader."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.core.clock import Clock
from harness.core.ids import new_secret
from harness.events.log import Emit
from harness.providers.existing import Attached
from harness.providers.logs import LogPump
from harness.providers.process.forking.forks import ForkServer, succeed
from harness.providers.process.forking.preloading import HeadStart, Imports, begin
from harness.providers.process.storage.account import Account, server_account
from harness.providers.process.storage.folders import make_data_folder
from harness.providers.process.tracking.marks import PRELOADER, marks
from harness.providers.process.tracking.ownership import END_TIMEOUT, end
from harness.providers.substitution import Secret, make_secrets
from harness.spec.model import Ecosystem

# What a component inherits of our own variables; the rest would make runs differ between machines.
_INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SSL_CERT_FILE")
_WORLDS = ".worlds"  # beside the folders of components, whose names never begin with a dot


@dataclass(frozen=True, slots=True)
class Coverage:
    """Measure the Python components: data files into `folder`."""

    folder: Path


@dataclass(frozen=True, slots=True)
class KeptData:
    """What an earlier environment of the same kind has left for this one.

    Args:
        folder: Holds the data of each server, in a folder of its own.
        secrets: Variables that were random, by component: what is in the data may have been written with them.
    """

    folder: Path
    secrets: Mapping[str, Mapping[str, str]]


class Premises:
    """Made before anything of an environment starts, and left after everything of it has ended.

    Args:
        environment_id: What its processes carry.
        cache: What stays between runs.
        clock: For the stamps in logs.
        coverage: Where coverage of the Python components goes; None measures nothing.
        attached: Components that run already, by name: the others are pointed to them.
        head_start: What imports already, if anything does.
        given: Variables whose secrets are what they are, by component.
    """

    def __init__(
        self,
        environment_id: str,
        cache: Path,
        clock: Clock,
        coverage: Coverage | None,
        attached: Mapping[str, Attached],
        head_start: HeadStart | None,
        given: Mapping[str, Mapping[str, str]],
    ) -> None:
        self.environment_id = environment_id
        self.cache = cache
        self.clock = clock
        self.coverage = coverage
        self.attached = attached
        self._given = given
        self.account = Account()
        self.secrets: tuple[Secret, ...] = ()
        self.data = Path()
        self._ecosystem: Ecosystem | None = None
        self._head_start = head_start
        self.forks: ForkServer | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a data folder."""
        return self.data != Path()

    @property
    def ecosystem(self) -> Ecosystem:
        """What runs here."""
        assert self._ecosystem is not None  # noqa: S101 - components are prepared for before they start
        return self._ecosystem

    def open(self, ecosystem: Ecosystem) -> None:
        """Find an account, make the data folder, draw the secrets."""
        self._ecosystem = ecosystem
        self.account = server_account()
        self.cache.mkdir(parents=True, exist_ok=True)
        self.data = make_data_folder(self.environment_id)
        self.temporary.mkdir(mode=0o700)
        self.secrets = make_secrets(ecosystem, new_secret, self._given)

    def folder_of(self, world: str) -> Path:
        """Where what runs in a world has its files; of the environment itself, for an empty name, the data folder."""
        return self.data / _WORLDS / world if world else self.data

    def make_folder_of(self, world: str) -> None:
        """For a world its own, which others may pass through but not list; that of the environment is there."""
        if world:
            folder = self.folder_of(world)
            for each in (folder.parent, folder):
                each.mkdir(exist_ok=True)
                each.chmod(0o711)  # whatever the umask said

    def preload(self, logs: Path, emit: Emit) -> None:
        """Begin to import what the file says, unless that has begun.

        Args:
            logs: The folder for what is said meanwhile.
            emit: Takes that the log is cut off.
        """
        self.forks = self._begin_preloading(logs, emit, None)

    async def preload_anew(self, logs: Path, emit: Emit) -> None:
        """Let what is forked from now on have the code as it is now.

        Raises:
            EnvironmentFailedError: it cannot be imported; forks go on having the code as it was.
        """
        if self.forks is not None:
            self.forks = await succeed(self.forks, self._begin_preloading(logs, emit, self.forks))

    def _begin_preloading(self, logs: Path, emit: Emit, before: ForkServer | None) -> ForkServer:
        folder = self.coverage.folder if self.coverage else None
        settings = self.ecosystem.settings
        imports = Imports(
            settings.preload,
            self.machines_variables(),
            self.ecosystem.directory,
            folder,
            settings.coverage if folder else (),
        )
        begun = self._head_start.take(imports) if self._head_start else None
        preloading = begun or begin(imports, marks(self.environment_id, PRELOADER))
        log = logs / f"{PRELOADER}.log"
        pump = LogPump(log, self.clock, self.secret_values, preloading.output, emit)
        return ForkServer(preloading, pump, before)

    @property
    def secret_values(self) -> Sequence[str]:
        """What no log may show."""
        return [secret.actual for secret in self.secrets]

    @property
    def temporary(self) -> Path:
        """Where components' temporary files go, which are removed with the rest."""
        return self.data / "tmp"

    def basics(self) -> dict[str, str]:
        """What every component gets."""
        return self.machines_variables() | {"TMPDIR": str(self.temporary)}

    def machines_variables(self) -> dict[str, str]:
        """The few variables of ours that programs need, and where Python finds its modules."""
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        programs = [str(Path(sys.executable).parent), inherited.get("PATH", os.defpath)]
        modules = (*self.ecosystem.settings.pythonpath, self.ecosystem.directory)
        return inherited | {
            "PATH": os.pathsep.join(programs),
            "PYTHONPATH": os.pathsep.join(map(str, modules)),
        }

    async def end_processes(self) -> list[str]:
        """End the preloader with its forks, and every other process of the environment; what still lives then."""
        if self.forks is not None:
            await self.forks.aclose()
        return await end(self.environment_id, END_TIMEOUT)
