"""Why this exists: everything made on an engine says whose it is, so that nothing else is ever removed.

An engine may be shared: by users, by machines (DOCKER_HOST), by other tools. What carries our labels names the
environment, the runtime folder whose lock tells whether its keeper lives, and the machine and user that this
folder belongs to.
"""

import os
from dataclasses import dataclass
from pathlib import Path

ENVIRONMENT = "harness.environment"
COMPONENT = "harness.component"
RUNTIME = "harness.runtime"
OWNER = "harness.owner"


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of one environment."""

    environment_id: str
    runtime: Path

    @property
    def of_environment(self) -> dict[str, str]:
        """On networks and volumes."""
        return {ENVIRONMENT: self.environment_id, RUNTIME: str(self.runtime), OWNER: owner()}

    def of_component(self, name: str) -> dict[str, str]:
        """On containers."""
        return self.of_environment | {COMPONENT: name}

    @property
    def filter(self) -> str:
        """What the engine lists everything of the environment by."""
        return f"{ENVIRONMENT}={self.environment_id}"


def owner() -> str:
    """This user on this machine, the same until it is installed anew: `<user id>@<machine id>`."""
    return f"{os.geteuid()}@{_machine()}"


def _machine() -> str:
    """machine-id(5); where there is none, as in many containers, the host's name."""
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            told = Path(path).read_text().strip()
        except OSError:
            continue
        if told:
            return told
    return os.uname().nodename
