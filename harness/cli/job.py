"""Why this exists: the main job's middle: an environment started, held while suites run, torn down or kept."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness.bootstrap.preparation.preparing import Prepared
from harness.bootstrap.reuse.warm import WarmEnvironment
from harness.bootstrap.runs.coverage import measured_components, state_coverage
from harness.cli.invocation import Invocation
from harness.cli.patience import patiently
from harness.cli.progress import Progress
from harness.cli.screen import doing, people, tell, warn
from harness.cli.starting import start
from harness.cli.stay_view import say_grace, say_kept
from harness.cli.suite_run import SuiteRun, worse
from harness.cli.warm import joined, left
from harness.core.errors import ExitCode, HarnessError
from harness.events.log import EventLog
from harness.keeper.client import Lease
from harness.suites.command_line import Extra
from harness.suites.phases import Phase
from harness.suites.pyramid import Counting
from harness.suites.settings import SuiteVariables

# Seconds that the end of a run waits for the count of all tests: of a whole run, and of one of a part.
_PATIENCE, _MOMENT = 30.0, 0.1


@dataclass(slots=True)
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
    _last_words: Callable[[], None] | None = None
    _warm: WarmEnvironment | None = None

    @property
    def environment_id(self) -> str:
        """What its keeper's environment is called, also when that never started; empty when it is not known."""
        return self.invocation.spare.environment_id if self.invocation.spare else ""

    def run(self, planned: tuple[Phase, ...], log: EventLog) -> ExitCode:
        """Start, run every phase, tear down; whatever goes wrong is told here and becomes the exit code.

        Raises:
            KeyboardInterrupt: what comes after the suites was interrupted.
        """
        try:
            self._warm = joined(self.prepared.request, self.folder, log)
            lease = self._warm.lease if self._warm else self._start()
        except HarnessError as error:
            tell(error)
            return error.exit_code
        except KeyboardInterrupt:
            return ExitCode.INTERRUPTED
        ecosystem = self.prepared.ecosystem
        extra = Extra.read(self.invocation.for_pytest, ecosystem.directory)
        suites = SuiteRun(self.prepared, self.folder, lease, self.variables, self.workers, extra)
        with lease, Counting(ecosystem.settings.suites, ecosystem.directory) as counting:
            code = suites.run(planned, counting.standing_still)
            code = worse(code, self._let_go(lease, code))
            if code is not ExitCode.INTERRUPTED:  # an interrupted run reports at once
                self._state_coverage(log)
                self._state_pyramid(counting, log, is_awaited=self._is_whole(planned, code))
        return code

    def _start(self) -> Lease:
        return start(self.prepared, self.folder, Progress(people), self.invocation.spare)

    def _is_whole(self, planned: tuple[Phase, ...], code: ExitCode) -> bool:
        """Whether every suite that runs by default has run, and the whole of it."""
        chosen = {suite.name for phase in planned for suite in phase.suites}
        usual = {suite.name for suite in self.prepared.ecosystem.settings.suites if suite.is_default}
        has_run = code in {ExitCode.OK, ExitCode.SUITE_FAILED}
        return has_run and usual <= chosen and not self.invocation.for_pytest

    def _state_pyramid(self, counting: Counting, log: EventLog, *, is_awaited: bool) -> None:
        """How many tests each layer of the project has; a run of a part shows it only when it is known by now."""
        if not is_awaited:
            log(counting.result(_MOMENT))
            return
        with doing("counting the tests of all suites for the pyramid"):
            counts = counting.result(_PATIENCE)
        log(counts)
        if not counts.by_layer:
            warn("no pyramid is shown: `pytest --collect-only` of all suites failed, or took too long")

    def _state_coverage(self, log: EventLog) -> None:
        if not measured_components(self.prepared):
            return
        if self._last_words is not None:
            warn("no coverage is stated: components write it when they end, and they run on")
            return
        with doing("reading the coverage of the components"):
            unusable = state_coverage(self.folder, self.prepared.ecosystem, log)
        for what in unusable:
            warn(f"coverage is incomplete: {what}")

    def tell_what_stays(self) -> None:
        """The last words, where the environment outlives the job."""
        if self._last_words is not None:
            self._last_words()

    def _let_go(self, lease: Lease, code: ExitCode) -> ExitCode:
        """Keep it, or wait for its teardown; the exit code of that. Raises KeyboardInterrupt as `patiently` does."""
        if self._warm is not None:
            return left(self._warm)
        keep = self.prepared.request.keep.is_wanted(code)
        let_go = partial(lease.release, keep=keep)
        ending = patiently(lease, let_go, is_interrupted=code is ExitCode.INTERRUPTED)
        if ending is None and lease.description is not None:
            if keep:
                self._last_words = partial(say_kept, lease.description, lease.path.parent)
            else:
                self._last_words = partial(say_grace, lease.description, self.prepared.request.stay)
        if ending is not None and ending.error is not None:
            tell(ending.error)
        return ending.exit_code if ending else ExitCode.OK
