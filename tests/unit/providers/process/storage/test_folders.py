"""Where an environment's data is, and that it goes."""

import os
import shutil
import tempfile
from collections import namedtuple
from pathlib import Path

import pytest

from harness.providers.process.storage import folders

Usage = namedtuple("Usage", ["total", "used", "free"])  # noqa: PYI024 - as shutil.disk_usage gives it


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of /dev/shm, with two gigabytes to spare; another one for temporary files."""
    monkeypatch.setattr(folders, "_SHARED_MEMORY", tmp_path / "shm")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(4 << 30, 2 << 30, 2 << 30))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "shm").mkdir()
    (tmp_path / "tmp").mkdir()
    return tmp_path / "shm"


def test_data_lives_in_memory_where_there_is_room(memory: Path) -> None:
    """Others may pass through the folder, and not list it, whatever the umask."""
    before = os.umask(0o077)
    try:
        folder = folders.make_data_folder("0123")
    finally:
        os.umask(before)
    assert folder == memory / "harness-0123"
    assert folder.stat().st_mode & 0o777 == 0o711


def test_data_lives_on_disk_where_memory_is_short(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or where there is no shared memory at all."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(1 << 30, 1 << 29, 1 << 29))
    assert folders.data_root() == memory.with_name("tmp")
    monkeypatch.undo()


def test_a_machine_without_shared_memory(memory: Path) -> None:
    """Such as some containers."""
    memory.rmdir()
    assert folders.data_root() == memory.with_name("tmp")


def test_a_folder_is_removed_with_all_that_is_in_it(memory: Path) -> None:
    """Also a second time."""
    folder = folders.make_data_folder("0123")
    (folder / "db" / "data").mkdir(parents=True)
    (folder / "db" / "data" / "file").write_text("x")
    assert folders.remove(folder) == []
    assert folders.remove(folder) == []
    assert list(memory.iterdir()) == []


def test_what_cannot_be_removed_is_named(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its path."""
    folder = folders.make_data_folder("0123")
    monkeypatch.setattr(shutil, "rmtree", lambda _path, **_options: None)
    assert folders.remove(folder) == [f"folder {folder}"]
    assert memory.exists()


def test_what_a_reboot_left_is_found(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only folders of another boot; of this one, unmarked ones and those just being made are left alone."""
    made = folders.make_data_folder("0123")
    (memory / "harness-4567").mkdir()
    (memory / "harness-89ab").mkdir()
    (memory / "harness-89ab" / ".boot").touch()
    assert folders.left_by_reboot() == []
    monkeypatch.setattr(folders, "_boot_id", lambda: "another")
    assert folders.left_by_reboot() == [made]


@pytest.mark.usefixtures("memory")
def test_what_a_reboot_left_of_somebody_else_is_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may read it."""
    folders.make_data_folder("0123")
    monkeypatch.setattr(folders, "_boot_id", lambda: "another")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert folders.left_by_reboot() == []
