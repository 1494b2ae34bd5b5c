"""What a process makes in a temporary folder is told, and nothing that others make there."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.pytest_plugin.temporaries import Temporaries

MAKING: dict[str, Callable[[Path], object]] = {
    "a file": lambda path: path.write_text(""),
    "appended to": lambda path: path.open("ab").close(),
    "bytes": lambda path: open(bytes(path), "x").close(),  # noqa: PTH123 - bytes
    "relative": lambda path: open(os.path.relpath(path), "w").close(),  # noqa: PTH123 - text
    "a folder": lambda path: path.mkdir(),
    "folders": lambda path: (path / "a" / "b").mkdir(parents=True),
    "a link": lambda path: path.symlink_to("nowhere"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder of this process, in which something lies already."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "old").mkdir()
    return tmp_path


@pytest.fixture
def temporaries(folder: Path) -> Temporaries:
    """What is made in it from now on."""
    assert folder
    made = Temporaries()
    made.listen()
    return made


@pytest.mark.parametrize("how", MAKING)
def test_what_is_made_is_told(folder: Path, temporaries: Temporaries, how: str) -> None:
    """However it is made, as long as it is there."""
    MAKING[how](folder / "new")
    assert list(temporaries) == [str(folder / "new")]
    (folder / "new").rename(folder / "newer")
    assert list(temporaries) == [str(folder / "newer")]


def test_tempfile_makes_what_is_told(temporaries: Temporaries) -> None:
    """What it removes by itself is none of it."""
    with tempfile.TemporaryDirectory(), tempfile.NamedTemporaryFile():
        assert len(list(temporaries)) == 2
    descriptor, path = tempfile.mkstemp()
    os.close(descriptor)
    folder_in_it = tempfile.mkdtemp()
    assert set(temporaries) == {path, folder_in_it}


def test_what_was_there_and_what_others_make_is_not_told(folder: Path, temporaries: Temporaries) -> None:
    """Nor what is only read, or lies elsewhere, or is pytest's."""
    (folder / "old" / "new").write_text("")
    assert (folder / "old" / "new").read_text() == ""
    (folder / "pytest-of-somebody").mkdir()
    with pytest.raises(FileNotFoundError):
        (folder / "missing" / "new").write_text("")
    with Path(os.devnull).open("w"):
        subprocess.run([sys.executable, "-c", "open('other', 'w')"], cwd=folder, check=True)
    assert list(temporaries) == []


def test_nothing_is_in_the_way_of_who_makes_something(
    folder: Path, temporaries: Temporaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error in the hook would be one of theirs: descriptors, and a folder that is gone."""
    with open(os.open(folder / "old" / "by number", os.O_CREAT | os.O_RDWR), "w"):  # noqa: PTH123 - a number
        monkeypatch.chdir(folder / "old")
    (folder / "old" / "by number").unlink()
    (folder / "old").rmdir()
    with pytest.raises(FileNotFoundError):
        Path("relative").write_text("")
    assert list(temporaries) == []
