"""A run is folded into one value whatever its log holds."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import ExitCode
from harness.events.facts import (
    CaseFinished,
    CaseStarted,
    CoverageMeasured,
    DataSeeded,
    EnvironmentStopped,
    Event,
    FigureMeasured,
    Outcome,
    RunFinished,
    RunStarted,
    SuitesCollected,
)
from harness.results import fold
from harness.results.cases import Status
from harness.results.model import Layer, Seeded
from tests.unit.events.strategies import facts

BROKEN_CLOCKS = st.sampled_from([0.0, -1.0, 0.25, 1_795_270_502.5, 1e300, math.inf, -math.inf, math.nan])
FEW_NAMES = st.sampled_from(["a", "b", "tests/a.py::T::t[x]", ""])


def started(at: float, case: str = "t", worker: str = "main") -> CaseStarted:
    """A case begins."""
    return CaseStarted(at=at, case=case, suite="api", worker=worker)


def finished(
    at: float, outcome: Outcome = Outcome.PASSED, case: str = "t", message: str = ""
) -> CaseFinished:
    """A case ends after half a second."""
    return CaseFinished(at=at, case=case, suite="api", outcome=outcome, duration=0.5, message=message)


def begun(at: float = 10.0) -> RunStarted:
    """A run begins."""
    return RunStarted(
        at=at, run_id="r1", ecosystem="shop", provider="process", command="harness test", seed=7
    )


@given(st.lists(facts(BROKEN_CLOCKS, FEW_NAMES), max_size=30))
def test_any_facts_fold(stated: list[Event]) -> None:
    """No sequence of facts is refused, and every case is counted once, by how it last ended."""
    result = fold(stated)
    totals = result.totals
    known = {(e.suite, e.case) for e in stated if isinstance(e, (CaseStarted, CaseFinished))}
    assert {(case.suite, case.id) for case in result.cases} == known
    assert totals.cases == len(known) == len(result.cases)
    assert totals.ended == totals.passed + totals.failed + totals.errors + totals.skipped
    assert totals.cases == totals.ended + totals.interrupted
    assert totals.bad == len(result.bad) - len(result.interrupted)
    assert result.is_complete == any(isinstance(e, RunFinished) for e in stated)
    assert result.verdict


@given(st.lists(facts(names=FEW_NAMES), max_size=30))
def test_the_last_statement_about_a_case_wins(stated: list[Event]) -> None:
    """A case is what was said of it last; begun and not ended is interrupted, or has died in a run that went on."""
    last: dict[tuple[str, str], str] = {}
    attempts: dict[tuple[str, str], int] = {}
    running: set[tuple[str, str]] = set()
    for event in stated:
        if isinstance(event, CaseStarted):
            key = (event.suite, event.case)
            attempts[key] = attempts.get(key, 0) + 1
            last[key] = "unheard of"
            running.add(key)
        if isinstance(event, CaseFinished):
            key = (event.suite, event.case)
            attempts[key] = attempts.get(key, 0) + (key not in running)
            running.discard(key)
            last[key] = event.outcome.value
    result = fold(stated)
    unheard = "interrupted" if result.exit_code in {None, 2, 3, 130} else "error"
    expected = {key: unheard if status == "unheard of" else status for key, status in last.items()}
    assert {(case.suite, case.id): case.status.value for case in result.cases} == expected
    assert {(case.suite, case.id): len(case.attempts) for case in result.cases} == attempts


def test_a_log_without_facts_is_an_interrupted_run() -> None:
    """Nothing stated is nothing known, and no success."""
    result = fold([])
    assert (result.run_id, result.exit_code, result.is_complete, result.cases) == ("", None, False, ())


def test_a_run_is_what_its_first_and_last_words_say() -> None:
    """Names, seed, begin, duration and exit code are taken over."""
    result = fold([begun(), RunFinished(at=14.0, exit_code=1, duration=3.9)])
    assert (result.run_id, result.ecosystem, result.provider) == ("r1", "shop", "process")
    assert (result.command, result.seed, result.started) == ("harness test", 7, 10.0)
    assert (result.duration, result.exit_code, result.is_complete) == (3.9, 1, True)


def test_a_killed_run_lasts_until_the_last_thing_known_of_it() -> None:
    """Cases that ran then are listed as interrupted, with the time they had."""
    result = fold([begun(), started(11.0, "a"), started(11.5, "b", "gw1"), finished(13.0, case="a")])
    assert not result.is_complete
    assert result.duration == 3.0
    (case,) = result.interrupted
    assert (case.id, case.last.worker, case.duration, case.last.finished) == ("b", "gw1", 1.5, 13.0)


def test_no_case_outlives_its_environment() -> None:
    """What a run does after its teardown is not the time of a case that nobody heard the end of."""
    stopped = EnvironmentStopped(at=14.0, environment_id="e", duration=1.0)
    result = fold([begun(), started(11.0), stopped, RunFinished(at=30.0, exit_code=130, duration=20.0)])
    (case,) = result.interrupted
    assert (case.duration, result.suites[0].duration) == (2.0, 2.0)


@pytest.mark.parametrize(
    ("exit_code", "status"),
    [
        (ExitCode.INTERRUPTED, Status.INTERRUPTED),
        (ExitCode.ENVIRONMENT, Status.INTERRUPTED),
        (ExitCode.SUITE_FAILED, Status.ERROR),
        (ExitCode.OK, Status.ERROR),
    ],
)
def test_a_case_whose_process_died_is_an_error(exit_code: ExitCode, status: Status) -> None:
    """In a run that was not cut short nobody else can have ended it."""
    result = fold([begun(), started(11.0), RunFinished(at=12.0, exit_code=exit_code, duration=2.0)])
    assert [case.status for case in result.bad] == [status]
    assert result.totals.bad == (status is Status.ERROR)


def test_a_rerun_keeps_the_earlier_attempt() -> None:
    """The last attempt counts; the one before is kept, and the case is called flaky."""
    events = [started(1.0), finished(1.5, Outcome.FAILED, message="boom"), started(2.0), finished(2.5)]
    (case,) = fold(events).cases
    assert case.status is Status.PASSED
    assert [(a.status, a.message) for a in case.earlier] == [(Status.FAILED, "boom")]
    assert case.is_flaky
    assert not case.is_bad


def test_a_crashed_worker_leaves_an_interrupted_attempt() -> None:
    """Begun twice and ended once: the first attempt was lost with its worker."""
    (case,) = fold([started(1.0, worker="gw0"), started(3.0, worker="gw1"), finished(3.5)]).cases
    assert [(a.status, a.started, a.finished, a.worker) for a in case.earlier] == [
        (Status.INTERRUPTED, 1.0, 3.0, "gw0")
    ]
    assert case.status is Status.PASSED


def test_an_end_without_a_begin_is_a_case_all_the_same() -> None:
    """Its begin is reckoned from its duration."""
    (case,) = fold([finished(3.5)]).cases
    assert (case.last.started, case.last.finished) == (3.0, 3.5)


def test_suites_are_known_from_collection_also_when_nothing_of_them_ran() -> None:
    """What was collected and never begun is counted as not run."""
    result = fold([SuitesCollected(at=1.0, by_suite={"e2e": 4, "api": 3}, by_layer={}), finished(2.0)])
    assert [(s.name, s.collected, len(s.cases), s.not_run) for s in result.suites] == [
        ("e2e", 4, 0, 4),
        ("api", 3, 1, 2),
    ]
    assert result.not_run == 6


def test_the_pyramid_is_compared_with_what_is_asked() -> None:
    """Shares are of all cases; a layer of another name has a share and no target."""
    layers = {"unit": 5, "e2e": 1, "manual": 4}
    result = fold([SuitesCollected(at=1.0, by_suite={}, by_layer=layers)])
    assert result.layers == (
        Layer("unit", 5, 0.5, 0.7),
        Layer("integration", 0, 0.0, 0.2),
        Layer("e2e", 1, 0.1, 0.1),
        Layer("manual", 4, 0.4, None),
    )


def test_a_rerun_measures_its_figures_anew() -> None:
    """Figures of an attempt that was repeated are not mixed with those of the repetition."""

    def figure(value: float) -> FigureMeasured:
        return FigureMeasured(
            at=1.0, case="t", figure="p95", value=value, unit="ms", limit="< 5 ms", is_ok=value < 5
        )

    result = fold([started(1.0), figure(9.0), started(2.0), figure(1.0), figure(2.0), finished(2.5)])
    assert [(f.value, f.is_ok) for f in result.figures] == [(1.0, True), (2.0, True)]


def test_coverage_is_by_file_and_in_total() -> None:
    """A file stated again is replaced; files come in the order of their names."""
    result = fold(
        [
            CoverageMeasured(at=1.0, files={"b.py": (1, 4), "a.py": (2, 2)}),
            CoverageMeasured(at=2.0, files={"b.py": (3, 4)}),
        ]
    )
    assert [(f.path, f.covered, f.total) for f in result.coverage] == [("a.py", 2, 2), ("b.py", 3, 4)]
    assert result.total_coverage is not None
    assert result.total_coverage.share == 5 / 6
    assert fold([]).total_coverage is None


def test_seed_data_is_kept() -> None:
    """What was seeded is part of the result."""
    result = fold([DataSeeded(at=1.0, counts={"users": 3}, digest="d1", duration=0.1)])
    assert result.seeded == Seeded({"users": 3}, "d1", 0.1)


def test_the_slowest_cases_come_first() -> None:
    """As many as asked for, longest first."""
    ends = [
        CaseFinished(at=9.0, case=str(n), suite="api", outcome=Outcome.PASSED, duration=n / 10)
        for n in range(9)
    ]
    assert [case.id for case in fold(ends).slowest(3)] == ["8", "7", "6"]
