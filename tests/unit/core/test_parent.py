"""What is started ends with whoever started it."""

import subprocess
import sys

import pytest

from harness.core.parent import die_with_parent


def ran(source: str) -> int:
    """The exit code of a program that has our functions."""
    argv = [sys.executable, "-c", f"import os; from harness.core.parent import *; {source}"]
    return subprocess.run(argv, check=False).returncode  # noqa: S603 - ourselves


def test_a_parent_that_ended_before_it_was_asked_counts_too() -> None:
    """The kernel tells only of ends to come."""
    assert ran("die_with_parent(os.getpid())") == 1


def test_a_parent_that_lives_is_none_to_die_with() -> None:
    """Nothing happens for now."""
    assert ran("die_with_parent(os.getppid())") == 0


def test_elsewhere_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without prctl(2)."""
    monkeypatch.setattr("harness.core.parent._libc", None)
    die_with_parent(0)
