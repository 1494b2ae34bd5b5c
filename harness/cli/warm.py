"""Why this exists: `harness test` on an environment of `harness up`: joined, not started; left, not ended."""

from pathlib import Path

from rich.markup import escape

from harness.bootstrap.preparation.request import Request, Warm
from harness.bootstrap.reuse.warm import Search, WarmEnvironment
from harness.bootstrap.runs.run_folder import borrow_logs
from harness.cli.screen import people, tell, warn
from harness.core.errors import ExitCode, HarnessError, UsageError
from harness.events.log import EventLog


def warm_of(*, is_fresh: bool, is_warm: bool, is_measured: bool) -> Warm:
    """Whether one of `harness up` will do.

    Raises:
        UsageError: it must, and cannot.
    """
    if is_warm and (is_fresh or is_measured):
        other = "--fresh" if is_fresh else "coverage: it is measured from the start of an environment"
        raise UsageError(f"--warm does not go with {other}", hint="`harness test --warm --no-coverage`")
    if is_fresh:
        return Warm.NEVER
    return Warm.ALWAYS if is_warm else Warm.IF_CLEAN


def joined(request: Request, folder: Path, log: EventLog) -> WarmEnvironment | None:
    """One that the suites run on, clean; None where there is none that will do, which is told where one runs.

    Args:
        request: What a person asked for.
        folder: The folder of the run, as it was made.
        log: Takes the facts of it from now on.

    Raises:
        UsageError: the person insists, and there is none.
    """
    with Search(request) as search:
        warm = search.take(log, warn)
    if warm is None:
        return None
    borrow_logs(folder, Path(warm.description.results))
    for fact in warm.facts():
        log(fact)
    people.print(f"on {escape(warm.told)}")
    return warm


def left(warm: WarmEnvironment) -> ExitCode:
    """Leave it as it was, and let it go on; what goes wrong with that is told, and is the exit code."""
    try:
        warm.leave()
        warm.lease.release()
    except HarnessError as error:
        tell(error)
        return error.exit_code
    return ExitCode.OK
