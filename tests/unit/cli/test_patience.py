"""A teardown is waited for as long as the person wants to."""

from collections.abc import Callable
from typing import Any

import pytest

from harness.cli.patience import patiently


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


@pytest.mark.parametrize(
    ("times", "is_interrupted", "is_told"), [(0, False, False), (1, False, True), (0, True, True)]
)
def test_one_interrupt_waits_on(
    times: int, is_interrupted: bool, is_told: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """And says what another one does; it may be why there is a teardown at all."""
    lease: Any = FakeLease()
    assert patiently(lease, interrupted(times), is_interrupted=is_interrupted) == "ended"
    assert not lease.is_closed
    assert ("once more" in capsys.readouterr().err) == is_told


@pytest.mark.parametrize(("times", "is_interrupted"), [(2, False), (1, True)])
def test_the_second_interrupt_leaves(times: int, is_interrupted: bool) -> None:
    """Nobody waits then, which makes the keeper hurry."""
    lease: Any = FakeLease()
    with pytest.raises(KeyboardInterrupt):
        patiently(lease, interrupted(times), is_interrupted=is_interrupted)
    assert lease.is_closed
