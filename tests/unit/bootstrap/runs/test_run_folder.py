"""Every run has a folder of its own."""

import errno
import os
import threading
from pathlib import Path

import pytest

from harness.bootstrap.runs.run_folder import LOGS, make_run_folder, new_run_folder
from harness.core.clock import SystemClock
from harness.core.errors import EnvironmentFailedError, UsageError


def test_a_folder_is_chosen_first_and_made_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Absolute, for others stand elsewhere; a session that never begins makes nothing."""
    monkeypatch.chdir(tmp_path)
    folder = new_run_folder(Path("results"), SystemClock())
    assert folder.parent == tmp_path / "results"
    assert list(tmp_path.iterdir()) == []
    assert make_run_folder(folder) == folder
    assert (folder / LOGS).is_dir()
    with pytest.raises(FileExistsError):
        make_run_folder(folder)


def test_latest_is_the_newest(tmp_path: Path) -> None:
    """By a relative link, so that the folder of results can be moved."""
    for name in ("one", "two"):
        make_run_folder(tmp_path / name)
        assert (tmp_path / "latest").readlink() == Path(name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "one", "two"]


def test_latest_always_leads_somewhere(tmp_path: Path) -> None:
    """Also while it is replaced."""
    make_run_folder(tmp_path / "run-0")
    is_over = threading.Event()
    lost = []

    def look() -> None:
        while not is_over.is_set():
            if not (tmp_path / "latest" / LOGS).exists():
                lost.append(1)

    looking = threading.Thread(target=look)
    looking.start()
    for i in range(1, 40):
        make_run_folder(tmp_path / f"run-{i}")
    is_over.set()
    looking.join()
    assert lost == []


def test_what_a_killed_run_left_is_in_nobodys_way(tmp_path: Path) -> None:
    """Its half-made link, under this very process id."""
    (tmp_path / f".latest-{os.getpid()}").symlink_to("nowhere")
    make_run_folder(tmp_path / "one")
    assert (tmp_path / "latest").readlink() == Path("one")


@pytest.mark.parametrize("results", ["/proc/results", "file/results"])
def test_a_place_that_cannot_be_written_to_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, results: str
) -> None:
    """With the option that chooses another."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="results") as caught:
        make_run_folder(Path(results).absolute() / "run")
    assert "--results" in caught.value.hint


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_no_fault_of_the_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Nor is a quota: the exit code is that of the environment, and both ways out are named."""

    def fail(*_args: object, **_how: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "mkdir", fail)
    with pytest.raises(EnvironmentFailedError) as caught:
        make_run_folder(tmp_path / "results" / "run")
    assert caught.value.message == f"results cannot be written to {tmp_path}/results: {os.strerror(number)}"
    assert caught.value.hint == "make room there, or choose another folder with --results"


def test_latest_may_be_something_else(tmp_path: Path) -> None:
    """A folder that somebody made by that name is told, not removed."""
    (tmp_path / "latest").mkdir()
    (tmp_path / "latest" / "mine").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        make_run_folder(tmp_path / "run")
    assert (tmp_path / "latest" / "mine").exists()
