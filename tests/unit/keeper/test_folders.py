"""Environments are found, by their owner only, and whether somebody keeps them is certain."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from harness.core.errors import UsageError
from harness.keeper import folders
from harness.keeper.folders import About

ABOUT = About("0123456789", "example", "process", ("/p/compose.yml",), 42, "/p/results/run")


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runtime folder of this test."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path


def test_the_root_is_private(runtime: Path) -> None:
    """Made when missing, whatever the umask; a second time it is the same."""
    before = os.umask(0)
    try:
        root = folders.runtime_root()
    finally:
        os.umask(before)
    assert root == folders.runtime_root() == runtime / f"harness-{os.geteuid()}"
    assert root.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_others_may_enter_is_refused() -> None:
    """Sockets with credentials behind them live there."""
    folders.runtime_root().chmod(0o755)
    with pytest.raises(UsageError, match="not private") as caught:
        folders.runtime_root()
    assert "755" in caught.value.message


def test_a_link_to_somewhere_else_is_refused(runtime: Path) -> None:
    """Somebody may have put it there."""
    (runtime / "elsewhere").mkdir(mode=0o700)
    (runtime / f"harness-{os.geteuid()}").symlink_to(runtime / "elsewhere")
    with pytest.raises(UsageError, match="not private"):
        folders.runtime_root()


@pytest.mark.parametrize("value", ["", "/no/such/folder"])
def test_without_a_runtime_folder_the_temporary_one_serves(
    value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In containers and under sudo the variable is often set to a folder that nobody has made."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", value)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert folders.runtime_root().parent == tmp_path


def test_an_environment_exists_once() -> None:
    """Whoever comes second is told."""
    folder = folders.make_runtime_folder("0123456789")
    assert folder.stat().st_mode & 0o777 == 0o700
    with pytest.raises(FileExistsError):
        folders.make_runtime_folder("0123456789")
    folders.remove(folder)
    assert folders.make_runtime_folder("0123456789") == folder


def test_another_command_may_tidy_the_root_away_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between finding it and making a folder in it."""
    find, times = folders.runtime_root, []

    def find_and_lose() -> Path:
        root = find()
        times.append(root)
        if len(times) == 1:
            root.rmdir()
        return root

    monkeypatch.setattr(folders, "runtime_root", find_and_lose)
    assert folders.make_runtime_folder("0123456789").is_dir()


def test_a_claimed_environment_is_known_and_kept_while_its_keeper_lives() -> None:
    """However that ends: nothing has to be written for it."""
    folder = folders.make_runtime_folder(ABOUT.environment_id)
    assert list(folders.known()) == []
    code = (
        "import sys; from pathlib import Path; from harness.keeper.folders import About, claim;"
        f"claim(Path(sys.argv[1]), {ABOUT!r}); print('claimed', flush=True); sys.stdin.read()"
    )
    keeper = subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, "-c", code, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with keeper:
        assert keeper.stdout is not None
        keeper.stdout.readline()
        assert list(folders.known()) == [(folder, ABOUT)]
        assert folders.is_kept(folder)
        keeper.kill()
    assert list(folders.known()) == [(folder, ABOUT)]
    assert not folders.is_kept(folder)


def test_environments_are_listed_newest_first() -> None:
    """By when they were claimed."""
    for seconds, name in ((100, "aaaa"), (300, "bbbb"), (200, "cccc")):
        folder = folders.make_runtime_folder(name)
        os.close(folders.claim(folder, About(name, "example", "process", (), 1, "")))
        os.utime(folder / "about.json", (seconds, seconds))
    assert [about.environment_id for _, about in folders.known()] == ["bbbb", "cccc", "aaaa"]


@pytest.mark.parametrize("text", ["", '{"environment_id": "01'])
def test_what_is_just_being_written_is_not_there_yet(text: str) -> None:
    """Nor is it an error; nor what is being removed."""
    folder = folders.make_runtime_folder("0123456789")
    (folder / "about.json").write_text(text)
    assert list(folders.known()) == []
    (folder / "about.json").unlink()
    assert folders.is_kept(folder)


def test_what_another_version_wrote_is_read_as_far_as_it_is_known() -> None:
    """What it says beyond that is passed over; one that says too little, or something else, is not listed."""
    written = asdict(ABOUT)
    more, less = written | {"invented_later": 1}, {k: v for k, v in written.items() if k != "provider"}
    for number, form in enumerate([more, less, written | {"files": None}, [], "text"]):
        folder = folders.make_runtime_folder(f"000000000{number}")
        (folder / "about.json").write_text(json.dumps(form))
    assert [(folder.name, about) for folder, about in folders.known()] == [("0000000000", ABOUT)]


def test_a_folder_that_no_keeper_took_over_is_found_when_it_is_old() -> None:
    """One that was made just now is somebody's who is starting."""
    old, young = folders.make_runtime_folder("aaaa"), folders.make_runtime_folder("bbbb")
    claimed = folders.make_runtime_folder("cccc")
    os.close(folders.claim(claimed, ABOUT))
    for folder in (old, claimed):
        os.utime(folder, (100, 100))
    assert folders.unclaimed() == [old]
    assert young.exists()


def test_nothing_empty_stays(runtime: Path) -> None:
    """Neither after the last environment nor after looking for one."""
    folder = folders.make_runtime_folder("aaaa")
    other = folders.make_runtime_folder("bbbb")
    folders.remove(folder)
    assert other.exists()
    folders.remove(other)
    assert list(runtime.iterdir()) == []
    assert list(folders.known()) == []
    assert folders.unclaimed() == []
    folders.tidy()
    assert list(runtime.iterdir()) == []


def test_environments_of_a_folder_that_is_tidied_away_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last keeper may remove the folder of all between our making it and our looking into it."""
    monkeypatch.setattr(folders, "runtime_root", lambda: tmp_path / "gone")
    assert list(folders.known()) == []


def test_tidying_makes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A spare keeper does it, and may be killed at any moment."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    made: list[Path] = []
    monkeypatch.setattr(Path, "mkdir", lambda path, **_how: made.append(path))
    folders.forget("0123456789")
    folders.tidy()
    assert made == []
