"""The same cases in several places: alike, contrary, or not tried everywhere."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from harness.events.facts import (
    CaseFinished,
    CaseStarted,
    Event,
    Outcome,
    OutcomesElsewhere,
    RunFinished,
    RunStarted,
)
from harness.results import fold
from harness.results.cases import Status
from harness.results.elsewhere import Elsewhere, Ended, compare

OUTCOMES = st.dictionaries(
    st.sampled_from(["t::a", "t::b", "t::c"]),
    st.builds(Ended, st.sampled_from(["api", "e2e"]), st.sampled_from(Status), st.sampled_from(["", "why"])),
)


def _run(provider: str, /, **outcomes: Status) -> Elsewhere:
    return Elsewhere(
        provider, f"run-{provider}", {name: Ended("api", status) for name, status in outcomes.items()}
    )


def test_all_alike() -> None:
    """Errors are failures, and unexpected passes are passes: what counts is good, bad or not tried."""
    own = _run("process", a=Status.PASSED, b=Status.FAILED, c=Status.SKIPPED)
    comparison = compare(own, [_run("docker", a=Status.XPASSED, b=Status.ERROR, c=Status.XFAILED)])
    assert comparison.places == ("process", "docker")
    assert (comparison.cases, comparison.same, comparison.differences) == (3, 3, ())


def test_what_differs() -> None:
    """Good here and bad there is contrary; skipped or absent in a place is not tried there."""
    own = _run("process", a=Status.PASSED, b=Status.PASSED, c=Status.PASSED)
    comparison = compare(
        own, [_run("docker", a=Status.INTERRUPTED, b=Status.SKIPPED), _run("kubernetes", a=Status.PASSED)]
    )
    assert [each.case for each in comparison.contrary] == ["a"]
    assert [each.case for each in comparison.untried] == ["b", "c"]
    assert comparison.untried[1].ended[1:] == (None, None)
    assert [totals.passed for totals in comparison.suites[0].totals] == [3, 0, 1]
    assert comparison.same == 0


def test_runs_of_one_provider_are_told_apart() -> None:
    """Two runs in the same place are named by their ids as well."""
    runs = [_run("process", a=Status.PASSED), _run("docker", a=Status.PASSED)]
    assert compare(runs[0], [runs[1], runs[0]]).places == (
        "process (run-process)",
        "docker",
        "process (run-process)",
    )


@given(OUTCOMES, st.lists(OUTCOMES, max_size=3))
def test_every_case_is_counted_once(own: Mapping[str, Ended], others: list[Mapping[str, Ended]]) -> None:
    """Alike and different cases are all there are; no suite counts more of them than were run in it anywhere."""
    runs = [Elsewhere("p", str(number), outcomes) for number, outcomes in enumerate(others)]
    comparison = compare(Elsewhere("p", "own", own), runs)
    assert comparison.same + len(comparison.contrary) + len(comparison.untried) == comparison.cases
    assert comparison.cases == len({case for outcomes in (own, *others) for case in outcomes})
    assert comparison == compare(Elsewhere("p", "own", own), runs)
    if not others:
        assert comparison.differences == ()


class TestFold:
    """What a log states of other runs."""

    def test_a_later_comparison_replaces_the_earlier(self) -> None:
        """Others are numbered from 0; the next 0 begins anew."""
        stated = [_elsewhere(0, "docker"), _elsewhere(1, "kubernetes"), _elsewhere(0, "existing")]
        assert [other.provider for other in fold(stated[:2]).elsewhere] == ["docker", "kubernetes"]
        assert [other.provider for other in fold(stated).elsewhere] == ["existing"]

    def test_a_run_is_as_long_as_it_was(self) -> None:
        """A comparison is stated long after a run, which it does not lengthen; a killed one neither."""
        run: list[Event] = [
            RunStarted(at=1.0, run_id="r", ecosystem="e", provider="process", command="c", seed=1),
            CaseStarted(at=2.0, case="t::a", suite="api", worker="main"),
            CaseFinished(at=3.0, case="t::a", suite="api", outcome=Outcome.PASSED, duration=1.0),
        ]
        for facts in (run, [*run, RunFinished(at=4.0, exit_code=0, duration=3.0)]):
            assert fold([*facts, _elsewhere(0, "docker", at=1000.0)]).duration == fold(facts).duration

    def test_an_outcome_of_a_newer_version_is_not_good(self) -> None:
        """What this version does not know it does not call a pass."""
        [other] = fold([_elsewhere(0, "docker", outcome="deferred")]).elsewhere
        assert other.outcomes["t::a"] == Ended("api", Status.ERROR, "")


def _elsewhere(number: int, provider: str, *, at: float = 9.0, outcome: str = "passed") -> OutcomesElsewhere:
    return OutcomesElsewhere(
        at=at, number=number, provider=provider, run_id="r", outcomes={"t::a": ("api", outcome, "")}
    )
