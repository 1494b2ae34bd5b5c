"""Passed, failed, broken and interrupted are never mixed up."""

import pytest

from harness.events.facts import (
    CaseFinished,
    CaseStarted,
    EnvironmentFailed,
    EnvironmentStopped,
    Event,
    Outcome,
    RunFinished,
)
from harness.results import fold
from harness.results.model import Verdict

BROKE = EnvironmentFailed(at=1.0, message="no database")
LEFT = EnvironmentStopped(at=2.0, environment_id="e", duration=0.1, leftovers=("process 7",))
HANGS = CaseStarted(at=1.0, case="t", suite="api")


def ends(exit_code: int) -> RunFinished:
    """The run's last word."""
    return RunFinished(at=3.0, exit_code=exit_code, duration=3.0)


def case(outcome: Outcome) -> CaseFinished:
    """A case that ended."""
    return CaseFinished(at=1.0, case=outcome.value, suite="api", outcome=outcome, duration=0.1)


PASSED, FAILED, ERROR = case(Outcome.PASSED), case(Outcome.FAILED), case(Outcome.ERROR)


@pytest.mark.parametrize(
    ("events", "verdict"),
    [
        ([PASSED, ends(0)], Verdict.PASSED),
        (
            [PASSED, case(Outcome.SKIPPED), case(Outcome.XFAILED), case(Outcome.XPASSED), ends(0)],
            Verdict.PASSED,
        ),
        ([PASSED, FAILED, ends(1)], Verdict.FAILED),
        ([PASSED, ERROR, ends(1)], Verdict.FAILED),
        ([PASSED, HANGS, ends(1)], Verdict.FAILED),
        ([PASSED, ends(1)], Verdict.FAILED),
        ([FAILED, ends(0)], Verdict.FAILED),  # a good exit code hides no failure
        ([FAILED, LEFT, ends(4)], Verdict.FAILED),
        ([PASSED, LEFT, ends(4)], Verdict.LEFTOVERS),
        ([PASSED, LEFT, ends(0)], Verdict.LEFTOVERS),
        ([BROKE, ends(3)], Verdict.ENVIRONMENT_BROKEN),
        ([ends(3)], Verdict.ENVIRONMENT_BROKEN),
        ([PASSED, FAILED, BROKE, ends(1)], Verdict.ENVIRONMENT_BROKEN),
        ([BROKE], Verdict.ENVIRONMENT_BROKEN),  # killed while it was being torn down: the cause is known
        ([PASSED, FAILED, ends(130)], Verdict.INTERRUPTED),
        ([BROKE, ends(130)], Verdict.INTERRUPTED),
        ([PASSED], Verdict.INTERRUPTED),
        ([FAILED], Verdict.INTERRUPTED),
        ([ends(2)], Verdict.INVALID),
        ([BROKE, ends(2)], Verdict.INVALID),  # it broke because the file is wrong
        ([PASSED, ends(2)], Verdict.INVALID),
        ([BROKE, HANGS, ends(2)], Verdict.INVALID),
        ([PASSED, FAILED, ends(2)], Verdict.FAILED),
        ([ends(0)], Verdict.EMPTY),
    ],
)
def test_verdict(events: list[Event], verdict: Verdict) -> None:
    """Each way a run can go has its own verdict."""
    assert fold(events).verdict is verdict
