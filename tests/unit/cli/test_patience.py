"""A teardown is waited for as long as the person wants to."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from harness.cli.patience import patiently
from harness.keeper.client import Lease


class FakeLease:
    """Can be closed."""

    is_closed = False

    def close(self) -> None:
        """Remember it."""
        self.is_closed = True


def interrupted(times: int) -> Callable[[], str]:
    """A wait in which the person presses Ctrl-C so many times."""
    ends = iter([KeyboardInterrupt()] * times)

    def wait() -> str:
        for interrupt in ends:
            raise interrupt
        return "ended"

    return wait


@pytest.mark.parametrize("times", [0, 1])
def test_one_interrupt_waits_on(times: int, capsys: pytest.CaptureFixture[str]) -> None:
    """And says what another one does."""
    lease: Any = FakeLease()
    assert patiently(cast("Lease", lease), interrupted(times)) == "ended"
    assert not lease.is_closed
    assert capsys.readouterr().err.count("once more") == times


def test_the_second_interrupt_leaves() -> None:
    """Nobody waits then, which makes the keeper hurry."""
    lease: Any = FakeLease()
    with pytest.raises(KeyboardInterrupt):
        patiently(cast("Lease", lease), interrupted(2))
    assert lease.is_closed
