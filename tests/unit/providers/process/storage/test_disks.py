"""A folder with a file system of its own: full, free, and gone."""

import ctypes
import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.providers.process.storage import disks
from harness.providers.process.storage.account import Account
from harness.providers.process.storage.folders import remove

SIZE = 1 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """One with a blank in its name, as people's folders have."""
    folder = tmp_path / "the data" / "db"
    folder.mkdir(parents=True)
    if not disks.mount_disk(folder, SIZE, Account()):
        pytest.skip("missing: the right to mount (CAP_SYS_ADMIN)")
    yield folder
    disks.unmount_below(tmp_path)


def test_what_is_full_takes_nothing_until_it_is_freed(disk: Path) -> None:
    """What was there stays; freeing twice is freeing once."""
    (disk / "before").write_bytes(b"x" * 5000)
    disks.fill(disk)
    with pytest.raises(OSError, match="No space left") as caught:
        (disk / "meanwhile").write_bytes(b"x")
    assert caught.value.errno == errno.ENOSPC
    assert (disk / "before").read_bytes() == b"x" * 5000
    disks.free(disk)
    disks.free(disk)
    (disk / "meanwhile").write_bytes(b"x")


def test_removing_a_folder_takes_its_file_systems_along(disk: Path) -> None:
    """Also while something in one is open: whoever had it has been killed a moment ago."""
    with (disk / "open").open("w"):
        assert remove(disk.parent) == []
    assert not disk.parent.exists()


def test_a_folder_of_the_machine_is_never_filled(tmp_path: Path) -> None:
    """Whoever asks."""
    with pytest.raises(AssertionError):
        disks.fill(tmp_path)


class FakeLibrary:
    """A C library whose mount fails."""

    def __init__(self, number: int) -> None:
        self._number = number

    def mount(self, *_arguments: object) -> int:
        """Say why."""
        ctypes.set_errno(self._number)
        return -1


def test_without_the_right_to_mount_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is no error: the folder does as it is. Anything else is one."""
    monkeypatch.setattr(disks, "_LIBC", FakeLibrary(errno.EPERM))
    assert not disks.mount_disk(tmp_path, SIZE, Account())
    monkeypatch.setattr(disks, "_LIBC", FakeLibrary(errno.ENOMEM))
    with pytest.raises(OSError, match="memory"):
        disks.mount_disk(tmp_path, SIZE, Account())
