"""What stays between runs has one place per user."""

import os
import time
from pathlib import Path

import pytest

from harness.bootstrap import cache
from harness.bootstrap.cache import IMPORTS, cache_folder, require_cache
from harness.core.errors import UsageError
from harness.providers.process.storage.account import Account
from harness.providers.process.storage.partials import PARTIAL


@pytest.mark.parametrize(
    ("user", "variables", "expected"),
    [
        (1000, {"HARNESS_CACHE_DIR": "/x/cache", "XDG_CACHE_HOME": "/y"}, "/x/cache"),
        (0, {"HARNESS_CACHE_DIR": "/x/cache"}, "/x/cache"),
        (0, {"XDG_CACHE_HOME": "/y"}, "/var/cache/ecosystem-harness"),
        (1000, {"XDG_CACHE_HOME": "/y"}, "/y/ecosystem-harness"),
        (1000, {"XDG_CACHE_HOME": ""}, "/home/me/.cache/ecosystem-harness"),
    ],
)
def test_the_place(
    monkeypatch: pytest.MonkeyPatch, user: int, variables: dict[str, str], expected: str
) -> None:
    """Root's own is closed to the account that servers run as, so root has the system's."""
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setenv("HOME", "/home/me")
    for name in ("HARNESS_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == Path(expected)


def test_a_relative_place_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The keeper may stand elsewhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_CACHE_DIR", "cache")
    assert cache_folder() == tmp_path / "cache"


def test_it_is_made_before_it_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And nothing is left in it by the trial."""
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(tmp_path / "deep" / "cache"))
    require_cache(for_servers=False)
    assert list((tmp_path / "deep" / "cache").iterdir()) == []
    require_cache(for_servers=False)


def test_it_has_to_be_open_to_servers_that_use_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Those of root run as somebody else; they would only find out halfway through the start."""
    monkeypatch.setattr(cache, "server_account", lambda: Account(65534, 65534))
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(tmp_path))
    tmp_path.chmod(0o700)
    require_cache(for_servers=False)
    with pytest.raises(UsageError, match="is closed to nobody, whom servers run as"):
        require_cache(for_servers=True)
    monkeypatch.setattr(cache, "server_account", Account)
    require_cache(for_servers=True)


def test_it_is_made_open_to_servers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """To those of root, however closed root's files are by default; else it is as the user wants it."""
    before = os.umask(0o077)
    try:
        for account, mode in ((Account(65534, 65534), 0o755), (Account(), 0o700)):
            monkeypatch.setattr(cache, "server_account", lambda account=account: account)
            monkeypatch.setattr(Account, "can_reach", lambda *_: True)  # the folders above it are pytest's
            folder = tmp_path / oct(mode)
            monkeypatch.setenv("HARNESS_CACHE_DIR", str(folder))
            require_cache(for_servers=True)
            assert folder.stat().st_mode & 0o777 == mode
    finally:
        os.umask(before)


def test_what_a_killed_run_was_making_goes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An hour later; what is made stays."""
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(tmp_path))
    (tmp_path / f"{PARTIAL}x").mkdir()
    (tmp_path / ".profile").write_text("whoever names the home folder as the cache")
    (tmp_path / IMPORTS).mkdir()
    (tmp_path / IMPORTS / f"{PARTIAL}y").write_text("{")
    require_cache(for_servers=False)
    assert len(list(tmp_path.rglob("*"))) == 4
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3601)
    require_cache(for_servers=False)
    assert sorted(path.name for path in tmp_path.rglob("*")) == [".profile", IMPORTS]


@pytest.mark.parametrize("place", ["/proc/nope", "{folder}/file", "{folder}/file/cache"])
def test_a_place_that_cannot_be_written_to_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    """With the variable that names another."""
    (tmp_path / "file").write_text("")
    chosen = place.format(folder=tmp_path)
    monkeypatch.setenv("HARNESS_CACHE_DIR", chosen)
    with pytest.raises(UsageError, match="cannot be written to") as caught:
        require_cache(for_servers=False)
    assert chosen in caught.value.message
    assert "HARNESS_CACHE_DIR" in caught.value.hint
