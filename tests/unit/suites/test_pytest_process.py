"""A pytest process of ours leaves nothing behind but what its tests left elsewhere."""

from pathlib import Path

import pytest

from harness.suites.pytest_process import PytestProcess

# Writes down where pytest keeps temporary files, and leaves some there.
TEST = """\
import pathlib
def test_it(tmp_path):
    (tmp_path / "left").touch()
    pathlib.Path("place").write_text(str(tmp_path))
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with that test, and a place for temporary files of its own."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_DEBUG_TEMPROOT", raising=False)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_it.py").write_text(TEST)
    place = tmp_path / "temporary"
    place.mkdir()
    return place


def test_temporary_files_go_with_it(tmp_path: Path, temporary: Path) -> None:
    """Left alone, pytest keeps those of the last three sessions, and those of workers for ever."""
    assert PytestProcess(temporary / "it").run(["-q"], tmp_path, {}) == 0
    assert Path((tmp_path / "place").read_text()).is_relative_to(temporary)
    assert list(temporary.iterdir()) == []


def test_a_chosen_place_stays(tmp_path: Path, temporary: Path) -> None:
    """Who says where temporary files are kept wants to look at them."""
    assert (
        PytestProcess(temporary / "it").run(["-q", "--basetemp", str(tmp_path / "chosen")], tmp_path, {}) == 0
    )
    assert list((tmp_path / "chosen").rglob("left"))
    assert list(temporary.iterdir()) == []
