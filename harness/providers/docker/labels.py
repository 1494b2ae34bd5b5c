"""Why this exists: everything made on an engine says whose it is, so that nothing else is ever removed.

An engine may be shared: by users, by machines (DOCKER_HOST), by other tools. What carries our labels names the
environment, the runtime folder whose lock tells whether its keeper lives, the machine and user that this
folder belongs to, and the keeper itself for those who do not see the folder (`keepers`).
"""

import os
from dataclasses import dataclass
from pathlib import Path

ENVIRONMENT = "harness.environment"
WORLD = "harness.world"
COMPONENT = "harness.component"
RUNTIME = "harness.runtime"
OWNER = "harness.owner"
KEEPER = "harness.keeper"


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of one environment.

    Args:
        environment_id: Its name.
        runtime: Its folder.
        keeper: The process that keeps it, as `Keeper.label` writes it.
        world: Which world of it; empty for the environment itself.
    """

    environment_id: str
    runtime: Path
    keeper: str
    world: str = ""

    @property
    def name(self) -> str:
        """What names on the engine begin with."""
        return f"harness-{self.environment_id}" + (f"-{self.world}" if self.world else "")

    @property
    def of_environment(self) -> dict[str, str]:
        """On networks and volumes."""
        ours = {
            ENVIRONMENT: self.environment_id,
            RUNTIME: str(self.runtime),
            OWNER: owner(),
            KEEPER: self.keeper,
        }
        return ours | {WORLD: self._whole_world} if self.world else ours

    @property
    def _whole_world(self) -> str:
        return f"{self.environment_id}@{self.world}"

    def of_component(self, name: str) -> dict[str, str]:
        """On containers."""
        return self.of_environment | {COMPONENT: name}

    @property
    def filter(self) -> str:
        """What the engine lists everything of the environment, or of the world, by."""
        return f"{WORLD}={self._whole_world}" if self.world else f"{ENVIRONMENT}={self.environment_id}"


def owner() -> str:
    """This user on this machine, the same until it is installed anew: `<user id>@<machine id>`."""
    return f"{os.geteuid()}@{machine()}"


def machine() -> str:
    """machine-id(5); where there is none, as in many containers, the host's name."""
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            told = Path(path).read_text().strip()
        except OSError:
            continue
        if told:
            return told
    return os.uname().nodename
