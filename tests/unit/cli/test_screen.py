"""Errors as people read them."""

import pytest

from harness.cli.screen import tell, warn
from harness.core.errors import EnvironmentFailedError


def test_an_error_is_told_in_its_order(capsys: pytest.CaptureFixture[str]) -> None:
    """One line first, then what was seen and what else went wrong, then what to do; to standard error."""
    error = EnvironmentFailedError("web [x] ended", hint="look at [the] log", evidence=["[red]line[/]"])
    error.add_note("also: db")
    tell(error)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["error: web [x] ended", "  [red]line[/]", "  also: db", "→ look at [the] log"]


def test_long_lines_are_not_broken(capsys: pytest.CaptureFixture[str]) -> None:
    """A path can be copied as a whole."""
    warn("a" * 300)
    assert capsys.readouterr().err == f"warning: {'a' * 300}\n"
