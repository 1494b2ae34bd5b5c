"""Why this exists: `harness down`: end a running environment and say what, if anything, is left of it."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from harness.bootstrap.preparation.clusters import context_of
from harness.bootstrap.runs.sweep import sweep
from harness.cli.environments import Found, find, is_here, look, only
from harness.cli.options import AllowsContext, EnvironmentName
from harness.cli.progress import Progress
from harness.cli.screen import people, tell
from harness.core.errors import ExitCode, HarnessError, TeardownError
from harness.events.facts import EnvironmentStopped, Event, LogCut
from harness.keeper import folders
from harness.keeper.client import Lease
from harness.keeper.protocol import Ending
from harness.providers.names import KUBERNETES

_WHICH = "name one with --environment, or end all of them with --all"
_ENDING = 1.0  # seconds for one that ends at this very moment to be gone
_TIMEOUT = 10.0  # seconds for a keeper to hear of it; the teardown itself takes as long as it takes


def down(
    environment: EnvironmentName = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every environment of this user, also those that tests run against.")
    ] = False,
    context: Annotated[
        str,
        typer.Option(
            "--context",
            help="Look there, too, for what gone machines have left in a cluster: a context of the kubeconfig.",
            metavar="NAME",
            show_default=False,
        ),
    ] = "",
    allow_context: AllowsContext = False,
) -> None:
    """Tear down what `harness up` started here, and what killed runs left behind.

    Here means: from a Compose file in this folder; of others it is told what ends them.
    Where that runs no more, one that tests have left running here (--keep) is ended.
    An environment that tests run against is ended only when it is named (-e), or with --all.
    """
    swept, codes = _sweep(_cluster(context, allow_context))
    chosen, silent = _chosen(environment, everything, swept)
    if not (chosen or silent or swept):
        people.print("nothing runs here that `harness up` started")
    codes += silent
    codes += [_stop(found) for found in chosen]
    raise typer.Exit(max(codes, default=ExitCode.OK))


def _cluster(context: str, is_for_tests: bool) -> str:
    """The context to look into; empty unless one is named."""
    if not (context or is_for_tests):
        return ""
    return context_of(KUBERNETES, context, os.environ, is_for_tests=is_for_tests)


def _chosen(
    environment: str | None, everything: bool, swept: Sequence[str]
) -> tuple[Sequence[Found], list[ExitCode]]:
    """What is to be ended, and a code for each that does not answer. Who names what has just been swept means no other.

    Raises:
        UsageError: what is named is not there, or it is not clear what is meant.
    """
    running = [found for found in folders.known() if folders.is_kept(found[0])]
    if everything:
        return running, []
    if environment is None:
        kept, silent = _kept(running)
        return _of_up(kept), silent
    is_swept = any(name.startswith(environment) for name in swept)
    is_running = any(about.environment_id.startswith(environment) for _, about in running)
    return [] if is_swept and not is_running else [find(environment)], []


def _of_up(kept: Sequence[Found]) -> list[Found]:
    """This folder's that `harness up` started, before one that tests have left behind; the others are told.

    Raises:
        UsageError: it is not clear which is meant.
    """
    here = [found for found in kept if is_here(found[1].files)]
    of_people = [found for found in here if not found[1].is_for_tests]
    meant = [only(of_people or here, _WHICH)] if here else []
    for found in kept:
        if found not in meant:
            about = found[1]
            why = _why_left(about)
            _leave(about, f"{why}; `harness down -e {about.environment_id}` ends it, --all ends all")
    return meant


def _why_left(about: folders.About) -> str:
    if not is_here(about.files):
        return f", of {', '.join(about.files)}"
    return ", which tests have left running" if about.is_for_tests else ""


def _leave(about: folders.About, why: str) -> None:
    people.print(f"left alone: {about.ecosystem} ({about.environment_id}){why}", markup=False)


def _kept(running: Sequence[Found]) -> tuple[list[Found], list[ExitCode]]:
    """Those of `harness up`, and a code for each that does not answer."""
    kept, silent = [], []
    for found in running:
        try:
            if _is_kept(*found):
                kept.append(found)
        except HarnessError as error:
            silent.append(_tell(found, error))
    return kept, silent


def _is_kept(folder: Path, about: folders.About) -> bool:
    """Whether it is one of `harness up`; one that tests run against is told."""
    life = look(folder)
    if life is None or life.is_kept:
        return life is not None
    _leave(about, f", because tests run against it; `harness down -e {about.environment_id}` ends it")
    return False


def _stop(found: Found) -> ExitCode:
    """End it, whoever holds it; the exit code of that. What goes wrong is told, and the others have their turn."""
    folder, about = found
    try:
        with Lease.attach(folders.socket_path(folder), _show_end, hold=False) as lease:
            people.print(f"stopping {about.ecosystem} ({about.environment_id})")
            ending = _ending(lease)
    except HarnessError as error:
        # One that has ended by itself at this very moment says nothing, and needs nothing.
        return ExitCode.OK if folders.wait_gone(folder, _ENDING) else _tell(found, error)
    if ending.error is not None:
        tell(ending.error)
    return ending.exit_code


def _ending(lease: Lease) -> Ending:
    """Ask for the end and wait for it, however long it takes. Raises HarnessError when the keeper hears nothing."""
    try:
        lease.ask("stop", timeout=_TIMEOUT)
    except HarnessError:
        if lease.ending is None:
            raise
    return lease.wait_ended()


def _sweep(cluster: str) -> tuple[list[str], list[ExitCode]]:
    """Remove what dead keepers left; the ids of those environments, and a code where something stays, which is told."""
    swept, leftovers = sweep(engine=True, cluster=cluster)
    if leftovers:
        others = ", ".join(swept) or "an earlier run"
        tell(TeardownError(f"not everything of {others} could be removed", evidence=leftovers))
        return swept, [ExitCode.TEARDOWN]
    if swept:
        people.print(f"removed what was left of {', '.join(swept)}, whose keeper had been killed")
    return swept, []


def _tell(found: Found, error: HarnessError) -> ExitCode:
    """An error of one of several environments; its exit code."""
    _, about = found
    error.message = f"{about.ecosystem} ({about.environment_id}): {error.message}"
    tell(error)
    return error.exit_code


def _show_end(event: Event) -> None:
    """A keeper tells its whole history first; here its end matters, and what nobody may have been there to hear."""
    if isinstance(event, EnvironmentStopped | LogCut):
        Progress(people)(event)
