"""Why this exists: `harness report`: write a run's reports again from its log, also when the run was killed."""

import sys
from pathlib import Path

from harness.bootstrap.preparation.request import DEFAULT_RESULTS
from harness.bootstrap.runs.reporting import write_reports
from harness.bootstrap.runs.run_folder import EVENTS
from harness.cli.options import Results, RunName
from harness.core.errors import UsageError


def report(run: RunName = "latest", results: Results = DEFAULT_RESULTS) -> None:
    """Write a run's reports again from its events, also when it was killed; print where."""
    folder: Path = results / run
    if not (folder / EVENTS).exists():
        raise UsageError(f"no run in {folder}: there is no {EVENTS}")
    write_reports(folder)
    sys.stdout.write(f"{folder / 'report.html'}\n")
