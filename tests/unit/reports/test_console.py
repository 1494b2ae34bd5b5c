"""The end of a run on the terminal."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from harness.events.facts import CaseFinished, Outcome
from harness.reports import console
from harness.results import RunResult, fold
from tests.unit.reports import sample_runs


def shown(result: RunResult, width: int, report: Path | None = None) -> str:
    """What a terminal of `width` columns shows, without colours and trailing blanks."""
    screen = Console(width=width, file=io.StringIO(), record=True)
    screen.print(console.lines(result, width, report))
    return "".join(f"{line.rstrip()}\n" for line in screen.export_text().splitlines())


@pytest.mark.parametrize("name", ["passing", "failing", "broken", "interrupted", "left_behind"])
def test_snapshots(name: str, snapshot: Callable[[str, str], None]) -> None:
    """Each verdict as a person sees it."""
    result = fold(getattr(sample_runs, name)())
    snapshot(f"{name}.console.txt", shown(result, 100, Path("results/latest/report.html")))


def test_no_line_is_wider_than_the_terminal(failing: RunResult) -> None:
    """Long names and messages are cut, not wrapped."""
    assert max(map(len, shown(failing, 60).splitlines())) <= 60


def test_what_people_have_been_told_is_not_told_again() -> None:
    """The verdict stays."""
    screen = Console(width=100, file=io.StringIO(), record=True)
    result = fold(sample_runs.broken())
    assert result.environment.failure is not None
    screen.print(console.lines(result, 100, is_told=True))
    text = screen.export_text()
    assert result.environment.failure.message not in text
    assert "Environment broken" in text


def test_captured_text_is_no_markup() -> None:
    """Square brackets and terminal colours in names are shown, not obeyed."""
    case = CaseFinished(at=1.0, case="t[bold]\x1b[31m", suite="[red]s", outcome=Outcome.FAILED, duration=0.1)
    text = shown(fold([case]), 80)
    assert "FAILED t[bold]" in text
    assert "[red]s" in text


def test_many_failures_are_counted() -> None:
    """The terminal shows the first ones and how many more there are."""
    ends = [
        CaseFinished(at=1.0, case=f"t{n}", suite="api", outcome=Outcome.FAILED, duration=0.1)
        for n in range(console.FAILURES + 5)
    ]
    text = shown(fold(ends), 80)
    assert text.count("FAILED t") == console.FAILURES
    assert "… and 5 more failures" in text
