"""Errors as people read them."""

from io import StringIO

import pytest
from rich.console import Console

from harness.cli import screen
from harness.cli.screen import doing, tell, untold, warn
from harness.core.errors import EnvironmentFailedError, ExitCode, TeardownError, UsageError


def test_an_error_is_told_in_its_order(capsys: pytest.CaptureFixture[str]) -> None:
    """One line first, then what was seen and what else went wrong, then what to do; to standard error."""
    error = EnvironmentFailedError("web [x] ended", hint="look at [the] log", evidence=["[red]line[/]"])
    error.add_note("also: db")
    tell(error)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["error: web [x] ended", "  [red]line[/]", "  also: db", "→ look at [the] log"]


def test_of_what_has_been_told_only_the_rest_is(capsys: pytest.CaptureFixture[str]) -> None:
    """What of it could not be torn down, with its exit code; another error is told in full."""
    told = UsageError("web ended", hint="look", evidence=["line"])
    ended = UsageError("web ended", hint="look", evidence=["line", "left behind"])
    for before, expected in (
        (told, ["  left behind"]),
        (UsageError("db ended"), ["error: web ended", "  line", "  left behind", "→ look"]),
        (None, ["error: web ended", "  line", "  left behind", "→ look"]),
    ):
        rest = untold(ended, before)
        tell(rest)
        assert capsys.readouterr().err.splitlines() == expected
        assert rest.exit_code is ExitCode.USAGE


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
