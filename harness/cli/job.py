"""Why this exists: the main job's middle: an environment started, held while suites run against it, torn down."""

from dataclasses import dataclass
from pathlib import Path

from harness.bootstrap.coverage import measured_components, state_coverage
from harness.bootstrap.preparing import Prepared
from harness.cli.entry import Invocation
from harness.cli.progress import Progress
from harness.cli.screen import doing, people, tell, warn
from harness.cli.starting import start
from harness.cli.suite_run import SuiteRun, worse
from harness.core.errors import ExitCode, HarnessError
from harness.events.log import EventLog
from harness.keeper.client import Lease
from harness.suites.command_line import Extra
from harness.suites.phases import Phase
from harness.suites.pyramid import Counting
from harness.suites.settings import SuiteVariables


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
        try:
            lease = start(self.prepared, self.folder, Progress(people), self.invocation.spare)
        except HarnessError as error:
            tell(error)
            return error.exit_code
        except KeyboardInterrupt:
            return ExitCode.INTERRUPTED
        ecosystem = self.prepared.ecosystem
        extra = Extra.read(self.invocation.for_pytest, ecosystem.directory)
        suites = SuiteRun(self.prepared, self.folder, lease, self.variables, self.workers, extra)
        with lease, Counting(ecosystem.settings.suites, ecosystem.directory) as counting:
            code = suites.run(planned)
            code = worse(code, self._tear_down(lease))
            self._state_coverage(log)
            with doing("counting the tests of all suites for the pyramid"):
                counts = counting.result()
        log(counts)
        if not counts.by_layer and code in {ExitCode.OK, ExitCode.SUITE_FAILED}:
            warn("no pyramid is shown: `pytest --collect-only` of all suites failed, or took too long")
        return code

    def _state_coverage(self, log: EventLog) -> None:
        if not measured_components(self.prepared):
            return
        with doing("reading the coverage of the components"):
            unusable = state_coverage(self.folder, self.prepared.ecosystem, log)
        for what in unusable:
            warn(f"coverage is incomplete: {what}")

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
