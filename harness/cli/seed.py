"""Why this exists: `harness seed`: data for a stack that runs, as much of it as a question needs."""

import asyncio
import signal
import sys
import time
from collections.abc import Coroutine
from typing import Annotated, Any

import typer
from rich.markup import escape

from harness.bootstrap.seeding.seed_running import seed_running
from harness.cli.environments import attached, find
from harness.cli.options import EnvironmentName, SeedExisting
from harness.cli.screen import people, warn
from harness.cli.seed_progress import SeedProgress
from harness.core.errors import UsageError
from harness.data import SeedReport
from harness.keeper import folders
from harness.keeper.description import EnvironmentDescription
from harness.providers.names import EXISTING
from harness.spec.model import Isolation


def seed(
    environment: EnvironmentName = None,
    scale: Annotated[
        int, typer.Option("--scale", help="How many times the seed set there is to be.", min=1, metavar="N")
    ] = 1,
    number: Annotated[
        int | None,
        typer.Option(
            "--seed",
            help="What data is generated from; by default what the stack was.",
            metavar="N",
            show_default=False,
        ),
    ] = None,
    seed_existing: SeedExisting = False,
) -> None:
    """Seed a running ecosystem: with --scale 1000, so many times its seed set.

    Prints the rows by table, and their digest. All of it is written, or nothing: Ctrl-C leaves the stores as they were.
    Where the Compose file asks for isolation, `harness reset` then puts back this state.
    """
    _, about = find(environment)
    if about.provider == EXISTING and not seed_existing:
        raise UsageError(
            f"{about.ecosystem} is somebody else's: it ran before, and is not seeded unasked",
            hint="add --seed-existing if it may be filled with test data",
        )
    with attached(about.environment_id) as (lease, description):
        began = time.monotonic()
        report = _seeded(about, description, description.seed if number is None else number, scale)
        duration = time.monotonic() - began
        _tell(report, description, duration)
        if description.isolation == Isolation.RESET:
            lease.ask("keep_seeded")
            people.print("`harness reset` puts back this state from now on")


def _seeded(about: folders.About, description: EnvironmentDescription, number: int, scale: int) -> SeedReport:
    with SeedProgress(people) as progress:
        try:
            return asyncio.run(_endable(seed_running(about.files, description, number, scale, progress)))
        except asyncio.CancelledError:
            progress.stop()
            people.print(f"[yellow]interrupted[/]{progress.where}: taken back, nothing of it stays")
            raise KeyboardInterrupt from None


async def _endable(seeding: Coroutine[Any, Any, SeedReport]) -> SeedReport:
    """Ctrl-C and SIGTERM cancel it: as exceptions they would tear asyncio's own work in two."""
    task = asyncio.ensure_future(seeding)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await task


def _tell(report: SeedReport, description: EnvironmentDescription, duration: float) -> None:
    sys.stdout.write("".join(f"{table}  {count}\n" for table, count in report.counts.items()))
    rows = sum(report.counts.values())
    rate = f", {rows / duration:,.0f} rows/s" if rows >= 1000 else ""  # noqa: PLR2004 - fewer say nothing of speed
    people.print(f"{escape(description.ecosystem)} is seeded: {rows:,} rows in {duration:.1f} s{rate}")
    people.print(f"digest {report.digest}")
    for column in report.slow:
        warn(f"slow, as factory_boy evaluates it row by row: {column}")
