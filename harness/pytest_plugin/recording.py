"""Why this exists: what pytest reports about its tests becomes facts of the run."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from harness.core.clock import Clock
from harness.events.facts import CaseFinished, CaseStarted, Event, FigureMeasured, Outcome, SuitesCollected
from harness.events.log import Emit

FIGURE = "harness.figure"  # the user property that carries a figure from a test to the log
_OUTPUT_LIMIT = 100_000  # characters of one captured section that are kept


class Recorder:
    """Listens to pytest's hooks in the process that hears of every test (the controller under xdist)."""

    def __init__(self, emit: Emit, clock: Clock, suite_of: Callable[[Path], str]) -> None:
        self._emit = emit
        self._clock = clock
        self._suite_of = suite_of
        self._reports: dict[str, list[pytest.TestReport]] = {}
        self._places: dict[str, tuple[str, int | None, str]] = {}
        self._running: dict[str, float] = {}  # when each began
        self._has_stated = False

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """State how many cases there are."""
        if session.items:  # under xdist the controller has none
            self._state_collected(Counter(self._suite_of(item.path) for item in session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """State how many cases there are; every worker collects the same ones, and the first is believed."""
        if not self._has_stated:
            self._state_collected(Counter(self._suite(case) for case in ids))

    def _state_collected(self, counts: Counter[str]) -> None:
        self._has_stated = True
        self._emit(SuitesCollected(at=self._clock.now(), by_suite=dict(counts), by_layer={}))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that could not be collected is a case that ended with an error: its tests are missing."""
        if not report.failed:
            return
        now = self._clock.now()
        finished = CaseFinished(
            at=now,
            case=report.nodeid,
            suite=self._suite(report.nodeid),
            outcome=Outcome.ERROR,
            duration=0.0,
            message=_message(report),
            details=report.longreprtext,
            output={title: text[-_OUTPUT_LIMIT:] for title, text in report.sections},
            file=report.nodeid.partition("::")[0],
        )
        self._emit(finished)

    def pytest_runtest_logstart(self, nodeid: str, location: tuple[str, int | None, str]) -> None:
        """A case begins."""
        self._places[nodeid] = location
        now = self._running[nodeid] = self._clock.now()
        self._emit(CaseStarted(at=now, case=nodeid, suite=self._suite(nodeid)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One phase of a case is over; with the last of them the case is."""
        reports = self._reports.setdefault(report.nodeid, [])
        reports.append(report)
        if report.when == "teardown":
            del self._reports[report.nodeid]
            self._finish(report.nodeid, reports)

    def pytest_keyboard_interrupt(self) -> None:
        """What runs now ends here, without a report of its own: what comes after is not its time."""
        now = self._clock.now()
        for case, began in self._running.items():
            phases = {str(report.when): report.duration for report in self._reports.get(case, ())}
            file, line, _ = self._places[case]
            finished = CaseFinished(
                at=now,
                case=case,
                suite=self._suite(case),
                outcome=Outcome.INTERRUPTED,
                duration=now - began,
                phases=phases,
                message="was interrupted before it could end",
                file=file,
                line=(line or 0) + 1,
            )
            self._emit(finished)
        self._running.clear()

    def _finish(self, case: str, reports: list[pytest.TestReport]) -> None:
        for report in reports:
            for name, value in report.user_properties if report.when == "teardown" else ():
                if name == FIGURE and isinstance(value, dict):
                    self._emit(FigureMeasured(at=self._clock.now(), case=case, **value))
        self._running.pop(case, None)
        self._emit(self._finished(case, reports))

    def _finished(self, case: str, reports: list[pytest.TestReport]) -> Event:
        decisive = next((r for r in reports if r.failed), None) or _skipped(reports) or reports[0]
        file, line, _ = decisive.location
        return CaseFinished(
            at=self._clock.now(),
            case=case,
            suite=self._suite(case),
            outcome=_outcome(reports),
            duration=sum(r.duration for r in reports),
            phases={str(r.when): r.duration for r in reports},
            message=_message(decisive),
            details=decisive.longreprtext if decisive.failed else "",
            output={title: text[-_OUTPUT_LIMIT:] for title, text in decisive.sections if decisive.failed},
            file=file,
            line=(line or 0) + 1,
            worker=getattr(decisive, "worker_id", "main"),
        )

    def _suite(self, case: str) -> str:
        file = self._places[case][0] if case in self._places else case.partition("::")[0]
        return self._suite_of(Path(file))


def _skipped(reports: list[pytest.TestReport]) -> pytest.TestReport | None:
    return next((r for r in reports if r.skipped), None)


def _outcome(reports: list[pytest.TestReport]) -> Outcome:
    failed = next((r for r in reports if r.failed), None)
    if failed is not None:
        return Outcome.FAILED if failed.when == "call" else Outcome.ERROR
    skipped = _skipped(reports)
    if skipped is not None:
        return Outcome.XFAILED if hasattr(skipped, "wasxfail") else Outcome.SKIPPED
    is_xpass = any(hasattr(r, "wasxfail") for r in reports)
    return Outcome.XPASSED if is_xpass else Outcome.PASSED


def _message(report: pytest.TestReport | pytest.CollectReport) -> str:
    """The failure in one line: what pytest's own summary would print; a skip's reason."""
    if report.skipped:
        if hasattr(report, "wasxfail"):
            return str(report.wasxfail)
        return str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else report.longreprtext
    if not report.failed:
        return ""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        return str(crash.message).strip().partition("\n")[0]
    lines = report.longreprtext.strip().splitlines()
    if isinstance(report, pytest.CollectReport):  # a traceback as text: what it ends with is the error
        lines.reverse()
    return lines[0].removeprefix("E ").strip() if lines else ""
