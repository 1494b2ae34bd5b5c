"""Which environment a command is about."""

import shutil
import socket
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.cli.environments import end_of, find, look
from harness.core.errors import EnvironmentFailedError, UsageError
from harness.keeper import folders
from harness.keeper.folders import About


def known(monkeypatch: pytest.MonkeyPatch, *found: tuple[str, Path]) -> None:
    """These run: name and Compose file."""
    listed = [(Path(f"/run/{n}"), About(n, "tiny", "process", (str(file),), 1, "")) for n, file in found]
    monkeypatch.setattr(folders, "known", lambda: iter(listed))


@pytest.mark.parametrize(
    ("lie_in", "name", "expected"),
    [
        (["elsewhere"], None, 0),
        (["elsewhere", "here"], None, 1),
        (["here", "elsewhere", "elsewhere"], None, 0),
        (["here", "here"], "id1", 1),
        (["here", "elsewhere"], "id1", 1),
    ],
)
def test_one_is_meant(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lie_in: Sequence[str], name: str | None, expected: int
) -> None:
    """The only one, the only one of this folder, or the one whose name begins so."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    known(monkeypatch, *((f"id{i}", tmp_path / f / "compose.yml") for i, f in enumerate(lie_in)))
    assert find(name)[1].environment_id == f"id{expected}"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["here/compose.yml"], "harness down"),
        (["elsewhere/compose.yml", "here/override.yml"], "harness down"),
        (["here/below/compose.yml"], "harness down -e aaaa"),
        (["elsewhere/compose.yml"], "harness down -e aaaa"),
    ],
)
def test_how_to_end_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, files: Sequence[str], expected: str
) -> None:
    """What is not of this folder has to be named."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert end_of("aaaa", [tmp_path / file for file in files]) == expected


@pytest.mark.parametrize(("name", "count"), [(None, 2), ("id", 2)])
def test_several_are_listed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str | None, count: int
) -> None:
    """With what to choose by."""
    known(monkeypatch, *((f"id{i}", tmp_path / "compose.yml") for i in range(2)))
    with pytest.raises(UsageError, match="several") as caught:
        find(name)
    assert len(caught.value.evidence) == count
    assert "--environment" in caught.value.hint


def test_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that does not fit shows those that there are."""
    known(monkeypatch)
    with pytest.raises(UsageError, match="no environment runs"):
        find(None)
    known(monkeypatch, ("abcd", Path("/p/compose.yml")))
    with pytest.raises(UsageError, match="no environment 'x' runs") as caught:
        find("x")
    assert caught.value.evidence == ("abcd  tiny on process",)


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_keeper_that_leaves_without_a_word(tmp_path: Path, is_killed: bool) -> None:
    """Who connected at its last moment hears nothing: when its folder goes it has ended, else it was killed."""
    folder = tmp_path / "0123456789"
    folder.mkdir()
    folders.make_token(folder)
    if is_killed:
        (folder / "about.json").write_text("{}")

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folders.socket_path(folder)))
        listener.listen()

        def leave() -> None:
            connection, _ = listener.accept()
            connection.recv(1000)
            connection.close()
            if not is_killed:
                shutil.rmtree(folder)

        leaving = threading.Thread(target=leave)
        leaving.start()
        if is_killed:
            with pytest.raises(EnvironmentFailedError, match="without a word"):
                look(folder)
        else:
            assert look(folder) is None
        leaving.join()
