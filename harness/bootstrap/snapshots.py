"""Why this exists: who keeps an environment after its tests is told how to go back to the states kept in it."""

import shlex
from pathlib import Path

from harness.bootstrap.runs import EVENTS
from harness.events.facts import StateKept
from harness.events.log import read
from harness.keeper.description import EnvironmentDescription
from harness.worlds.base import SEEDED


def ways_back(description: EnvironmentDescription) -> list[str]:
    """A command for each snapshot that was taken by name while the run lasted, in the order of their taking."""
    log = Path(description.results) / EVENTS
    events = read(log) if log.exists() else ()
    taken = dict.fromkeys((e.world, e.snapshot) for e in events if isinstance(e, StateKept))
    return [
        shlex.join(["harness", "reset", "-e", _name(description, world), snapshot])
        for world, snapshot in taken
        if snapshot != SEEDED
    ]


def _name(description: EnvironmentDescription, world: str) -> str:
    return f"{description.environment_id}@{world}" if world else description.environment_id
