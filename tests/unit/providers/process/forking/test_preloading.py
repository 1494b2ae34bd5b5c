"""What was imported last time begins before the file is read, and is used only when it is what is wanted."""

import os
from pathlib import Path

import pytest

from harness.core.errors import EnvironmentFailedError
from harness.providers.process.forking.preloading import HeadStart, Imports, Preloading, begin
from harness.providers.process.tracking.marks import MARKER, marks
from tests.doubles.processes import has_ended

MARKS = marks("tested", "preloader")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a head start remembers; the folder is made by it."""
    return tmp_path / "cache" / "project.json"


def wanted(folder: Path, *modules: str) -> Imports:
    """To import these, in that folder."""
    return Imports(modules, {"PATH": os.environ["PATH"]}, folder)


def answer_of(preloading: Preloading) -> bytes:
    """What it says once it has imported."""
    return preloading.channel.recv(1 << 16)


def remembered(file: Path, imports: Imports) -> HeadStart:
    """A head start that has been given these imports by one before."""
    assert HeadStart(file, MARKS).take(imports) is None
    return HeadStart(file, MARKS)


def test_the_second_time_it_begins_by_itself(file: Path, tmp_path: Path) -> None:
    """With the marks of the environment that it is for, and readable by nobody else."""
    imports = wanted(tmp_path, "json")
    head_start = remembered(file, imports)
    begun = head_start.take(imports)
    assert begun is not None
    head_start.close()  # what was taken is the taker's
    assert b"ready" in answer_of(begun)
    assert f"{MARKER}=tested".encode() in Path(f"/proc/{begun.process.pid}/environ").read_bytes()
    assert file.stat().st_mode & 0o077 == 0
    begun.end()
    assert has_ended(begun.process.pid)


@pytest.mark.parametrize("changed", ["modules", "directory", "environment", "coverage"])
def test_what_is_not_wanted_is_ended(file: Path, tmp_path: Path, changed: str) -> None:
    """And the next one begins with what was wanted, unless that has to be measured."""
    head_start = remembered(file, wanted(tmp_path, "json"))
    begun = head_start._begun
    assert begun is not None
    other = {
        "modules": wanted(tmp_path, "json", "colorsys"),
        "directory": wanted(tmp_path / "cache", "json"),
        "environment": Imports(("json",), {"PATH": os.environ["PATH"], "PYTHONPATH": "lib"}, tmp_path),
        "coverage": Imports(("json",), {"PATH": os.environ["PATH"]}, tmp_path, coverage=tmp_path),
    }[changed]
    assert head_start.take(other) is None
    assert has_ended(begun.process.pid)
    after = HeadStart(file, MARKS)
    taken = after.take(other)
    assert (taken is None) == (changed == "coverage")
    if taken is not None:
        taken.end()


def test_what_nobody_takes_is_ended(file: Path, tmp_path: Path) -> None:
    """Closing twice is closing once."""
    head_start = remembered(file, wanted(tmp_path, "json"))
    begun = head_start._begun
    assert begun is not None
    head_start.close()
    head_start.close()
    assert has_ended(begun.process.pid)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"modules": 1, "environment": [], "directory": ""}'])
def test_a_damaged_memory_is_none(file: Path, tmp_path: Path, text: str) -> None:
    """It is written anew."""
    file.parent.mkdir()
    file.write_text(text)
    head_start = HeadStart(file, MARKS)
    assert head_start._begun is None
    assert head_start.take(wanted(tmp_path, "json")) is None
    HeadStart(file, MARKS).close()
    assert "json" in file.read_text()


def test_a_guess_that_cannot_start_is_no_fault(file: Path, tmp_path: Path) -> None:
    """The folder is gone meanwhile: whoever wants it is told, who only guessed is not."""
    gone = tmp_path / "gone"
    gone.mkdir()
    imports = wanted(gone, "json")
    assert HeadStart(file, MARKS).take(imports) is None
    gone.rmdir()
    assert HeadStart(file, MARKS).take(imports) is None
    with pytest.raises(EnvironmentFailedError, match="cannot start"):
        begin(imports, MARKS)
