"""Whom servers run as, and how they get at their own programs."""

import os
import pwd
import shutil
from pathlib import Path

import pytest

from harness.core.errors import ProviderUnavailableError
from harness.providers.process.storage.account import ACCOUNT_NAME, Account, reachable_copy, server_account


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code under test believes that we are root."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)


@pytest.fixture
def installation(tmp_path: Path) -> Path:
    """A program in a folder that is closed to everybody else, as below /root."""
    folder = tmp_path / "private" / "install"
    folder.mkdir(parents=True)
    (folder / "program").write_text("run")
    folder.parent.chmod(0o700)
    return folder


@pytest.mark.usefixtures("as_root")
def test_root_lends_an_account_without_rights() -> None:
    """The machine's `nobody`."""
    account = server_account()
    assert account.is_lent
    assert account.uid == pwd.getpwnam(ACCOUNT_NAME).pw_uid


@pytest.mark.usefixtures("as_root")
def test_a_machine_without_that_account_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything starts."""

    def no_such(name: str) -> None:
        raise KeyError(name)

    monkeypatch.setattr(pwd, "getpwnam", no_such)
    with pytest.raises(ProviderUnavailableError) as caught:
        server_account()
    assert ACCOUNT_NAME in caught.value.message
    assert "ordinary user" in caught.value.hint


def test_an_ordinary_user_lends_nothing(monkeypatch: pytest.MonkeyPatch, installation: Path) -> None:
    """Servers run as we do, and reach what we reach."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    account = server_account()
    assert not account.is_lent
    account.give(installation)
    assert account.can_reach(installation)
    assert reachable_copy(installation, account, Path("/nowhere")) == installation


def test_a_closed_folder_is_copied_once(installation: Path, tmp_path: Path) -> None:
    """And copied anew when it has changed."""
    account = Account(65534, 65534)
    assert not account.can_reach(installation)
    cache = tmp_path / "cache"
    cache.mkdir()
    copy = reachable_copy(installation, account, cache)
    assert (copy / "program").read_text() == "run"
    assert copy.parent == cache
    (copy / "program").write_text("the copy")
    assert (reachable_copy(installation, account, cache) / "program").read_text() == "the copy"
    os.utime(installation, (0, 0))
    assert (reachable_copy(installation, account, cache) / "program").read_text() == "run"
    assert list(cache.glob(".*")) == []


def test_what_a_killed_run_left_of_a_copy_is_in_nobodys_way(installation: Path, tmp_path: Path) -> None:
    """In a container the next run has the very same process id."""
    cache = tmp_path / "cache"
    cache.mkdir()
    stamp = int(installation.stat().st_mtime)
    (cache / f".install-{stamp}.{os.getpid()}").mkdir()
    copy = reachable_copy(installation, Account(65534, 65534), cache)
    assert (copy / "program").read_text() == "run"


def test_a_quicker_run_wins(installation: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two copies at once: the second finds the first in its place, uses it and removes its own."""
    cache = tmp_path / "cache"
    cache.mkdir()
    finished = cache / f"install-{int(installation.stat().st_mtime)}"
    copytree = shutil.copytree

    def overtaken(source: Path, target: Path, *, symlinks: bool, dirs_exist_ok: bool) -> None:
        copytree(source, target, symlinks=symlinks, dirs_exist_ok=dirs_exist_ok)
        finished.mkdir()
        (finished / "program").write_text("theirs")

    monkeypatch.setattr(shutil, "copytree", overtaken)
    assert reachable_copy(installation, Account(65534, 65534), cache) == finished
    assert (finished / "program").read_text() == "theirs"
    assert list(cache.iterdir()) == [finished]
