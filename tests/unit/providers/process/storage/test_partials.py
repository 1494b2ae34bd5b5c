"""What is being made for the cache appears whole, and does not stay half."""

import time
from pathlib import Path

import pytest

from harness.providers.process.storage.partials import PARTIAL, being_made, remove_stale

HOUR = 3600.0


def names(folder: Path) -> list[str]:
    """What is in it."""
    return sorted(path.name for path in folder.iterdir())


def test_it_appears_under_its_name_when_it_is_made(tmp_path: Path) -> None:
    """Not before."""
    with being_made(tmp_path / "thing") as partial:
        (partial / "part").write_text("whole")
        assert not (tmp_path / "thing").exists()
    assert names(tmp_path) == ["thing"]
    assert (tmp_path / "thing" / "part").read_text() == "whole"


def test_the_quicker_run_wins(tmp_path: Path) -> None:
    """Both have made the same."""
    with being_made(tmp_path / "thing") as slow:
        (slow / "by").write_text("slow")
        with being_made(tmp_path / "thing") as quick:
            (quick / "by").write_text("quick")
    assert names(tmp_path) == ["thing"]
    assert (tmp_path / "thing" / "by").read_text() == "quick"


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    """As on a full disk; the failure is told."""
    with pytest.raises(OSError, match="No space left"), being_made(tmp_path / "thing"):
        raise OSError("No space left on device")
    assert names(tmp_path) == []


def test_a_name_that_cannot_be_taken_is_told(tmp_path: Path) -> None:
    """Its folder went away."""
    with pytest.raises(FileNotFoundError), being_made(tmp_path / "thing") as partial:
        partial.rmdir()


def test_what_a_killed_run_left_goes_after_an_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders, files and links whose names say that they are not whole; somebody may still be at it before."""
    (tmp_path / f"{PARTIAL}folder" / "deep").mkdir(parents=True)
    (tmp_path / f"{PARTIAL}file").write_text("{")
    (tmp_path / "whole").mkdir()
    (tmp_path / "whole" / "part").write_text("{}")
    (tmp_path / ".others").write_text("precious")
    (tmp_path / f"{PARTIAL}link").symlink_to(tmp_path / "whole")
    remove_stale(tmp_path)
    assert len(names(tmp_path)) == 5
    later = time.time() + HOUR + 1
    monkeypatch.setattr(time, "time", lambda: later)
    remove_stale(tmp_path)
    assert names(tmp_path) == [".others", "whole"]
    assert names(tmp_path / "whole") == ["part"]
