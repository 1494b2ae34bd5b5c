"""Why this exists: what runs already is seeded by the command itself: its person sees how far it is, and may end it."""

import os
from collections.abc import Sequence
from pathlib import Path

from harness.bootstrap.seeding.seeding_process import SeededEnvironment, import_seed
from harness.core.errors import UsageError
from harness.data import Progress, SeedReport
from harness.keeper.description import EnvironmentDescription
from harness.spec.loader import load

AT_SCALE = "at_scale"
"""The function of the seed module that makes its data many times as large."""


async def seed_running(
    files: Sequence[str], description: EnvironmentDescription, seed: int, scale: int, progress: Progress
) -> SeedReport:
    """Run the ecosystem's own seeding code on an environment that runs.

    Args:
        files: The Compose files that it was started from; they name that code.
        description: The environment.
        seed: What the data is generated from.
        scale: How many times the seed set there is to be.
        progress: Is told how far it is, by code that tells.

    Raises:
        HarnessError: a file is wrong or names no seed, the code cannot be imported, lacks what is asked, or failed.
    """
    ecosystem = load([Path(file) for file in files], os.environ).ecosystem
    entry = ecosystem.settings.seed
    if entry is None:
        raise UsageError(
            f"{ecosystem.name} has no data to seed",
            hint="name it in the Compose file: x-harness: {seed: module:function}",
        )
    module = import_seed(entry, (str(ecosystem.directory), *map(str, ecosystem.settings.pythonpath)))
    urls = {name: listed[0].http_url for name, listed in description.endpoints.items() if listed}
    environment = SeededEnvironment(description.variables, seed, urls, progress)
    if scale == 1:
        seeded = await getattr(module, entry.partition(":")[2])(environment)
    elif grow := getattr(module, AT_SCALE, None):
        seeded = await grow(environment, scale)
    else:
        raise UsageError(
            f"{module.__name__} seeds at no other scale than 1",
            hint=f"write an async function {AT_SCALE}(environment, scale) in it; docs/data.md shows one",
        )
    return SeedReport(dict(seeded.counts), seeded.digest, tuple(getattr(seeded, "slow", ())))
