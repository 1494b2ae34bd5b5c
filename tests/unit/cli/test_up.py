"""What `harness up` says is there, is there."""

from typing import Any

import pytest

from harness.cli.up import _hand_over
from harness.core.errors import EnvironmentFailedError, ExitCode, HarnessError
from harness.keeper.description import EnvironmentDescription
from harness.keeper.protocol import Ending, error_form

DESCRIPTION = EnvironmentDescription("aaaa", "shop", "process", 7, {}, {}, "/r")
GONE = EnvironmentFailedError("web ended with exit code 1")


class FakeLease:
    """A keeper whose environment has started, and what became of it since then."""

    def __init__(self, broken: HarnessError | None = None, ending: Ending | None = None) -> None:
        self._broken = broken
        self._ending = ending
        self.journal: list[str] = []

    def wait_started(self) -> EnvironmentDescription:
        """At once."""
        return DESCRIPTION

    def ask(self, command: str) -> object:
        """Whether it is broken."""
        self.journal.append(command)
        return error_form(self._broken) if self._broken else None

    def release(self) -> Ending | None:
        """None when it goes on."""
        self.journal.append("release")
        return self._ending

    def stop(self) -> Ending:
        """It ends."""
        self.journal.append("stop")
        return Ending(ExitCode.OK)


def test_what_goes_on_is_shown() -> None:
    """Nothing has happened meanwhile."""
    lease: Any = FakeLease()
    assert _hand_over(lease) == DESCRIPTION
    assert lease.journal == ["broken", "release"]


def test_what_broke_meanwhile_is_no_success() -> None:
    """It is told, and nothing of it stays."""
    lease: Any = FakeLease(broken=GONE)
    with pytest.raises(HarnessError, match="web ended with exit code 1"):
        _hand_over(lease)
    assert lease.journal == ["broken", "stop"]


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        (Ending(ExitCode.ENVIRONMENT, GONE), "web ended"),
        (Ending(ExitCode.OK), "it was stopped at the moment"),
    ],
)
def test_what_ended_meanwhile_is_no_success(ending: Ending, told: str) -> None:
    """Whoever ended it."""
    lease: Any = FakeLease(ending=ending)
    with pytest.raises(HarnessError, match=told):
        _hand_over(lease)
