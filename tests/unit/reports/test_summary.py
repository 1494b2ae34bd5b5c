"""The Markdown summary says first what matters first, and always fits."""

from collections.abc import Callable

import pytest

from harness.events.facts import CaseFinished, Event, Outcome, SuitesCollected
from harness.reports import summary
from harness.results import RunResult, fold
from tests.unit.reports import sample_runs

MEBIBYTE = 2**20


def test_failing_snapshot(failing: RunResult, snapshot: Callable[[str, str], None]) -> None:
    """A run with failures, as a person sees it in CI."""
    snapshot("failing.summary.md", summary.render(failing))


@pytest.mark.parametrize("name", ["passing", "broken", "interrupted", "left_behind"])
def test_snapshots(name: str, snapshot: Callable[[str, str], None]) -> None:
    """Each verdict has its own words."""
    snapshot(f"{name}.summary.md", summary.render(fold(getattr(sample_runs, name)())))


def failed(number: int, details: str, name: str = "t") -> CaseFinished:
    """A failing case."""
    case = f"{name}{number}"
    message = "m" * 500
    return CaseFinished(
        at=1.0, case=case, suite="api", outcome=Outcome.FAILED, duration=0.1, message=message, details=details
    )


def test_it_fits_whatever_happened() -> None:
    """Ten thousand failures with long tracebacks of wide characters: cut, and said so."""
    text = summary.render(fold([failed(n, "\N{PILE OF POO}" * 5_000) for n in range(10_000)]))
    assert len(text.encode()) <= summary.LIMIT < MEBIBYTE
    assert text.startswith("## ")
    assert "more entries did not fit in here" in text
    assert text.count("<details>") == text.count("</details>") > 10


def test_many_suites_fit_as_well() -> None:
    """No part of a run is taken to be small."""
    events: list[Event] = [
        SuitesCollected(at=1.0, by_suite={f"suite {n}" * 20: 1 for n in range(20_000)}, by_layer={})
    ]
    assert len(summary.render(fold(events)).encode()) <= summary.LIMIT


def test_captured_text_cannot_become_markup() -> None:
    """Names and messages stay words: no HTML, no table cell, no link, no mention of a user."""
    name = "<img src=x>|`**@octocat**`[a](b)\n## c"
    text = summary.render(fold([failed(1, "", name)]))
    for markup in ("<img", "@octocat", "**@", "[a](b)", "\n## c", "|`"):
        assert markup not in text


def test_a_traceback_cannot_leave_its_code_block() -> None:
    """The fence is longer than any run of backticks inside."""
    text = summary.render(fold([failed(1, "```\n</details>\n````")]))
    assert "`````text\n```\n</details>\n````\n`````" in text
