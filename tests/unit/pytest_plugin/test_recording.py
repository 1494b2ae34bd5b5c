"""What pytest reports becomes facts, also when it is interrupted and reports no more."""

from itertools import count

import pytest

from harness.core.clock import SystemClock
from harness.events.facts import CaseFinished, Event, Outcome
from harness.pytest_plugin.recording import Recorder
from harness.results import fold

CASE = "tests/test_a.py::test_it"


class FakeClock(SystemClock):
    """A second passes whenever it is looked at."""

    def __init__(self) -> None:
        self._seconds = count(1)

    def now(self) -> float:
        """The next second."""
        return float(next(self._seconds))


def report(when: str) -> pytest.TestReport:
    """A phase that went well."""
    return pytest.TestReport(CASE, ("tests/test_a.py", 2, "test_it"), {}, "passed", None, when, duration=0.5)  # type: ignore[arg-type]  # any of pytest's phases


@pytest.fixture
def stated() -> list[Event]:
    """What was stated, in its order."""
    return []


@pytest.fixture
def recorder(stated: list[Event]) -> Recorder:
    """Of one suite."""
    return Recorder(stated.append, FakeClock(), lambda _path: "api")


def test_what_runs_ends_with_the_session(recorder: Recorder, stated: list[Event]) -> None:
    """Interrupted in the test's body: it is neither passed nor failed, and took the time until then."""
    recorder.pytest_runtest_logstart(CASE, ("tests/test_a.py", 2, "test_it"))
    recorder.pytest_runtest_logreport(report("setup"))
    recorder.pytest_keyboard_interrupt()
    (finished,) = [event for event in stated if isinstance(event, CaseFinished)]
    assert (finished.outcome, finished.duration, finished.phases) == (
        Outcome.INTERRUPTED,
        1.0,
        {"setup": 0.5},
    )
    assert (finished.file, finished.line) == ("tests/test_a.py", 3)
    assert fold(stated).totals.interrupted == 1


def test_what_has_ended_is_not_interrupted(recorder: Recorder, stated: list[Event]) -> None:
    """Nor is anything stated twice."""
    recorder.pytest_runtest_logstart(CASE, ("tests/test_a.py", 2, "test_it"))
    for when in ("setup", "call", "teardown"):
        recorder.pytest_runtest_logreport(report(when))
    recorder.pytest_keyboard_interrupt()
    recorder.pytest_keyboard_interrupt()
    (finished,) = [event for event in stated if isinstance(event, CaseFinished)]
    assert finished.outcome is Outcome.PASSED
