"""Why this exists: a run's log learns how the same cases ended in other runs, so that every report can tell."""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.bootstrap.runs.reporting import write_reports
from harness.bootstrap.runs.run_folder import EVENTS
from harness.core.errors import UsageError
from harness.events.facts import OutcomesElsewhere
from harness.events.log import EventLog, read
from harness.results import RunResult, fold
from harness.results.elsewhere import Comparison


def compare_runs(folder: Path, others: Sequence[Path], missing: Mapping[str, str]) -> Comparison:
    """State in a run's log how its cases ended elsewhere, and write its reports anew.

    Args:
        folder: The run's.
        others: Those of the other runs, in the order in which they are shown.
        missing: Why there is no run, by the place where it should have been.

    Raises:
        UsageError: there is no run in a folder, or one of them tested nothing.
        EnvironmentFailedError: not every report could be written.
    """
    _tested(folder)
    facts = list(_stated(others, missing))
    log = EventLog(folder / EVENTS)
    try:
        for fact in facts:
            log(fact)
    finally:
        log.close()
    comparison = write_reports(folder).comparison
    assert comparison is not None  # noqa: S101 - the facts are in the log
    return comparison


def _stated(others: Sequence[Path], missing: Mapping[str, str]) -> Iterator[OutcomesElsewhere]:
    for number, folder in enumerate(others):
        run = _tested(folder)
        outcomes = {case.id: (case.suite, str(case.status), case.last.message) for case in run.cases}
        yield OutcomesElsewhere(
            at=time.time(), number=number, provider=run.provider, run_id=run.run_id, outcomes=outcomes
        )
    for number, (place, why) in enumerate(missing.items(), start=len(others)):
        yield OutcomesElsewhere(
            at=time.time(), number=number, provider=place, run_id="", outcomes={}, missing=why
        )


def _tested(folder: Path) -> RunResult:
    log = folder / EVENTS
    if not log.is_file():
        raise UsageError(
            f"no run in {folder}: there is no {EVENTS}", hint="name a run's folder, such as results/latest"
        )
    run = fold(read(log))
    if not run.cases:
        raise UsageError(f"the run in {folder} tested nothing, so nothing of it can be compared")
    return run
