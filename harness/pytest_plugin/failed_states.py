"""Why this exists: the next test's clean state would wipe away what a failed one left, so that is kept for a look."""

from collections.abc import Generator

import pytest

from harness.core.errors import HarnessError
from harness.pytest_plugin.handle import EcosystemHandle

_MOST = 5  # failed cases of a session whose state is kept


class FailedStates:
    """For a session whose environment may outlive it: a snapshot of each failed case's state, by the case's id."""

    def __init__(self) -> None:
        self._tried = 0
        self._lost: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Right after the case, before its fixtures tidy up."""
        report = yield
        handle = getattr(item, "funcargs", {}).get("ecosystem")
        if call.when == "call" and report.failed and isinstance(handle, EcosystemHandle):
            self._keep(handle, item.nodeid)
        return report

    def _keep(self, handle: EcosystemHandle, case: str) -> None:
        if not handle.is_reset_for_each_test or self._tried == _MOST:
            return
        self._tried += 1
        try:
            handle.snapshot(case)
            handle.keep_world()
        except HarnessError as error:
            self._tried = _MOST  # each would take as long
            self._lost += [f"the state that {case} left could not be kept: {error.message}", *error.evidence]
            self._lost += [error.hint] if error.hint else []

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """What could not be kept."""
        for line in self._lost:
            terminalreporter.write_line(line)
