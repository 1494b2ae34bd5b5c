"""Why this exists: every component measured itself into a file of its own; together they are one fact of the run."""

from pathlib import Path

from harness.bootstrap.runs import COVERAGE
from harness.core.clock import SystemClock
from harness.events.facts import CoverageMeasured
from harness.events.log import Emit
from harness.plan.model import Plan
from harness.spec.model import Ecosystem


def measured_components(plan: Plan) -> list[str]:
    """The components that are measured: applications forked by the process provider."""
    return [
        step.name
        for step in plan.steps
        if step.component.settings.process and step.component.settings.process.app
    ]


def state_coverage(run_folder: Path, ecosystem: Ecosystem, emit: Emit) -> None:
    """Combine what the components wrote and state it; nothing is stated where nothing was measured.

    `<run>/.coverage` stays, for `coverage html` and uploads.
    """
    files = list((run_folder / COVERAGE).glob("*")) if (run_folder / COVERAGE).is_dir() else []
    if not files:
        return
    from coverage import Coverage  # noqa: PLC0415 - only a measured run pays for it

    combined = Coverage(data_file=run_folder / ".coverage", config_file=False)
    combined.combine([str(file) for file in files])
    combined.save()
    (run_folder / COVERAGE).rmdir()
    counts = {}
    for file in sorted(combined.get_data().measured_files()):
        _, statements, _, missing, _ = combined.analysis2(file)
        counts[_relative(file, ecosystem.directory)] = (len(statements) - len(missing), len(statements))
    emit(CoverageMeasured(at=SystemClock().now(), files=counts))


def _relative(file: str, directory: Path) -> str:
    path = Path(file)
    return str(path.relative_to(directory)) if path.is_relative_to(directory) else file
