"""Why this exists: `harness down`: end a running environment and say what, if anything, is left of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from harness.bootstrap.sweep import sweep
from harness.cli.environments import find
from harness.cli.options import EnvironmentName
from harness.cli.progress import Progress
from harness.cli.screen import people, tell
from harness.core.errors import TeardownError
from harness.events.facts import EnvironmentStopped, Event
from harness.keeper import folders
from harness.keeper.client import Lease

_TIMEOUT = 10.0  # seconds for a keeper to hear of it; the teardown itself takes as long as it takes


def down(
    environment: EnvironmentName = None,
    everything: Annotated[bool, typer.Option("--all", help="Every environment of this user.")] = False,
) -> None:
    """Tear down what `harness up` started, and what killed runs left behind."""
    swept = _sweep()
    worst = 0
    for folder, about in _chosen(environment, everything, swept):
        with Lease.attach(folders.socket_path(folder), _show_end, hold=False) as lease:
            people.print(f"stopping {about.ecosystem} ({about.environment_id})")
            lease.ask("stop", timeout=_TIMEOUT)
            ending = lease.wait_ended()
        if ending.error is not None:
            tell(ending.error)
        worst = max(worst, int(ending.exit_code))
    raise typer.Exit(worst)


def _chosen(
    environment: str | None, everything: bool, swept: Sequence[str]
) -> list[tuple[Path, folders.About]]:
    """What is still to be ended: who asked for one that has just been swept asks for no other."""
    running = list(folders.known())
    meant = [name for name in swept if name.startswith(environment or "")]
    is_running = any(about.environment_id.startswith(environment or "") for _, about in running)
    if everything or (meant and not is_running):
        return running if everything else []
    return [find(environment)]


def _sweep() -> list[str]:
    """Remove what dead keepers left; the ids of those environments.

    Raises:
        TeardownError: something could not be removed; it is named.
    """
    swept, leftovers = sweep()
    if leftovers:
        raise TeardownError(f"not everything of {', '.join(swept)} could be removed", evidence=leftovers)
    if swept:
        people.print(f"removed what was left of {', '.join(swept)}, whose keeper had been killed")
    return swept


def _show_end(event: Event) -> None:
    """A keeper tells its whole history first; here only the end of it matters."""
    if isinstance(event, EnvironmentStopped):
        Progress(people)(event)
