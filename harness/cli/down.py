"""Why this exists: `harness down`: end a running environment and say what, if anything, is left of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from harness.bootstrap.sweep import sweep
from harness.cli.environments import Found, find, look, only
from harness.cli.options import EnvironmentName
from harness.cli.progress import Progress
from harness.cli.screen import people, tell
from harness.core.errors import ExitCode, HarnessError, TeardownError
from harness.events.facts import EnvironmentStopped, Event
from harness.keeper import folders
from harness.keeper.client import Lease

_ENDING = 1.0  # seconds for one that ends at this very moment to be gone
_TIMEOUT = 10.0  # seconds for a keeper to hear of it; the teardown itself takes as long as it takes


def down(
    environment: EnvironmentName = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every environment of this user, also those that tests run against.")
    ] = False,
) -> None:
    """Tear down what `harness up` started, and what killed runs left behind.

    An environment that tests run against is ended only when it is named (-e), or with --all.
    """
    swept = _sweep()
    chosen = _chosen(environment, everything, swept)
    if not chosen and not swept:
        people.print("nothing runs that `harness up` started")
    worst = max((_stop(folder, about) for folder, about in chosen), default=0)
    raise typer.Exit(worst)


def _chosen(environment: str | None, everything: bool, swept: Sequence[str]) -> Sequence[Found]:
    """What is to be ended: who names one that has just been swept means no other."""
    running = list(folders.known())
    if everything:
        return running
    if environment is None:
        kept = [found for found in running if _is_kept(*found)]
        return [only(kept)] if kept else []
    is_swept = any(name.startswith(environment) for name in swept)
    is_running = any(about.environment_id.startswith(environment) for _, about in running)
    return [] if is_swept and not is_running else [find(environment)]


def _is_kept(folder: Path, about: folders.About) -> bool:
    """Whether it is one of `harness up`; one that tests run against is told."""
    life = look(folder)
    if life is None or life.is_kept:
        return life is not None
    name = about.environment_id
    people.print(
        f"left alone: {about.ecosystem} ({name}), because tests run against it; `harness down -e {name}` ends it"
    )
    return False


def _stop(folder: Path, about: folders.About) -> int:
    """End it, whoever holds it; the exit code of its end."""
    with Lease.attach(folders.socket_path(folder), _show_end, hold=False) as lease:
        people.print(f"stopping {about.ecosystem} ({about.environment_id})")
        try:
            lease.ask("stop", timeout=_TIMEOUT)
        except HarnessError:
            if lease.ending is None and not folders.wait_gone(folder, _ENDING):
                raise
            return int(ExitCode.OK)  # it has ended by itself at this very moment
        ending = lease.wait_ended()
    if ending.error is not None:
        tell(ending.error)
    return int(ending.exit_code)


def _sweep() -> list[str]:
    """Remove what dead keepers left; the ids of those environments.

    Raises:
        TeardownError: something could not be removed; it is named.
    """
    swept, leftovers = sweep(engine=True)
    if leftovers:
        raise TeardownError(f"not everything of {', '.join(swept)} could be removed", evidence=leftovers)
    if swept:
        people.print(f"removed what was left of {', '.join(swept)}, whose keeper had been killed")
    return swept


def _show_end(event: Event) -> None:
    """A keeper tells its whole history first; here only the end of it matters."""
    if isinstance(event, EnvironmentStopped):
        Progress(people)(event)
