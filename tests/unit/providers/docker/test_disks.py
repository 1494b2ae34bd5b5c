"""How a container's tmpfs is filled and freed, and what is told when it cannot be."""

from typing import Any

import pytest
from docker.errors import APIError

from harness.core.errors import EnvironmentFailedError, UsageError
from harness.providers.docker import disks
from tests.doubles.images import refusal

FULL = (1, b"dd: error writing '/data/.harness-ballast': No space left on device\n")
DONE = (0, b"")


class FakeContainer:
    """Answers to commands by their names, and writes down what was asked of it."""

    def __init__(self, status: str = "running", **answers: tuple[int, bytes] | APIError) -> None:
        self.status = status
        self.journal: list[str] = []
        self._answers = answers

    def exec_run(self, argv: list[str], **how: Any) -> tuple[int, bytes]:
        """Say what is to be said."""
        assert how == {"user": "0", "environment": {"LC_ALL": "C"}}
        assert self.status == "running"
        self.journal.append(argv[0])
        answer = self._answers[argv[0]]
        if isinstance(answer, APIError):
            raise answer
        return answer

    def reload(self) -> None:
        """It is known."""

    def pause(self) -> None:
        """Stand still."""
        self.journal.append("pause")
        self.status = "paused"

    def unpause(self) -> None:
        """Go on."""
        self.journal.append("unpause")
        self.status = "running"


def test_it_is_full_when_dd_says_so() -> None:
    """And stays so."""
    container = FakeContainer(dd=FULL)
    disks.fill(container, "/data", 1 << 20)  # type: ignore[arg-type]  # a double
    assert container.journal == ["dd"]


@pytest.mark.parametrize(
    ("answer", "told", "journal"),
    [
        (DONE, "dd ended with 0", ["dd", "rm"]),
        (
            (1, b"dd: failed to open '/data/.harness-ballast': Permission denied"),
            "Permission denied",
            ["dd", "rm"],
        ),
        ((127, b'exec: "dd": executable file not found in $PATH'), "not found", ["dd"]),
        (refusal(400, "OCI runtime exec failed"), "exec failed", ["dd"]),
    ],
)
def test_what_cannot_be_filled_is_left_as_it_was(
    answer: tuple[int, bytes] | APIError, told: str, journal: list[str]
) -> None:
    """And the reason is told; where there is no dd, there may be no rm either, and nothing to remove."""
    container = FakeContainer(dd=answer, rm=DONE)
    with pytest.raises(UsageError, match=told):
        disks.fill(container, "/data", 1 << 20)  # type: ignore[arg-type]  # a double
    assert container.journal == journal


@pytest.mark.parametrize(
    ("status", "journal"),
    [("running", ["rm"]), ("paused", ["unpause", "rm", "pause"]), ("exited", [])],
)
def test_it_is_freed_in_every_state(status: str, journal: list[str]) -> None:
    """What stands still goes on for a moment, for nothing can be run in it otherwise."""
    container = FakeContainer(status, rm=DONE)
    disks.free(container, "/data")  # type: ignore[arg-type]  # a double
    assert (container.journal, container.status) == (journal, status)


def test_what_cannot_be_freed_is_an_error() -> None:
    """It would look full to every test that follows."""
    with pytest.raises(EnvironmentFailedError, match="busy"):
        disks.free(FakeContainer(rm=(1, b"rm: busy")), "/data")  # type: ignore[arg-type]  # a double
