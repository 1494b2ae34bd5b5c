"""Why this exists: who keeps an environment after its tests is told how to go back to the states kept in it."""

import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from harness.bootstrap.runs.run_folder import EVENTS
from harness.core.errors import HarnessError
from harness.events.facts import RunStarted, StateKept
from harness.events.log import read
from harness.keeper.client import Lease
from harness.keeper.description import EnvironmentDescription
from harness.worlds.base import SEEDED


def ways_back(description: EnvironmentDescription, keeper: Path) -> Iterator[str]:
    """What to do with each snapshot that was taken by name while the run lasted, in the order of their taking.

    Args:
        description: What is kept.
        keeper: Where its keeper listens.
    """
    log = Path(description.results) / EVENTS
    events = list(read(log)) if log.exists() else []
    begun = next((event for event in events if isinstance(event, RunStarted)), None)
    taken = dict.fromkeys((e.world, e.snapshot) for e in events if isinstance(e, StateKept))
    shown = set[str]()
    for world, snapshot in taken:
        if snapshot == SEEDED:
            continue
        name = _name(description, world)
        if world not in shown:
            shown.add(world)
            yield from (
                f"{store} of {name}: {url}" for store, url in _stores(description, keeper, world).items()
            )
        yield f"back to a snapshot: {shlex.join(['harness', 'reset', '-e', name, snapshot])}"
        if begun is not None and _is_case(snapshot):
            yield f"the same test again: {shlex.join(_rerun(begun, snapshot))}"


def _rerun(begun: RunStarted, case: str) -> list[str]:
    seed = () if "--harness-seed" in begun.rerun else ("--harness-seed", str(begun.seed))
    return [*begun.rerun, *seed, f"{begun.root}/{case}" if begun.root else case]


def _is_case(snapshot: str) -> bool:
    """Snapshots of failed tests have the names of these."""
    return "::" in snapshot


def _stores(description: EnvironmentDescription, keeper: Path, world: str) -> Mapping[str, str]:
    """Where they are; none of a world that is not there any more."""
    if not world:
        return description.stores
    with suppress(HarnessError), Lease.attach(keeper, None, hold=False) as lease:
        lease.wait_started()
        return lease.enter(world, opens=False).stores
    return {}


def _name(description: EnvironmentDescription, world: str) -> str:
    return f"{description.environment_id}@{world}" if world else description.environment_id
