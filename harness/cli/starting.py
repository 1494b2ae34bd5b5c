"""Why this exists: the steps that `up` and `test` share: from the options to a lease on a started environment."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rich.markup import escape

from harness.bootstrap.keeping.acquire import acquire
from harness.bootstrap.keeping.spare import SpareKeeper
from harness.bootstrap.preparation.lasting import what_lasts
from harness.bootstrap.preparation.preparing import Prepared, require_steps
from harness.bootstrap.runs.run_folder import EVENTS, make_run_folder, new_run_folder
from harness.cli.patience import patiently
from harness.cli.progress import Progress
from harness.cli.rerun import rerun_words
from harness.cli.screen import people, tell, untold, warn
from harness.core.clock import SystemClock
from harness.core.errors import ExitCode, HarnessError
from harness.core.wording import counted
from harness.events.facts import RunFinished, RunStarted
from harness.events.log import EventLog
from harness.keeper.client import Lease
from harness.providers.names import EXISTING
from harness.suites.command_line import root_of


def accepted(prepared: Prepared) -> Prepared:
    """What is about to be started; shows the warnings. Raises as `require_steps` does, before it shows any."""
    require_steps(prepared)
    for fault in prepared.warnings:
        warn(str(fault).replace(": warning:", ":", 1))
    for skip in prepared.plan.skipped:
        people.print(f"[dim]skipped {escape(skip.component)}: {escape(skip.reason)}[/]")
    return _found_from_anywhere(prepared)


def _found_from_anywhere(prepared: Prepared) -> Prepared:
    """Commands in other folders know an environment by its files, so those are absolute from here on."""
    files = tuple(file.parent.resolve() / file.name for file in prepared.ecosystem.files)
    return replace(prepared, ecosystem=replace(prepared.ecosystem, files=files))


def begin_run(prepared: Prepared, command: str) -> tuple[Path, EventLog]:
    """The run's folder, and its log with the first fact in it."""
    clock = SystemClock()
    folder = make_run_folder(new_run_folder(prepared.request.results, clock))
    log = EventLog(folder / EVENTS)
    started = RunStarted(
        at=clock.now(),
        run_id=folder.name,
        ecosystem=prepared.ecosystem.name,
        provider=prepared.kind.name,
        command=command,
        seed=prepared.request.seed,
        rerun=rerun_words(prepared.request),
        root=_root(prepared),
    )
    log(started)
    log(prepared.plan_made(clock.now()))
    people.print(
        f"[bold]{escape(prepared.ecosystem.name)}[/] on [bold]{prepared.kind.name}[/], "
        f"{counted(len(prepared.plan.steps), 'component')}, {_seed_of(prepared)}"
    )
    if lasting := what_lasts(prepared):
        warn(lasting)
    return folder, log


def _root(prepared: Prepared) -> str:
    """Where ids of cases begin, as `harness test` and pytest find it: seen from the project; empty for the project."""
    ecosystem = prepared.ecosystem
    root = os.path.relpath(root_of(ecosystem.directory, ecosystem.settings.suites), ecosystem.directory)
    return "" if root == "." else root


@contextmanager
def ending_stated(log: EventLog, began: float) -> Iterator[None]:
    """However its block ends, the log says so: an end that nobody stated is a killed run's.

    Args:
        log: The run's log; closed afterwards.
        began: When the run did, monotonic.
    """
    code = ExitCode.ENVIRONMENT
    try:
        yield
        code = ExitCode.OK
    except HarnessError as error:
        code = error.exit_code
        raise
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
        raise
    finally:
        log(RunFinished(at=SystemClock().now(), exit_code=int(code), duration=time.monotonic() - began))
        log.close()


def _seed_of(prepared: Prepared) -> str:
    is_left_alone = prepared.kind.name == EXISTING and not prepared.request.seeds_existing
    return "nothing seeded (--seed-existing does)" if is_left_alone else f"seed {prepared.request.seed}"


def start(prepared: Prepared, folder: Path, progress: Progress, spare: SpareKeeper | None = None) -> Lease:
    """A lease on the environment once it is ready; what happens meanwhile is shown.

    Raises:
        HarnessError: it did not start; by then it is torn down. What has been shown of that is not in it any more.
        KeyboardInterrupt: it was interrupted; by then it is torn down, or is being so by force.
    """
    with progress:
        lease = acquire(prepared, folder, progress, spare=spare)
        try:
            lease.wait_started()
        except HarnessError as error:
            patiently(lease, lease.wait_ended)
            lease.close()
            raise untold(error, progress.told) from None
        except KeyboardInterrupt:
            with lease:
                ending = patiently(lease, lease.stop, is_interrupted=True)
            if ending.error is not None:
                tell(ending.error)
            raise
    return lease
