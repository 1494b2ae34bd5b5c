"""Why this exists: suites run against a held environment, phase by phase, and pytest's endings get their meaning."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from harness.bootstrap.keeping.worlds import prepare_worlds
from harness.bootstrap.preparation.preparing import Prepared
from harness.bootstrap.preparation.stay import Keep
from harness.bootstrap.runs.coverage import measured_components
from harness.bootstrap.runs.run_folder import EVENTS, temporary_folder
from harness.cli.break_watch import BreakWatch
from harness.cli.screen import doing, tell
from harness.core.errors import EnvironmentFailedError, ExitCode, HarnessError, UsageError
from harness.core.wording import counted
from harness.events.log import read
from harness.keeper.client import Lease
from harness.keeper.protocol import error_of
from harness.providers.measuring import UNMEASURED
from harness.results import fold
from harness.spec.model import Isolation
from harness.suites.command_line import Extra, arguments, root_of
from harness.suites.phases import Phase, narrow
from harness.suites.pytest_process import KEEPS, RUN_FOLDER, SECRETS, SOCKET, SUITES, PytestProcess
from harness.suites.secrets import secret_exports
from harness.suites.settings import SuiteVariables

# What pytest's exit codes mean for the run (pytest.ExitCode; EX_IOERR is our plugin's, for facts that cannot be
# written); every other one is a failure of the suites.
_USAGE_ERROR, _NOTHING_COLLECTED = 4, 5
_MEANINGS = {
    0: ExitCode.OK,
    _NOTHING_COLLECTED: ExitCode.OK,
    _USAGE_ERROR: ExitCode.USAGE,
    os.EX_IOERR: ExitCode.ENVIRONMENT,
}
_INTERNAL_ERROR = 3


@dataclass(slots=True)
class SuiteRun:
    """All suites of one run.

    Args:
        prepared: What runs.
        folder: The run's folder.
        lease: The environment, started.
        variables: INTEGRATION_TEST_* settings.
        workers: xdist workers; 0 for none.
        extra: What the command line has for pytest.
    """

    prepared: Prepared
    folder: Path
    lease: Lease
    variables: SuiteVariables
    workers: int
    extra: Extra
    _has_collected: bool = False
    _is_measuring: bool = True

    def run(self, planned: Sequence[Phase], alone: Callable[[], AbstractContextManager[None]]) -> ExitCode:
        """Every phase, unless one is interrupted or cannot be run; whatever goes wrong is told here.

        Args:
            planned: In this order.
            alone: Holds back whatever else of ours takes computing time, while a phase measures load.
        """
        found = worst = ExitCode.OK
        try:
            for phase in narrow(planned, self.extra.targets, self.prepared.ecosystem.directory):
                with nullcontext() if phase.is_instrumented else alone():
                    found = self._run_phase(phase)
                worst = worse(worst, found)
                if found not in {ExitCode.OK, ExitCode.SUITE_FAILED}:
                    return worst
            if planned and not self._has_collected and (self.extra.targets or self.extra.options):
                raise _nothing_selected(self.extra)
        except HarnessError as error:
            tell(error)
            return worse(worst, error.exit_code)
        except KeyboardInterrupt:
            return ExitCode.INTERRUPTED
        return worst

    def _run_phase(self, phase: Phase) -> ExitCode:
        """A phase, and its failed cases again as often as is wanted."""
        self._measure(phase.is_instrumented)
        code = self._run_pytest(phase)
        for _ in range(self.variables.retry_count):
            failed = self._failed(phase) if code is ExitCode.SUITE_FAILED else ()
            if not failed:
                break
            code = self._run_pytest(replace(phase, targets=failed))
        return code

    def _measure(self, is_wanted: bool) -> None:
        """Start what is measured anew, with coverage or without; nothing when that is how it runs."""
        components = measured_components(self.prepared)
        if is_wanted is self._is_measuring or not components:
            return
        self._is_measuring = is_wanted
        how = "with" if is_wanted else "without"
        with doing(f"restarting {counted(len(components), 'component')} {how} coverage"):
            self.lease.ask("restart", components=components, environment=self._overlay())

    def _overlay(self) -> dict[str, str]:
        return {} if self._is_measuring else {UNMEASURED: "1"}

    def _run_pytest(self, phase: Phase) -> ExitCode:
        """One pytest process. Raises HarnessError when the environment broke meanwhile: its tests prove nothing."""
        directory = self.prepared.ecosystem.directory
        argv = arguments(phase, self._root, self.variables, self.workers, self.extra.options)
        process = PytestProcess(temporary_folder(self.lease.wait_started().environment_id))
        with self._worlds(phase), BreakWatch(self.lease.path, process.interrupt) as watch:
            code = process.run(argv, directory, self._environment())
        self._has_collected |= code != _NOTHING_COLLECTED
        if process.is_interrupted:
            return ExitCode.INTERRUPTED
        if watch.error is not None:
            return watch.error.exit_code
        if broken := self.lease.ask("broken"):
            raise error_of(broken)
        return _meaning(code)

    @contextmanager
    def _worlds(self, phase: Phase) -> Iterator[None]:
        """A world for each worker of a phase, where tests start from the seeded state."""
        workers = self.workers if phase.is_instrumented else 0
        if self.lease.wait_started().isolation != Isolation.RESET or workers < 2:  # noqa: PLR2004 - several
            yield
            return
        with Lease.attach(self.lease.path, None, hold=False) as lease:
            lease.wait_started()
            with doing(f"opening worlds for {counted(workers, 'worker')}"):
                prepare_worlds(lease, (f"gw{number}" for number in range(workers)), waits=True)
            yield

    def _failed(self, phase: Phase) -> tuple[str, ...]:
        """The phase's cases whose last attempt failed, as pytest finds them from anywhere."""
        names = {suite.name for suite in phase.suites}
        suites = [suite for suite in fold(read(self.folder / EVENTS)).suites if suite.name in names]
        cases = [case for suite in suites for case in suite.cases]
        return tuple(str(self._root / case.id) for case in cases if case.is_bad)

    @property
    def _root(self) -> Path:
        ecosystem = self.prepared.ecosystem
        return root_of(ecosystem.directory, ecosystem.settings.suites)

    def _environment(self) -> dict[str, str]:
        description = self.lease.description
        ecosystem = self.prepared.ecosystem
        suites = {str(suite.path): suite.name for suite in ecosystem.settings.suites}
        ours = {
            SOCKET: str(self.lease.path),
            RUN_FOLDER: str(self.folder),
            SUITES: json.dumps(suites),
            SECRETS: json.dumps(secret_exports(ecosystem)),
            KEEPS: "" if self.prepared.request.keep is Keep.NEVER else "1",
            UNMEASURED: "",  # not that of a run around this one
        }
        return (dict(description.variables) if description else {}) | ours | self._overlay()


def _meaning(pytest_code: int) -> ExitCode:
    """What pytest's exit code says of the run; what pytest itself does not say is told."""
    if pytest_code < 0:
        tell(EnvironmentFailedError(f"pytest was ended by signal {-pytest_code}; not every test has run"))
    elif pytest_code == _INTERNAL_ERROR:
        tell(EnvironmentFailedError("pytest failed by itself (internal error); what it wrote is above"))
    return _MEANINGS.get(pytest_code, ExitCode.SUITE_FAILED)


def _nothing_selected(extra: Extra) -> UsageError:
    words = " ".join((*extra.targets, *extra.options))
    return UsageError(
        f"no test was selected: pytest got {words}",
        hint="what follows -- goes to pytest; `pytest --collect-only` shows what it selects",
    )


def worse(first: ExitCode, second: ExitCode) -> ExitCode:
    """An interrupt says most, then a wrong request, a broken environment, leftovers, a failed suite."""
    order = (
        ExitCode.INTERRUPTED,
        ExitCode.USAGE,
        ExitCode.ENVIRONMENT,
        ExitCode.TEARDOWN,
        ExitCode.SUITE_FAILED,
        ExitCode.OK,
    )
    return min(first, second, key=order.index)
