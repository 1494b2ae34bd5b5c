"""Why this exists: the main job's middle: an environment held while suites run against it, phase by phase."""

import json
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.bootstrap.coverage import measured_components, state_coverage
from harness.bootstrap.preparing import Prepared
from harness.bootstrap.runs import EVENTS
from harness.cli.entry import Invocation
from harness.cli.progress import Progress
from harness.cli.screen import people, tell
from harness.cli.starting import start
from harness.core.errors import ExitCode, HarnessError
from harness.events.log import EventLog, read
from harness.keeper.client import Lease
from harness.keeper.protocol import error_of
from harness.results import fold
from harness.results.cases import Status
from harness.suites.phases import Phase
from harness.suites.pyramid import Counting
from harness.suites.pytest_process import RUN_FOLDER, SOCKET, SUITES, arguments, run
from harness.suites.settings import SuiteVariables

_WITHOUT_COVERAGE = {"HARNESS_UNMEASURED": "1"}

# What pytest's exit codes mean for the run (pytest.ExitCode).
_PASSED, _INTERRUPTED, _NOTHING_COLLECTED = 0, 2, 5


@dataclass(frozen=True, slots=True)
class Job:
    """One main job.

    Args:
        prepared: What to start.
        folder: The run's folder.
        variables: INTEGRATION_TEST_* settings.
        workers: xdist workers; 0 for none.
        invocation: What the command line brought besides its options.
    """

    prepared: Prepared
    folder: Path
    variables: SuiteVariables
    workers: int
    invocation: Invocation

    def run(self, planned: tuple[Phase, ...], log: EventLog) -> ExitCode:
        """Start, run every phase, tear down; whatever goes wrong is told here and becomes the exit code."""
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            lease = start(self.prepared, self.folder, Progress(people), self.invocation.spare)
        except HarnessError as error:
            tell(error)
            return error.exit_code
        except KeyboardInterrupt:
            return ExitCode.INTERRUPTED
        suites = self.prepared.ecosystem.settings.suites
        with lease, Counting(suites, self.prepared.ecosystem.directory) as counting:
            code = self._run_suites(lease, planned)
            code = _worst(code, self._tear_down(lease))
            log(counting.result())
        state_coverage(self.folder, self.prepared.ecosystem, log)
        return code

    def _run_suites(self, lease: Lease, planned: tuple[Phase, ...]) -> ExitCode:
        """Every phase, unless one is interrupted or the environment breaks."""
        worst = ExitCode.OK
        try:
            for phase in planned:
                code = self._run_phase(lease, phase)
                worst = _worst(worst, code)
                if code not in (ExitCode.OK, ExitCode.SUITE_FAILED):
                    break
        except HarnessError as error:
            tell(error)
            return error.exit_code
        except KeyboardInterrupt:
            return ExitCode.INTERRUPTED
        return worst

    def _run_phase(self, lease: Lease, phase: Phase) -> ExitCode:
        if self.prepared.request.is_measured and not phase.is_instrumented:
            components = measured_components(self.prepared.plan)
            lease.ask("restart", components=components, environment=_WITHOUT_COVERAGE)
        code = self._run_pytest(
            lease, arguments(phase, self.variables, self.workers, self.invocation.for_pytest)
        )
        for _ in range(self.variables.retry_count):
            if code is not ExitCode.SUITE_FAILED:
                break
            code = self._run_pytest(lease, self._failed(phase))
        return code

    def _run_pytest(self, lease: Lease, argv: Sequence[str]) -> ExitCode:
        """One pytest process. Raises HarnessError when the environment broke meanwhile: its tests prove nothing."""
        code = _meaning(run(argv, self.prepared.ecosystem.directory, self._environment(lease)))
        if broken := lease.ask("broken"):
            raise error_of(broken)
        return code

    def _failed(self, phase: Phase) -> list[str]:
        """The phase's cases whose last attempt failed."""
        names = {suite.name for suite in phase.suites}
        suites = [suite for suite in fold(read(self.folder / EVENTS)).suites if suite.name in names]
        return [
            case.id for suite in suites for case in suite.cases if case.last.status.group is Status.FAILED
        ]

    def _environment(self, lease: Lease) -> dict[str, str]:
        variables = dict(lease.description.variables) if lease.description else {}
        suites = {str(suite.path): suite.name for suite in self.prepared.ecosystem.settings.suites}
        ours = {SOCKET: str(lease.path), RUN_FOLDER: str(self.folder), SUITES: json.dumps(suites)}
        return variables | ours

    def _tear_down(self, lease: Lease) -> ExitCode:
        while True:
            try:
                ending = lease.release()
            except KeyboardInterrupt:
                people.print("still tearing down; it takes a moment and goes on without us too")
                continue
            if ending is not None and ending.error is not None:
                tell(ending.error)
            return ending.exit_code if ending else ExitCode.OK


def _meaning(pytest_code: int) -> ExitCode:
    if pytest_code in (_PASSED, _NOTHING_COLLECTED):
        return ExitCode.OK
    if pytest_code == _INTERRUPTED:
        return ExitCode.INTERRUPTED
    return ExitCode.SUITE_FAILED


def _worst(first: ExitCode, second: ExitCode) -> ExitCode:
    """An interrupt says most, then a broken environment, then leftovers, then a failed suite."""
    order = (
        ExitCode.INTERRUPTED,
        ExitCode.USAGE,
        ExitCode.ENVIRONMENT,
        ExitCode.TEARDOWN,
        ExitCode.SUITE_FAILED,
        ExitCode.OK,
    )
    return min(first, second, key=order.index)
