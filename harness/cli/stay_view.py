"""Why this exists: what stays after a command is told, with its end and the ways into it: nobody is to be surprised."""

import time
from pathlib import Path

from rich.markup import escape

from harness.bootstrap.runs.snapshots import ways_back
from harness.cli.environments import look
from harness.cli.kept import age, clock_time
from harness.cli.screen import people, tell
from harness.core.errors import HarnessError
from harness.keeper.description import EnvironmentDescription
from harness.keeper.folders import socket_path
from harness.keeper.stay import Stay

_MINUTE = 60


def until(remaining: float | None) -> str:
    """`until 14:05:00 (30 min)`, or `until harness down`."""
    if remaining is None:
        return "until harness down"
    shown = remaining if remaining < 2 * _MINUTE else round(remaining / _MINUTE) * _MINUTE  # 30 min, not 29
    return f"until {clock_time(time.time() + remaining)} ({age(shown)})"


def say_kept(description: EnvironmentDescription, folder: Path) -> None:
    """An environment that outlives its tests.

    Args:
        description: What it is.
        folder: Where its keeper listens, who alone knows until when: its time has run since the tests let go.
    """
    name = description.environment_id
    try:
        life = look(folder)
    except HarnessError as error:
        tell(error)
        return
    if life is None:
        people.print(f"{escape(description.ecosystem)} ({name}) was kept, and has ended by now")
        return
    people.print(f"[bold]kept:[/] {escape(description.ecosystem)} ({name}), {until(life.remaining)}")
    people.print(f'  enter it: harness shell -e {name}, or eval "$(harness env -e {name})"')
    people.print(f"  its logs: harness logs --run {Path(description.results).name}")
    for way in ways_back(description, socket_path(folder)):
        people.print(f"  {escape(way)}")
    people.print(f"  end it:   harness down -e {name}")


def say_grace(description: EnvironmentDescription, stay: Stay) -> None:
    """An environment that waits a moment for somebody else."""
    people.print(
        f"{escape(description.ecosystem)} ({description.environment_id}) is torn down in {stay.grace:g} s"
        " unless somebody holds it by then"
    )
