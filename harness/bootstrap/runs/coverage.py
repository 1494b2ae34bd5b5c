"""Why this exists: every component measured itself into a file of its own; together they are one fact of the run."""

import shutil
import warnings
from pathlib import Path

from harness.bootstrap.preparation.preparing import Prepared
from harness.bootstrap.runs.run_folder import COVERAGE
from harness.core.clock import SystemClock
from harness.events.facts import CoverageMeasured
from harness.events.log import Emit
from harness.spec.model import Ecosystem


def measured_components(prepared: Prepared) -> list[str]:
    """The components that are measured: applications forked by the process provider, when coverage is wanted."""
    if not prepared.request.is_measured:
        return []
    return [
        step.name
        for step in prepared.plan.steps
        if step.name not in prepared.request.attached
        and step.component.settings.process
        and step.component.settings.process.app
    ]


def state_coverage(run_folder: Path, ecosystem: Ecosystem, emit: Emit) -> tuple[str, ...]:
    """Combine what the components wrote and state it; nothing is stated where nothing was measured.

    `<run>/.coverage` stays, for `coverage html` and uploads. Gives what could not be used, in words.
    """
    files = list((run_folder / COVERAGE).glob("*")) if (run_folder / COVERAGE).is_dir() else []
    if not files:
        return ()
    from coverage import Coverage  # noqa: PLC0415 - only a measured run pays for it
    from coverage.exceptions import CoverageException  # noqa: PLC0415 - as above

    combined = Coverage(data_file=run_folder / ".coverage", config_file=False)
    with warnings.catch_warnings(record=True, action="always") as damaged:
        combined.combine([str(file) for file in files])
    combined.save()
    shutil.rmtree(run_folder / COVERAGE)
    counts = {}
    unusable = [str(warning.message) for warning in damaged]
    for file in sorted(combined.get_data().measured_files()):
        try:
            _, statements, _, missing, _ = combined.analysis2(file)
        except CoverageException as error:  # such as a source file that is gone
            unusable.append(str(error))
            continue
        counts[_relative(file, ecosystem.directory)] = (len(statements) - len(missing), len(statements))
    combined.get_data().close()
    if counts:
        emit(CoverageMeasured(at=SystemClock().now(), files=counts))
    return tuple(unusable)


def _relative(file: str, directory: Path) -> str:
    path = Path(file)
    return str(path.relative_to(directory)) if path.is_relative_to(directory) else file
