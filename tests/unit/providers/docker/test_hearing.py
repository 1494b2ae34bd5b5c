"""Whether a signal would be heard is seen where it can be, and assumed where it cannot."""

from pathlib import Path
from typing import Any

import pytest

from harness.providers.docker import hearing
from harness.providers.docker.hearing import hears

ID = "c0ffee"
TERM = 1 << 14


class Container:
    """Its first process is number 7."""

    id = ID
    attrs: dict[str, Any] = {"State": {"Pid": 7}}  # noqa: RUF012 - only read

    def reload(self) -> None:
        """Known already."""


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A /proc with that process, which hears nothing."""
    monkeypatch.setattr(hearing, "_PROC", tmp_path)
    (tmp_path / "7" / "task" / "7").mkdir(parents=True)
    (tmp_path / "7" / "cgroup").write_text(f"1:memory:/docker/{ID}\n")
    (tmp_path / "7" / "task" / "7" / "wchan").write_text("do_select")
    write(tmp_path)
    return tmp_path


def write(proc: Path, caught: int = 0, blocked: int = 0) -> None:
    """Its masks."""
    (proc / "7" / "status").write_text(f"Name:\tx\nSigBlk:\t{blocked:016x}\nSigCgt:\t{caught:016x}\n")


def hears_(name: str) -> bool:
    """Of the container above."""
    return hears(Container(), name)  # type: ignore[arg-type]  # a double


@pytest.mark.parametrize("name", ["SIGTERM", "TERM", "15"])
def test_only_what_has_a_handler_is_heard(proc: Path, name: str) -> None:
    """However the file spells the signal."""
    assert not hears_(name)
    write(proc, caught=TERM)
    assert hears_(name)


def test_blocked_is_waited_for(proc: Path) -> None:
    """As by inits."""
    write(proc, blocked=TERM)
    assert hears_("SIGTERM")
    assert not hears_("SIGINT")


@pytest.mark.parametrize("place", ["do_sigtimedwait", "0", ""])
def test_a_thread_that_may_take_signals_without_a_handler(proc: Path, place: str) -> None:
    """Or that does not sleep: asked politely, to be sure."""
    (proc / "7" / "task" / "8").mkdir()
    (proc / "7" / "task" / "8" / "wchan").write_text(place)
    assert hears_("SIGTERM")


def test_what_cannot_be_seen_is_asked(proc: Path) -> None:
    """A process of another machine, another process of that number here, a signal nobody knows."""
    assert hears_("SIGNOTHING")
    (proc / "7" / "cgroup").write_text("1:memory:/docker/another\n")
    assert hears_("SIGTERM")
    (proc / "7" / "cgroup").unlink()
    assert hears_("SIGTERM")
