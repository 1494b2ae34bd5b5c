"""What stays between runs has one place per user."""

import os
from pathlib import Path

import pytest

from harness.bootstrap.cache import cache_folder


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
