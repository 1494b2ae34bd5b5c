"""Why this exists: what lies on an engine may be removed only when the process that keeps it has certainly ended.

That process may be where we cannot look: with temporary folders of its own (systemd's PrivateTmp), in another
container beside ours, on another machine. Whatever cannot be proved dead from here lives.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from harness.providers.docker.inside import own_container
from harness.providers.docker.labels import KEEPER, machine
from harness.providers.process.tracking.proc import stat_of

if TYPE_CHECKING:
    from docker.models.containers import Container

_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Keeper:
    """A process, as others can tell it from every other.

    Args:
        machine: Its machine and that one's name.
        boot: The id of the run of the kernel.
        namespace: Of process ids (pid_namespaces(7)).
        pid: Its id there.
        started: In clock ticks since the kernel began.
        container: The container on the engine that it runs in, with the instant of that one's start; "" for none.
    """

    machine: str
    boot: str
    namespace: str
    pid: int
    started: int
    container: str

    @classmethod
    def here(cls, container: str = "") -> Self:
        """This process."""
        return cls(
            machine=f"{machine()} {os.uname().nodename}",
            boot=_BOOT.read_text().strip(),
            namespace=str(Path("/proc/self/ns/pid").readlink()),
            pid=os.getpid(),
            started=stat_of(os.getpid()).started,
            container=container,
        )

    @classmethod
    def told_by(cls, labels: Mapping[str, str]) -> Self | None:
        """Whom a label names; None when it names nobody, or in another version's way."""
        try:
            return cls(**json.loads(labels[KEEPER]))
        except (KeyError, ValueError, TypeError):
            return None

    @property
    def label(self) -> str:
        """As `told_by` reads it."""
        return json.dumps(asdict(self), separators=(",", ":"))

    def has_ended(self, runs: Callable[[str], bool]) -> bool:
        """Whether it has certainly ended.

        Args:
            runs: Whether a container of the engine still runs since that instant.
        """
        if self.container and not runs(self.container):
            return True
        here = Keeper.here()
        if self.boot == here.boot:
            found = stat_of(self.pid)
            return self.namespace == here.namespace and (found.has_ended or found.started != self.started)
        return not self.container and self.machine == here.machine  # it was started anew meanwhile


def own_life(client: Any) -> str:
    """The container of this engine that this process runs in, as `Keeper` writes it; "" when it runs in none."""
    own = own_container(client)
    return _life(own) if own else ""


def runs(client: Any, container: str) -> bool:
    """Whether a container that `own_life` gave still runs, and was not stopped in between."""
    from docker.errors import NotFound  # noqa: PLC0415 - an extra: keepers are told apart elsewhere, too

    try:
        return _life(client.containers.get(container.partition("@")[0])) == container
    except NotFound:
        return False


def _life(container: "Container") -> str:
    """Its id and the instant of its start; "" when it does not run."""
    state = container.attrs["State"]
    return f"{container.id}@{state['StartedAt']}" if state["Running"] else ""
