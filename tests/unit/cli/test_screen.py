"""Errors as people read them."""

from io import StringIO

import pytest
from rich.console import Console

from harness.cli import screen
from harness.cli.screen import doing, tell, warn
from harness.core.errors import EnvironmentFailedError, TeardownError


def test_an_error_is_told_in_its_order(capsys: pytest.CaptureFixture[str]) -> None:
    """One line first, then what was seen and what else went wrong, then what to do; to standard error."""
    error = EnvironmentFailedError("web [x] ended", hint="look at [the] log", evidence=["[red]line[/]"])
    error.add_note("also: db")
    tell(error)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["error: web [x] ended", "  [red]line[/]", "  also: db", "→ look at [the] log"]


def test_evidence_that_the_first_line_has_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    """The only thing that is left over, for example."""
    tell(TeardownError("1 thing could not be torn down: process 42", evidence=["process 42"]))
    assert capsys.readouterr().err.splitlines() == ["error: 1 thing could not be torn down: process 42"]


def test_what_takes_a_moment_is_said_first(capsys: pytest.CaptureFixture[str]) -> None:
    """In a log as a plain line, before it is done."""
    with doing("reading [all]"):
        assert capsys.readouterr().err == "reading [all] …\n"


def test_at_a_terminal_it_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it is done."""
    console = Console(file=StringIO(), force_terminal=True, width=60)
    monkeypatch.setattr(screen, "people", console)
    with doing("reading"):
        pass
    assert isinstance(console.file, StringIO)
    seen = console.file.getvalue()
    assert "reading …" in seen
    assert seen.endswith("\x1b[2K")  # the line is erased


def test_long_lines_are_not_broken(capsys: pytest.CaptureFixture[str]) -> None:
    """A path can be copied as a whole."""
    warn("a" * 300)
    assert capsys.readouterr().err == f"warning: {'a' * 300}\n"
