"""Why this exists: `harness down`: end a running environment and say what, if anything, is left of it."""

from typing import Annotated

import typer

from harness.cli.environments import find
from harness.cli.options import EnvironmentName
from harness.cli.progress import Progress
from harness.cli.screen import people, tell
from harness.events.facts import EnvironmentStopped, Event
from harness.keeper import folders
from harness.keeper.client import Lease


def down(
    environment: EnvironmentName = None,
    everything: Annotated[bool, typer.Option("--all", help="Every environment of this user.")] = False,
) -> None:
    """Tear down what `harness up` started."""
    chosen = list(folders.known()) if everything else [find(environment)]
    worst = 0
    for folder, about in chosen:
        with Lease.attach(folders.socket_path(folder), _show_end, hold=False) as lease:
            people.print(f"stopping {about.ecosystem} ({about.environment_id})")
            lease.ask("stop")
            ending = lease.wait_ended()
        if ending.error is not None:
            tell(ending.error)
        worst = max(worst, int(ending.exit_code))
    raise typer.Exit(worst)


def _show_end(event: Event) -> None:
    """A keeper tells its whole history first; here only the end of it matters."""
    if isinstance(event, EnvironmentStopped):
        Progress(people)(event)
