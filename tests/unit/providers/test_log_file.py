"""A log on a disk that is full: what is left out is told, and the rest is whole."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.providers.log_file import LogFile

ROOM = 40  # bytes


@contextmanager
def little_room() -> Iterator[None]:
    """Files cannot grow beyond that: the kernel writes what fits, and refuses the rest, as where a disk is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def told() -> list[OSError]:
    """What is told."""
    return []


@pytest.fixture
def log(tmp_path: Path, told: list[OSError]) -> Iterator[LogFile]:
    """A log."""
    log = LogFile(tmp_path / "web.log", told.append)
    yield log
    log.close()


def test_lines_are_appended(log: LogFile, tmp_path: Path, told: list[OSError]) -> None:
    """Each with its stamp."""
    log.append("1.000", ["one", "two"])
    log.append("2.000", ["three"])
    assert (tmp_path / "web.log").read_text() == "1.000 one\n1.000 two\n2.000 three\n"
    assert not told


def test_what_does_not_fit_is_told_once_and_counted(
    log: LogFile, tmp_path: Path, told: list[OSError]
) -> None:
    """No line is torn, and once there is room the log goes on and says what it lacks."""
    log.append("1.000", ["fits"])
    with little_room():
        log.append("2.000", ["x" * ROOM, "and more"])
        log.append("3.000", ["x" * ROOM])
        assert (tmp_path / "web.log").read_text() == "1.000 fits\n"
    log.append("4.000", ["fits again"])
    log.append("5.000", ["and this"])
    assert (tmp_path / "web.log").read_text().splitlines() == [
        "1.000 fits",
        "4.000 [3 lines are missing here: File too large]",
        "4.000 fits again",
        "5.000 and this",
    ]
    assert [error.strerror for error in told] == ["File too large"]
