"""Faults as spans of time, and the cases that they overlapped."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from harness.events.facts import CaseFinished, CaseStarted, FaultHealed, FaultInjected, Outcome, WorldOpened
from harness.results import fold
from harness.results.faults import FaultSpan, Overlaps

INSTANTS = st.integers(0, 20).map(float)


def injected(at: float, number: int = 1) -> FaultInjected:
    """A fault begins."""
    return FaultInjected(at=at, number=number, fault="Kill", components=("db",), detail="component='db'")


def healed(at: float, number: int = 1) -> FaultHealed:
    """It ends after a second."""
    return FaultHealed(
        at=at, number=number, fault="Kill", components=("db",), duration=1.0, reason="its owner asked"
    )


def finished(at: float, case: str) -> CaseFinished:
    """A case that took two seconds."""
    return CaseFinished(at=at, case=case, suite="api", outcome=Outcome.PASSED, duration=2.0)


def span(began: float, ended: float | None, reason: str = "its owner asked") -> FaultSpan:
    """What they become."""
    return FaultSpan(1, "Kill", ("db",), "component='db'", began, ended, reason)


def test_a_fault_lasts_from_its_injection_until_it_is_healed() -> None:
    """The same number may come again, in another environment of the run."""
    result = fold([injected(1.0), healed(2.0), injected(5.0), healed(7.0)])
    assert result.environment.faults == (span(1.0, 2.0), span(5.0, 7.0))


def test_what_is_not_stated_is_not_known() -> None:
    """One end may be missing in the log of a killed run."""
    assert fold([injected(1.0)]).environment.faults == (span(1.0, None, ""),)
    (late,) = fold([healed(3.0)]).environment.faults
    assert (late.began, late.ended, late.detail) == (2.0, 3.0, "")


def test_a_case_has_the_faults_that_were_on_while_it_ran() -> None:
    """Not those that end as it begins, or begin as it ends; of several attempts the last one counts."""
    result = fold(
        [
            injected(1.0),
            healed(4.0),
            finished(5.0, "after"),  # it began at 3
            finished(6.0, "beside"),
            injected(6.0, number=2),
            CaseStarted(at=7.0, case="after", suite="api"),
            finished(9.0, "after"),
        ]
    )
    numbers = {case.id: [fault.number for fault in case.faults] for case in result.cases}
    assert numbers == {"after": [2], "beside": []}


@given(st.lists(st.tuples(INSTANTS, st.none() | INSTANTS), max_size=12), INSTANTS, INSTANTS)
def test_overlaps_are_all_found(times: list[tuple[float, float | None]], started: float, took: float) -> None:
    """And nothing else, in the order in which they began."""
    spans = sorted(
        (span(began, None if more is None else began + more) for began, more in times),
        key=lambda fault: fault.began,
    )
    end = started + took
    wanted = [s for s in spans if s.began < end and (s.ended is None or s.ended > started)]
    assert list(Overlaps(spans).of(started, end)) == wanted


def test_a_case_has_the_faults_of_its_own_world() -> None:
    """Each world counts its own, and what goes wrong in one is felt in no other."""
    opened = WorldOpened(at=0.5, world="gw1", duration=0.5)
    inside = replace(injected(1.0), world="gw1"), replace(healed(4.0), world="gw1")
    cases = [replace(finished(3.0, worker), worker=worker) for worker in ("gw0", "gw1")]
    result = fold([opened, inside[0], injected(2.5), *cases, healed(3.5), inside[1]])
    (suite,) = result.suites
    found = {case.id: [(fault.world, fault.began) for fault in case.faults] for case in suite.cases}
    assert found == {"gw0": [("", 2.5)], "gw1": [("gw1", 1.0)]}
    assert [(s.world, s.ended) for s in result.environment.faults] == [("gw1", 4.0), ("", 3.5)]
