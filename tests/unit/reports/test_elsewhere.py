"""What the reports of a run say of the same cases in other places."""

import json

import pytest

from harness.events.facts import CaseFinished, CaseStarted, Event, Outcome, OutcomesElsewhere, RunStarted
from harness.reports import html, results_json, summary
from harness.reports.elsewhere import heading, tally, told
from harness.results import RunResult, fold
from harness.results.cases import Status, Totals
from harness.results.elsewhere import Difference, Ended


def _compared(*outcomes: str, message: str = "") -> RunResult:
    """A run with one case that passed, and one other run for each outcome."""
    stated: list[Event] = [
        RunStarted(at=1.0, run_id="r", ecosystem="e", provider="process", command="c", seed=1),
        CaseStarted(at=2.0, case="t::a", suite="api", worker="main"),
        CaseFinished(at=3.0, case="t::a", suite="api", outcome=Outcome.PASSED, duration=1.0),
    ]
    for number, outcome in enumerate(outcomes):
        ended = {"t::a": ("api", outcome, message)}
        stated.append(
            OutcomesElsewhere(at=9.0, number=number, provider=f"p{number}", run_id="r", outcomes=ended)
        )
    return fold(stated)


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        (("passed",), "All 1 case ended alike on process and p0"),
        (
            ("passed", "skipped"),
            "0 of 1 case ended alike on process, p0 and p1; the others were not tried everywhere",
        ),
        (("passed", "error"), "1 case ended differently on process, p0 and p1"),
    ],
)
def test_heading(outcomes: tuple[str, ...], said: str) -> None:
    """One sentence: alike, not tried everywhere, or different."""
    comparison = _compared(*outcomes).comparison
    assert comparison is not None
    assert heading(comparison) == said


def test_cells() -> None:
    """Only what there is is counted; where nothing was run stands a dash."""
    assert (
        tally(Totals.of_statuses([Status.PASSED, Status.ERROR, Status.XFAILED]))
        == "1 passed, 1 failed, 1 skipped"
    )
    assert tally(Totals.of_statuses([])) == "–"  # noqa: RUF001 - the dash of all reports
    ended = (Ended("api", Status.PASSED), None)
    assert told(("process", "docker"), Difference("t::a", ended)) == "process passed, docker not run"


def test_every_format_has_it() -> None:
    """The page, the summary and the JSON tell the same; captured text is no markup."""
    result = _compared("failed", message="<b>why</b>")
    form = json.loads(results_json.render(result))["elsewhere"]
    assert form == {
        "places": ["process", "p0"],
        "cases": 1,
        "same": 0,
        "missing": {},
        "differences": [{"name": "t::a", "contrary": True, "ended": ["passed", "failed"]}],
    }
    page, text = html.render(result), summary.render(result)
    assert "| api | 1 | 1 passed | 1 failed | 0 |" in text
    assert "❌ <code>t::a</code>: process passed, p0 failed (&#60;b&#62;why&#60;/b&#62;)" in text
    assert "process passed, p0 failed" in page
    assert "&lt;b&gt;why&lt;/b&gt;" in page
    assert "<b>why" not in page + text


def test_nothing_is_said_of_a_run_alone() -> None:
    """A run that was compared with none has no such section."""
    result = _compared()
    assert json.loads(results_json.render(result))["elsewhere"] is None
    assert 'id="elsewhere"' not in html.render(result)
    assert "alike" not in summary.render(result)
