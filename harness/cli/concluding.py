"""Why this exists: however a main job ends, its log says so, its reports are there, and what is left is named."""

import time
from pathlib import Path

from harness.bootstrap.runs.reporting import write_reports
from harness.bootstrap.runs.sweep import sweep
from harness.cli.screen import people, tell, warn
from harness.cli.suite_run import worse
from harness.core.clock import SystemClock
from harness.core.errors import ExitCode, HarnessError, TeardownError, refused
from harness.events.facts import RunFinished
from harness.events.log import EventLog
from harness.reports.console import lines


def conclude(code: ExitCode, folder: Path, log: EventLog, began: float, environment_id: str) -> ExitCode:
    """End a run.

    Args:
        code: What it has come to so far.
        folder: The run's.
        log: Its log; closed afterwards.
        began: When the run did, monotonic.
        environment_id: Of what it started.

    Returns:
        The exit code: `code`, unless something goes wrong here that is worse; that is told.
    """
    code = _sweep(code, environment_id)
    try:
        log(RunFinished(at=SystemClock().now(), exit_code=int(code), duration=time.monotonic() - began))
    except OSError as error:
        tell(refused(error))
        code = worse(code, ExitCode.ENVIRONMENT)
    log.close()
    return _report(code, folder)


def _sweep(code: ExitCode, environment_id: str) -> ExitCode:
    """A keeper that was killed meanwhile could not tidy up. What others have left is told, and not our failure."""
    swept, leftovers = sweep()
    if not leftovers:
        return code
    if environment_id in swept:
        tell(TeardownError(f"not everything of {environment_id} could be removed", evidence=leftovers))
        return worse(code, ExitCode.TEARDOWN)
    others = ", ".join(swept) or "an earlier run"
    warn(f"something is left of {others}: {', '.join(leftovers)}; `harness down` tries again")
    return code


def _report(code: ExitCode, folder: Path) -> ExitCode:
    """Without reports a success is none; any other verdict stays what it is."""
    try:
        result = write_reports(folder)
    except HarnessError as error:
        tell(error)
        return code or error.exit_code
    is_told = code in {ExitCode.ENVIRONMENT, ExitCode.TEARDOWN}
    people.print(lines(result, people.width, folder / "report.html", is_told=is_told))
    return code
