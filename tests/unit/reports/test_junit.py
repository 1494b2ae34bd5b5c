"""CI systems read the JUnit XML whatever a test printed."""

from collections.abc import Callable
from xml.etree.ElementTree import Element

import pytest

from harness.events.facts import CaseFinished, CaseStarted, Outcome
from harness.reports import junit
from harness.reports.junit import OUTPUT_LIMIT
from harness.results import RunResult, fold
from tests.unit.reports import sample_runs
from tests.unit.reports.reading import xml


def only_case(event: CaseFinished, *before: CaseFinished | CaseStarted) -> Element:
    """The testcase element of a run of one case."""
    found = xml(junit.render(fold([*before, event]))).find(".//testcase")
    assert found is not None
    return found


def ended(outcome: Outcome, at: float = 2.0, message: str = "", details: str = "") -> CaseFinished:
    """The end of a case."""
    case = "tests/api/test_a.py::TestA::test_b[x::y]"
    return CaseFinished(
        at=at, case=case, suite="api", outcome=outcome, duration=0.25, message=message, details=details
    )


def test_snapshot(snapshot: Callable[[str, str], None]) -> None:
    """Failures, an error, attempts, attributes and properties, as CI gets them."""
    stated = [*sample_runs.begin(), *sample_runs.start(), *sample_runs.failures(), *sample_runs.end(1)]
    snapshot("failures.junit.xml", junit.render(fold(stated)).decode())


def test_class_and_name_are_those_that_pytest_writes() -> None:
    """Histories of CI systems are kept by these two; parameters may hold anything."""
    case = only_case(ended(Outcome.PASSED))
    assert (case.get("classname"), case.get("name")) == ("tests.api.test_a.TestA", "test_b[x::y]")
    assert case.get("time") == "0.250"
    assert [child.tag for child in case] == []


@pytest.mark.parametrize(
    ("outcome", "tag"),
    [
        (Outcome.FAILED, "failure"),
        (Outcome.ERROR, "error"),
        (Outcome.SKIPPED, "skipped"),
        (Outcome.XFAILED, "skipped"),
    ],
)
def test_how_a_case_ended(outcome: Outcome, tag: str) -> None:
    """One element says it, with its message."""
    (element,) = only_case(ended(outcome, message="because\nof this"))
    assert (element.tag, element.get("type"), element.get("message")) == (
        tag,
        outcome.value,
        "because of this",
    )


def test_a_case_that_was_not_let_end_has_no_verdict() -> None:
    """It is not missing, and it is no failure."""
    result = fold([CaseStarted(at=1.0, case="t", suite="api")])
    (element,) = xml(junit.render(result)).iter("skipped")
    assert element.get("type") == "interrupted"


def test_earlier_attempts_are_told_as_surefire_tells_them() -> None:
    """Flaky when the case passed in the end, rerun when it did not."""
    first = ended(Outcome.FAILED, at=1.0, message="first")
    assert [e.tag for e in only_case(ended(Outcome.PASSED), first)] == ["flakyFailure"]
    assert [e.tag for e in only_case(ended(Outcome.FAILED), first)] == ["failure", "rerunFailure"]


def test_illegal_characters_and_colours_do_not_break_the_document() -> None:
    """Control characters are written out, colours dropped, markup kept as text."""
    case = only_case(ended(Outcome.FAILED, message="\x00<b>&", details="\x1b[31mred\x1b[0m \ud800 ]]>"))
    (failure,) = case
    assert failure.get("message") == "#x00<b>&"
    assert failure.text == "red #xD800 ]]>"


def test_output_and_component_logs_are_in_system_out(failing: RunResult) -> None:
    """What the case printed comes first, what each component logged meanwhile follows."""
    root = xml(junit.render(failing))
    texts = {case.get("name"): case.findtext("system-out") or "" for case in root.iter("testcase")}
    told = texts["test_create_user_conflict"]
    assert told.index("Captured log call") < told.index("log of test-database during this case")
    assert "duplicate key value" in told


def test_output_is_cut() -> None:
    """A case that prints without end does not make the document unreadable."""
    event = CaseFinished(
        at=1.0,
        case="t",
        suite="api",
        outcome=Outcome.FAILED,
        duration=0.1,
        output={"Captured stderr": "x" * 10**6},
    )
    case = only_case(event)
    assert case.find("system-out") is None
    assert OUTPUT_LIMIT <= len(case.findtext("system-err") or "") < OUTPUT_LIMIT + 100


def test_a_broken_environment_is_no_tests_failure() -> None:
    """It is told in a suite without cases, and nothing is counted."""
    root = xml(junit.render(fold(sample_runs.broken())))
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("0", "0", "0")
    (environment,) = root
    assert environment.get("name") == "environment"
    assert "exit code 1" in (environment.findtext("system-err") or "")
