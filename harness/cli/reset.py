"""Why this exists: `harness snapshot` and `harness reset`: back to a state of the stores without a new start."""

import sys
import time
from typing import Annotated

import typer
from rich.markup import escape

from harness.cli.environments import attached
from harness.cli.options import EnvironmentName
from harness.cli.screen import people
from harness.worlds.base import SEEDED


def snapshot(
    name: Annotated[str, typer.Argument(help="What it is called from then on.", show_default=False)],
    environment: EnvironmentName = None,
) -> None:
    """Keep the stores of a running ecosystem as they are now, for `harness reset NAME`.

    It stays until the environment ends; another one of that name takes its place.
    For ecosystems whose Compose file says `x-harness: {isolation: reset}`.
    """
    with attached(environment) as (lease, description):
        began = time.monotonic()
        lease.ask("snapshot", snapshot=name)
    people.print(f"{description.ecosystem} is kept as {escape(name)} ({_since(began)})")


def reset(
    name: Annotated[str, typer.Argument(help="A snapshot.", show_default="the seeded state")] = SEEDED,
    environment: EnvironmentName = None,
) -> None:
    """Put the stores back to the seeded state, or to a snapshot; prints what differed.

    For ecosystems whose Compose file says `x-harness: {isolation: reset}`.
    """
    with attached(environment) as (lease, description):
        began = time.monotonic()
        changed = lease.ask("reset", snapshot=name)
    for component, what in changed.items():
        sys.stdout.write(f"{component}  {', '.join(what)}\n")
    told = "is" if changed else "was already"
    people.print(f"{description.ecosystem} {told} as {_called(name)} ({_since(began)})")


def _called(name: str) -> str:
    return "it was seeded" if name == SEEDED else f"in snapshot {escape(name)}"


def _since(began: float) -> str:
    return f"{(time.monotonic() - began) * 1000:.0f} ms"
