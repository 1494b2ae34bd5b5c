"""How a component is asked to end."""

import signal
from pathlib import Path

import pytest

from harness.providers.process.children.stop_signal import polite_signal
from harness.spec.model import Component, Location

HERE = Location(Path("compose.yml"), 1)


@pytest.mark.parametrize("written", ["SIGINT", "sigint", "INT", "2"])
def test_a_signal_is_known_by_name_and_number(written: str) -> None:
    """As Docker writes it."""
    assert polite_signal(Component("web", HERE, stop_signal=written)) is signal.SIGINT


def test_the_usual_one_is_sigterm() -> None:
    """Where the file is silent."""
    assert polite_signal(Component("web", HERE)) is signal.SIGTERM


@pytest.mark.parametrize("written", ["SIGNOTHING", "999", ""])
def test_an_unknown_one_is_a_fault(written: str) -> None:
    """Whether by name or by number."""
    with pytest.raises(ValueError, match="signal"):
        polite_signal(Component("web", HERE, stop_signal=written))
