"""A killed server's shared memory goes, and nobody else's."""

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.providers.process.storage.segments import release_segments

IPC_RMID, IPC_CREAT, IPC_EXCL = 0, 0o1000, 0o2000
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.shmat.restype = ctypes.c_void_p
SHARED_MEMORY = Path("/proc/sysvipc/shm")


class Segment:
    """A real segment."""

    def __init__(self, key: int) -> None:
        self.key = key
        self.id = LIBC.shmget(key, 56, IPC_CREAT | IPC_EXCL | 0o600)
        assert self.id >= 0

    @property
    def exists(self) -> bool:
        """Whether it is still there under its key."""
        return bool(LIBC.shmget(self.key, 0, 0) == self.id)


@pytest.fixture(params=[1, -1])
def segment(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Segment]:
    """One that is gone afterwards; its key is made from a file, as Postgres does it."""
    made = Segment(ctypes.c_int32(request.param * tmp_path.stat().st_ino).value)
    yield made
    LIBC.shmctl(made.id, IPC_RMID, None)


def leave(folder: Path, line: str | None, pid: int | None = None) -> Path:
    """What a server that was killed leaves in its data directory; without a line, killed before it wrote that one."""
    data = folder / "db" / "data"
    data.mkdir(parents=True, exist_ok=True)
    lines = [str(pid or os.getpid()), str(data), "1795236438", "41873", str(folder), "127.0.0.1"]
    lines += [] if line is None else [line, "ready"]
    (data / "postmaster.pid").write_text("\n".join(lines) + "\n")
    return data


def test_the_segment_that_the_server_wrote_down_goes(tmp_path: Path, segment: Segment) -> None:
    """A second time there is nothing to do."""
    leave(tmp_path, f"  {ctypes.c_uint32(segment.key).value}    {segment.id}")
    release_segments(tmp_path)
    assert not segment.exists
    release_segments(tmp_path)


def test_one_that_a_dying_child_is_attached_to_goes_with_the_child(tmp_path: Path, segment: Segment) -> None:
    """The folder is gone by then: later nobody would know of it."""
    leave(tmp_path, f"{segment.key} {segment.id}")
    attached = ctypes.c_void_p(LIBC.shmat(segment.id, None, 0))
    release_segments(tmp_path)
    LIBC.shmdt(attached)
    assert str(segment.id) not in SHARED_MEMORY.read_text().split()


def test_one_that_the_server_did_not_come_to_write_down_goes(tmp_path: Path) -> None:
    """Its key is made from the data directory."""
    data = leave(tmp_path, None)
    made = Segment(ctypes.c_int32(data.stat().st_ino).value)
    release_segments(tmp_path)
    assert not made.exists


def test_one_under_another_key_stays(tmp_path: Path, segment: Segment) -> None:
    """Ids are given out again."""
    leave(tmp_path, f"{segment.key + 1} {segment.id}")
    release_segments(tmp_path)
    assert segment.exists


def test_one_that_another_process_made_stays(tmp_path: Path, segment: Segment) -> None:
    """Inode numbers, and with them keys, are given out again."""
    leave(tmp_path, f"{segment.key} {segment.id}", pid=os.getppid())
    release_segments(tmp_path)
    assert segment.exists


@pytest.mark.parametrize("line", ["", "one", "1 2 3"])
def test_a_line_that_says_nothing_is_passed_over(tmp_path: Path, line: str) -> None:
    """So is a folder without servers."""
    release_segments(tmp_path)
    leave(tmp_path, line)
    release_segments(tmp_path)
    assert (tmp_path / "db" / "data" / "postmaster.pid").exists()


def test_another_sweep_may_be_quicker(
    tmp_path: Path, segment: Segment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it has removed since we saw it is no error, and the others go."""
    gone = tmp_path / "cache" / "data" / "postmaster.pid"
    kept = leave(tmp_path, f"{segment.key} {segment.id}") / "postmaster.pid"
    monkeypatch.setattr(Path, "glob", lambda _folder, _pattern: iter([gone, kept]))
    release_segments(tmp_path)
    assert not segment.exists
